from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.photos.forms import MAX_LABEL, AddLabelForm, is_readable


def errors(name: str) -> list[str]:
    return AddLabelForm({"name": name}).errors.get("name", [])


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Dog", "Dog"),
        ("  Aunt   Ida ", "Aunt Ida"),
        ("Aunt\u00a0Ida", "Aunt Ida"),  # as a Mac types it with the option key held
        ("Cafe\u0301", "Café"),
        ("<b>", "<b>"),
        ("❤️", "❤️"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("x" * MAX_LABEL, "x" * MAX_LABEL),
    ],
)
def test_a_label_is_kept_as_one_would_search_for_it(typed: str, kept: str) -> None:
    form = AddLabelForm({"name": typed})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["name"] == kept


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Type a label first"),
        ("   ", "Type a label first"),
        ("x" * (MAX_LABEL + 1), "This label has 61 characters, the most is 60."),
        ("a\x00b", "characters that cannot be seen"),
        ("a\nb", "characters that cannot be seen"),
        ("a\tb", "characters that cannot be seen"),
        ("a\u202eb", "characters that cannot be seen"),
        ("\u200d", "characters that cannot be seen"),
        ("a\u200bb", "characters that cannot be seen"),
    ],
)
def test_what_is_no_label_is_refused_in_words(typed: str, sentence: str) -> None:
    (error,) = errors(typed)
    assert sentence in error


@given(st.text(max_size=80))
def test_whatever_is_typed_is_refused_or_can_be_shown_and_searched_for(typed: str) -> None:
    form = AddLabelForm({"name": typed})
    if form.is_valid():
        name = form.cleaned_data["name"]
        assert name
        assert is_readable(name)
        assert name == name.strip()
        assert len(name) <= 2 * MAX_LABEL
    else:
        assert len(errors(typed)) == 1
