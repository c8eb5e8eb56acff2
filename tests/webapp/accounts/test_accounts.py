"""Signing up, logging in, resetting, changing the address: as a browser does it, mail included."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from pipeline_lambdas.photo_pipeline import contract
from webapp.accounts.models import User

from .factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db
SIGNUP, LOGIN, RESET, EMAIL = (
    reverse(name) for name in ("account_signup", "account_login", "account_reset_password", "account_email")
)
Capture = Callable[..., Any]


def sign_up(client: Client, email: str = "ana@example.org", password: str = PASSWORD) -> Any:
    return client.post(SIGNUP, {"email": email, "password1": password})


def log_in(client: Client, email: str, password: str = PASSWORD) -> Any:
    return client.post(LOGIN, {"login": email, "password": password})


def link_in(message: mail.EmailMessage) -> str:
    found = re.search(r"https?://[^/\s]+(/accounts/\S+)", str(message.body))
    assert found, message.body
    return found[1]


def is_logged_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_signing_up_and_opening_the_link_logs_in_and_tells_the_pipeline_the_address(
    client: Client, aws: SimpleNamespace, django_capture_on_commit_callbacks: Capture
) -> None:
    response = sign_up(client, "Ana@Example.org")
    assert response.url == reverse("account_email_verification_sent")
    assert not is_logged_in(client)
    [message] = mail.outbox
    assert (message.subject, message.to) == ("Confirm your mail address for Shoebox", ["ana@example.org"])

    link = link_in(message)
    assert "ana@example.org" in client.get(link).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(link)

    assert is_logged_in(client)
    user = User.objects.get(email="ana@example.org")
    item = aws.table.get_item(Key=contract.preferences_item_key(str(user.pk)))["Item"]
    told = contract.from_item(contract.Preferences, item)
    assert (told.owner_id, told.channel, told.email) == (str(user.pk), "mail", "ana@example.org")


def test_confirming_succeeds_when_dynamodb_does_not_answer(
    client: Client, aws: SimpleNamespace, django_capture_on_commit_callbacks: Capture
) -> None:
    sign_up(client)
    aws.table.delete()

    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(link_in(mail.outbox[0]))

    assert response.status_code == 302
    assert User.objects.get().preferences.is_waiting


def test_opening_the_link_alone_confirms_nothing(client: Client) -> None:
    """Mail scanners open every link."""
    sign_up(client)

    client.get(link_in(mail.outbox[0]))

    assert not is_logged_in(client)
    assert not User.objects.get().emailaddress_set.get().verified


def test_signing_up_with_a_taken_address_looks_the_same_and_tells_its_owner(client: Client) -> None:
    make_user(email="ana@example.org")

    response = sign_up(client, "ANA@example.org")

    assert response.url == reverse("account_email_verification_sent")
    assert User.objects.count() == 1
    [message] = mail.outbox
    assert message.subject == "You have a Shoebox account already"


def test_two_people_cannot_have_one_address_in_different_case() -> None:
    make_user(email="ana@example.org")

    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.bulk_create([User(email="ANA@example.org")])


def test_an_address_is_found_in_any_case() -> None:
    user = make_user(email="ana@example.org")

    assert authenticate(email="Ana@Example.org", password=PASSWORD) == user


@pytest.mark.parametrize("password", ["eleven char", "password1234", "ana@example.org"])
def test_a_weak_password_is_refused_with_a_reason(client: Client, password: str) -> None:
    response = sign_up(client, password=password)

    assert response.context["form"].errors["password1"]
    assert not User.objects.exists()


def test_an_unconfirmed_address_cannot_log_in_and_gets_its_link_anew(client: Client) -> None:
    make_user(email="ana@example.org", verified=False)

    response = log_in(client, "ana@example.org")

    assert response.url == reverse("account_email_verification_sent")
    assert not is_logged_in(client)
    assert [message.to for message in mail.outbox] == [["ana@example.org"]]


def test_logging_in_leads_to_the_page_that_was_asked_for(client: Client) -> None:
    make_user(email="ana@example.org")

    response = client.post(f"{LOGIN}?next=/upload/", {"login": "ana@example.org", "password": PASSWORD})

    assert response.url == "/upload/"


def test_logging_in_never_leads_to_another_site(client: Client) -> None:
    make_user(email="ana@example.org")

    response = client.post(f"{LOGIN}?next=https://evil.example/", {"login": "ana@example.org", "password": PASSWORD})

    assert response.url == "/"


def test_a_wrong_password_and_an_unknown_address_say_the_same(client: Client) -> None:
    make_user(email="ana@example.org")

    wrong = log_in(client, "ana@example.org", "not the password at all").context["form"].errors
    unknown = log_in(client, "nobody@example.org").context["form"].errors

    assert wrong == unknown
    assert "do not go together" in str(wrong)


def test_guessing_is_stopped_even_for_the_right_password(client: Client) -> None:
    make_user(email="ana@example.org")
    for _ in range(10):
        log_in(client, "ana@example.org", "not the password at all")

    response = log_in(client, "ana@example.org")

    assert not is_logged_in(client)
    assert "Too many tries" in response.content.decode()


def test_logging_out_needs_a_post(client: Client) -> None:
    client.force_login(make_user())

    client.get(reverse("account_logout"))
    assert is_logged_in(client)
    client.post(reverse("account_logout"))
    assert not is_logged_in(client)


def test_a_reset_password_replaces_the_old_one_and_the_link_works_once(client: Client) -> None:
    user = make_user(email="ana@example.org")
    client.post(RESET, {"email": "ana@example.org"})
    link = link_in(mail.outbox[0])

    page = client.get(link, follow=True)
    new = "another horse battery staple"
    client.post(page.redirect_chain[-1][0], {"password1": new, "password2": new})

    assert authenticate(email=user.email, password=new) == user
    assert mail.outbox[-1].subject == "Your Shoebox password was reset"
    assert "This link no longer works" in Client().get(link, follow=True).content.decode()


def test_a_reset_for_an_unknown_address_looks_the_same_and_sends_nothing(client: Client) -> None:
    make_user(email="ana@example.org")

    known = client.post(RESET, {"email": "ana@example.org"})
    unknown = client.post(RESET, {"email": "nobody@example.org"})

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert [message.to for message in mail.outbox] == [["ana@example.org"]]


def test_the_address_does_not_change_without_the_password(client: Client) -> None:
    client.force_login(make_user())

    response = client.post(EMAIL, {"email": "new@example.org", "action_add": ""})

    assert response.url.startswith(reverse("account_reauthenticate"))
    assert "not your password" in client.post(response.url, {"password": "a guess at it"}).content.decode()
    assert not mail.outbox


def test_someone_switched_off_cannot_log_in(client: Client) -> None:
    make_user(email="ana@example.org", is_active=False)

    log_in(client, "ana@example.org")

    assert not is_logged_in(client)


def test_someone_invited_by_staff_chooses_a_password_through_a_reset(client: Client) -> None:
    user = User.objects.create_user("ana@example.org")
    client.post(RESET, {"email": "ana@example.org"})

    page = client.get(link_in(mail.outbox[0]), follow=True)
    client.post(page.redirect_chain[-1][0], {"password1": PASSWORD, "password2": PASSWORD})

    assert authenticate(email="ana@example.org", password=PASSWORD) == user
