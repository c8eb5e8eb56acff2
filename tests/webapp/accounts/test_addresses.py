"""A change of the mail address that its owner did not ask for."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import authenticate
from django.core import mail
from django.test import Client

from pipeline_lambdas.photo_pipeline import contract
from webapp.accounts import closing
from webapp.accounts.models import User

from .factories import PASSWORD, make_user
from .test_accounts import EMAIL, RESET, is_logged_in, link_in, log_in

pytestmark = pytest.mark.django_db
OLD, NEW = "old@example.org", "thief@example.org"


@pytest.fixture
def owner() -> User:
    return make_user(email=OLD)


@pytest.fixture
def thief(owner: User) -> Client:
    """Somebody who knows the password, and has asked for the change."""
    client = Client()
    log_in(client, OLD)
    asked = client.post(EMAIL, {"email": NEW, "action_add": ""})
    if "reauthenticate" in asked.url:
        client.post(asked.url, {"password": PASSWORD})
    return client


def stop_link(message: Any) -> str:
    assert message.to == [OLD]
    found = re.search(r"/settings/email/stop/\S+", message.body)
    assert found
    return found[0]


def agree_link(message: Any) -> str:
    assert message.to == [OLD]
    found = re.search(r"/settings/email/agree/\S+", message.body)
    assert found
    return found[0]


def to_new() -> str:
    return next(link_in(message) for message in mail.outbox if message.to == [NEW])


def finish(thief: Client) -> None:
    """Have the change agreed to by both, as by an owner who did not look."""
    asked = next(message for message in mail.outbox if message.to == [OLD])
    thief.post(agree_link(asked))
    thief.post(to_new())


def test_the_old_address_is_told_before_the_new_one_is_confirmed_and_stops_the_change(
    thief: Client, client: Client, owner: User
) -> None:
    link = stop_link(mail.outbox[-1])
    assert "Keep the old address?" in client.get(link).content.decode()
    assert owner.emailaddress_set.filter(email=NEW).exists(), "asking alone changes nothing"

    client.post(link)

    thief.post(to_new())
    owner.refresh_from_db()
    assert owner.email == OLD
    assert not is_logged_in(thief)
    assert authenticate(email=OLD, password=PASSWORD) is None


def test_a_change_that_was_confirmed_is_taken_back_and_the_owner_gets_in_by_a_reset(
    aws: Any, thief: Client, client: Client, owner: User, committed: None
) -> None:
    finish(thief)
    owner.refresh_from_db()
    assert owner.email == NEW
    assert mail.outbox[-1].subject == "Your Shoebox mail address was changed"

    client.post(stop_link(mail.outbox[-1]))

    owner.refresh_from_db()
    assert (owner.email, [each.email for each in owner.emailaddress_set.all()]) == (OLD, [OLD])
    assert not is_logged_in(thief)
    assert aws.table.get_item(Key=contract.preferences_item_key(str(owner.pk)))["Item"]["email"] == OLD
    client.post(RESET, {"email": OLD})
    form = client.get(link_in(mail.outbox[-1]), follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": "three quiet violets", "password2": "three quiet violets"})
    assert is_logged_in(client)


def test_whatever_a_thief_added_to_come_back_is_taken_off_and_what_the_owner_has_stays(
    thief: Client, client: Client, owner: User
) -> None:
    with time_machine.travel(timedelta(days=-30)):
        passkey = Authenticator.objects.create(user=owner, type="webauthn", data={"name": "Phone"})
    TOTP.activate(owner, generate_totp_secret())
    RecoveryCodes.activate(owner)
    SocialAccount.objects.create(user=owner, provider="google", uid="thief")
    client.post(stop_link(mail.outbox[-1]))
    assert [each.pk for each in Authenticator.objects.all()] == [passkey.pk]
    assert not SocialAccount.objects.exists()


def test_an_account_that_a_thief_wants_deleted_is_kept(thief: Client, client: Client, owner: User) -> None:
    link = stop_link(mail.outbox[-1])
    finish(thief)
    closing.begin(user=User.objects.get(pk=owner.pk))
    client.post(link)
    owner.refresh_from_db()
    assert owner.closes_at is None


def test_a_change_is_taken_back_though_another_one_followed_it(thief: Client, client: Client, owner: User) -> None:
    link = stop_link(mail.outbox[-1])
    finish(thief)
    thief.post(EMAIL, {"email": "third@example.org", "action_add": ""})
    to_second, to_third = (
        next(each for each in mail.outbox[2:] if each.to == [to]) for to in (NEW, "third@example.org")
    )
    found = re.search(r"/settings/email/agree/\S+", str(to_second.body))
    assert found
    thief.post(found[0])
    thief.post(link_in(to_third))
    owner.refresh_from_db()
    assert owner.email == "third@example.org"

    client.post(link)

    owner.refresh_from_db()
    assert owner.email == OLD


def test_an_address_that_somebody_else_has_by_now_stays_theirs(thief: Client, client: Client, owner: User) -> None:
    link = stop_link(mail.outbox[-1])
    finish(thief)
    newcomer = make_user(email=OLD)
    assert client.post(link).status_code == 404
    newcomer.refresh_from_db()
    assert newcomer.email == OLD


def test_the_link_works_once(thief: Client, client: Client, owner: User) -> None:
    link = stop_link(mail.outbox[-1])
    client.post(link)
    owner.refresh_from_db()
    owner.set_password(PASSWORD)
    owner.save()
    assert client.post(link).status_code == 404
    assert authenticate(email=OLD, password=PASSWORD) == owner


def test_the_link_works_for_a_week(thief: Client, client: Client) -> None:
    link = stop_link(mail.outbox[-1])
    with time_machine.travel(timedelta(days=6, hours=23)):
        assert client.get(link).status_code == 200
    with time_machine.travel(timedelta(days=7, minutes=1)):
        assert client.post(link).status_code == 404


def test_a_link_that_was_changed_does_nothing(thief: Client, client: Client, owner: User) -> None:
    link = stop_link(mail.outbox[-1])
    assert client.post(f"{link[:-4]}abc/").status_code == 404
    assert authenticate(email=OLD, password=PASSWORD) == owner
