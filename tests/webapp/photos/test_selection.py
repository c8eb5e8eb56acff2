from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict

from tests.factories import make_photo, make_user
from webapp.photos.models import Photo, Status
from webapp.photos.selection import MOST_LABELS, Selection

from .pages import ready


def parse(query: str) -> Selection:
    return Selection.parse(QueryDict(query))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", Selection()),
        ("label=Cat&label=Dog&label=Cat", Selection(labels=("Cat", "Dog"))),
        ("favourites=on", Selection(favourites=True)),
        ("favourites=maybe&status=nonsense&label=&label=%00", Selection()),
        ("status=failed&cursor=1_2", Selection(status="failed")),
        ("status=processing", Selection(status="processing")),
    ],
)
def test_a_query_string_says_what_is_selected(query: str, expected: Selection) -> None:
    assert parse(query) == expected


def test_a_selection_is_true_when_it_leaves_anything_out() -> None:
    assert not parse("cursor=1_2&status=nonsense")
    assert parse("status=failed")


def test_labels_beyond_the_most_are_passed_over() -> None:
    assert len(parse("&".join(f"label=l{number}" for number in range(80))).labels) == MOST_LABELS


@pytest.mark.parametrize("query", ["label=a%26b&label=%2B%3D+x&status=failed", "favourites=on&label=%F0%9F%90%88"])
def test_a_selection_comes_back_from_its_own_query_string(query: str) -> None:
    assert parse(parse(query).query()) == parse(query) != Selection()


def test_an_address_names_all_of_it_and_where_to_go_on() -> None:
    selection = Selection(labels=("Café au lait", "Dog"), favourites=True, status="failed")
    assert selection.query() == "label=Caf%C3%A9+au+lait&label=Dog&favourites=on&status=failed"
    assert selection.address("1_2") == f"/gallery/?{selection.query()}&cursor=1_2"
    assert Selection().address() == "/gallery/"
    assert selection.without_label("Dog").with_label("Cat").labels == ("Café au lait", "Cat")


@pytest.mark.django_db
def test_labels_favourites_and_status_select_together(aws: Any, me: Any) -> None:
    both = ready(aws, me, "Cat", "Tree")
    cat = ready(aws, me, "Cat")
    Photo.objects.filter(pk=both.pk).update(favourite=True)
    failed = make_photo(me, status=Status.FAILED, favourite=True)
    rejected = make_photo(me, status=Status.REJECTED)
    going = make_photo(me)
    ready(aws, make_user(), "Cat", "Tree", favourite=True)

    def found(query: str) -> set[Any]:
        return {photo.pk for photo in parse(query).photos(me)}

    assert found("") == {both.pk, cat.pk, failed.pk, rejected.pk, going.pk}
    assert found("label=Cat") == {both.pk, cat.pk}
    assert found("label=Cat&label=Tree") == {both.pk}
    assert found("label=Cat&favourites=on") == {both.pk}
    assert found("favourites=on") == {both.pk, failed.pk}
    assert found("status=failed") == {failed.pk, rejected.pk}
    assert found("status=processing") == {going.pk}
    assert found("status=failed&favourites=on") == {failed.pk}
