"""Unsubscribing by one click: RFC 8058's POST, the page that asks, and links that were made up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from pipeline_lambdas.photo_pipeline import contract
from webapp.accounts import tasks, unsubscribe
from webapp.accounts.models import NotificationPreferences

from .factories import make_preferences, make_user

pytestmark = pytest.mark.django_db
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def path_of(chosen: NotificationPreferences) -> str:
    return urlsplit(chosen.as_record().unsubscribe_url).path


def copied_channel(aws: SimpleNamespace, chosen: NotificationPreferences) -> str:
    item = aws.table.get_item(Key=contract.preferences_item_key(str(chosen.pk)))["Item"]
    return contract.from_item(contract.Preferences, item).channel


def strict() -> Client:
    """A mail provider: no cookie, no token of a form."""
    return Client(enforce_csrf_checks=True)


@pytest.mark.parametrize("channel", ["mail", "sms"])
def test_one_click_turns_notices_off_at_once_and_again_changes_nothing(aws: SimpleNamespace, channel: str) -> None:
    chosen = make_preferences(channel=channel, phone="+34612345678")
    tasks.push_waiting_preferences()

    answers = [strict().post(path_of(chosen), ONE_CLICK) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    chosen.refresh_from_db()
    assert (chosen.channel, chosen.revision) == ("none", 2)
    assert copied_channel(aws, chosen) == "none"
    page = answers[0].content.decode()
    assert "Notices are off" in page
    assert 'href="/settings/notifications/"' in page, "it says where to turn them on again"
    assert chosen.user.email not in page


def test_it_may_be_sent_as_a_form_with_parts_too(aws: SimpleNamespace) -> None:
    chosen = make_preferences()
    body = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'

    strict().post(path_of(chosen), body, content_type="multipart/form-data; boundary=x")

    chosen.refresh_from_db()
    assert chosen.channel == "none"


@pytest.mark.parametrize("body", [b"", b"--x", b"\xff\x00=%zz&&" * 1000, b"x" * 3_000_000])
@pytest.mark.parametrize("content_type", ["multipart/form-data", "application/x-www-form-urlencoded", "text/plain"])
def test_whatever_body_comes_with_the_post_it_is_done_without_a_redirect(
    aws: SimpleNamespace, body: bytes, content_type: str
) -> None:
    chosen = make_preferences()

    answer = strict().post(path_of(chosen), body, content_type=content_type)

    chosen.refresh_from_db()
    assert (answer.status_code, chosen.channel) == (200, "none")


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_writes_nothing_for_somebody_who_never_chose_either(aws: SimpleNamespace, method: str) -> None:
    user = make_user()

    assert getattr(strict(), method)(urlsplit(unsubscribe.url_for(user.pk)).path).status_code == 200

    assert not NotificationPreferences.objects.filter(user=user).exists()


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_at_the_link_asks_and_turns_nothing_off(aws: SimpleNamespace, method: str) -> None:
    chosen = make_preferences()

    page = getattr(strict(), method)(path_of(chosen))

    chosen.refresh_from_db()
    assert (page.status_code, chosen.channel, chosen.revision) == (200, "mail", 1)
    assert method == "head" or "Turn notices off" in page.content.decode()
    assert chosen.user.email not in page.content.decode()


def test_the_button_of_the_page_sends_what_a_mail_program_sends(aws: SimpleNamespace) -> None:
    chosen, client = make_preferences(), strict()
    page = client.get(path_of(chosen)).content.decode()
    assert 'name="List-Unsubscribe" value="One-Click"' in page

    client.post(path_of(chosen), ONE_CLICK)

    assert "Notices are off" in client.get(path_of(chosen)).content.decode()


def test_somebody_else_who_is_logged_in_keeps_their_own(client: Client, aws: SimpleNamespace) -> None:
    chosen, mine = make_preferences(), make_preferences()
    client.force_login(mine.user)

    client.post(path_of(chosen), ONE_CLICK)

    mine.refresh_from_db()
    assert mine.channel == "mail"


def test_it_is_off_though_dynamodb_does_not_answer_and_the_copy_follows(aws: SimpleNamespace) -> None:
    chosen = make_preferences()
    aws.table.delete()

    assert strict().post(path_of(chosen), ONE_CLICK).status_code == 200

    chosen.refresh_from_db()
    assert (chosen.channel, chosen.is_waiting) == ("none", True)


def made_up(chosen: NotificationPreferences) -> list[str]:
    token = path_of(chosen).strip("/").rpartition("/")[2]
    whose, _, signature = token.partition(":")
    other = make_user().pk.hex
    return [
        "made-up",
        whose,
        f"{other}:{signature}",
        f"{whose}:{signature[:-1]}",
        f"{whose}:{signature[:-1]}\u00e9",
        f"{whose}:",
        f"nobody:{signature}",
    ]


def test_a_link_that_was_made_up_is_not_found_and_does_nothing(aws: SimpleNamespace) -> None:
    chosen = make_preferences()
    for token in made_up(chosen):
        for method in ("get", "post"):
            assert getattr(strict(), method)(f"/unsubscribe/{token}/").status_code == 404, token
    assert not NotificationPreferences.objects.filter(channel="none").exists()


def test_a_link_of_somebody_who_is_gone_is_not_found(aws: SimpleNamespace) -> None:
    chosen = make_preferences()
    path = path_of(chosen)
    chosen.user.delete()

    assert strict().post(path, ONE_CLICK).status_code == 404


def test_what_is_signed_for_something_else_unsubscribes_nobody(aws: SimpleNamespace) -> None:
    from django.core import signing

    chosen = make_preferences()
    assert unsubscribe.read(signing.Signer(salt="another").sign(chosen.pk.hex)) is None
    assert unsubscribe.read(signing.Signer(salt=unsubscribe.SALT).sign("no id")) is None


def test_a_link_holds_when_the_key_is_changed_as_long_as_the_former_one_is_kept(settings: Any) -> None:
    chosen = make_preferences()
    token = path_of(chosen).strip("/").rpartition("/")[2]
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another key"

    assert unsubscribe.read(token) is None
    settings.SECRET_KEY_FALLBACKS = [former]
    assert unsubscribe.read(token) == chosen.pk


def test_the_link_is_the_same_every_time_and_another_for_everybody() -> None:
    one, other = make_preferences(), make_preferences()
    assert one.as_record().unsubscribe_url == one.as_record().unsubscribe_url
    assert one.as_record().unsubscribe_url != other.as_record().unsubscribe_url
