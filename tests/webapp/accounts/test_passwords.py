"""Which passwords are taken: long ones of one's own, whatever they are made of."""

from __future__ import annotations

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from webapp.accounts.models import User

from .factories import PASSWORD, make_user
from .test_accounts import is_logged_in, log_in


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "twelve chars",
        "all lower case words",
        "ALL UPPER CASE WORDS",
        "827364 918273 645546",
        "мой очень длинный пароль",
        "合言葉は秘密の場所にある写真",
        "a shoebox under the bed",
        "🦊🐻🐼🦁🐸🐵🐔🐧🐦🐤🦆🦅",
        "x7Kq" * 3 + "!",
        "long " * 40 + "and more",
    ],
)
def test_a_long_password_of_ones_own_is_taken_whatever_it_is_made_of(password: str) -> None:
    validate_password(password, User(email="ana.lopez@example.org"))


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("eleven char", "at least 12"),
        ("password1234", "too common"),
        ("1234monkey!!", "too common"),
        ("Passwordpassword", "too common"),
        ("dragondragondragon", "too common"),
        ("aaaaaaaaaaaaaaaa", "too common"),
        ("abcabcabcabcabc", "too common"),
        ("123456789012", "too common"),
        ("qwertyuiopasdf", "too common"),
        ("zyxwvutsrqponm", "too common"),
        ("ana.lopez@example.org", "too similar"),
        ("shoebox-2026", "Leave out the name of this site"),
        ("shoeboxphotos!", "Leave out the name of this site"),
        ("lopez-shoebox1", "Leave out the name of this site"),
    ],
)
def test_a_password_that_is_guessed_first_is_refused_with_a_reason(password: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        validate_password(password, User(email="ana.lopez@example.org"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "password", ["  spaces at both ends  ", "ü" * 3 + " long, and longer " * 15], ids=["spaces", "long"]
)
def test_a_password_is_kept_as_it_was_typed_to_its_end(client: Client, password: str) -> None:
    make_user(email="ana@example.org", password=password)
    log_in(client, "ana@example.org", password.strip() + "." if password != password.strip() else password[:-1])
    assert not is_logged_in(client)
    log_in(client, "ana@example.org", password)
    assert is_logged_in(client)
