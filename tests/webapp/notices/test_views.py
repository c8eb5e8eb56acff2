"""The test notice: by the way that a person chose, a few an hour."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from webapp.accounts import preferences
from webapp.notices import tasks, views

pytestmark = pytest.mark.django_db
PAGE, TEST = "/settings/notifications/", "/settings/notifications/test/"


def words(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


@pytest.mark.parametrize("rhythm", ["batch", "daily"])
def test_it_comes_in_the_language_that_was_chosen_whatever_the_rhythm(
    mine: Client, me: Any, pipeline: SimpleNamespace, rhythm: str
) -> None:
    preferences.choose(
        user=me, channel="mail", only_problems=True, phone="", rhythm=rhythm, language="de", quiet_from=0, quiet_to=23
    )
    response = mine.post(TEST)
    assert (response.status_code, response.url) == (302, PAGE)
    assert words(response) == [views.BY_MAIL]
    (mail,) = pipeline.mails()
    assert "Subject: Eine Probe" in mail
    assert f"To: {me.email}" in mail
    tasks.send_digests()
    assert len(pipeline.mails()) == 1


def test_who_wants_nothing_is_told_so_and_sees_no_button(mine: Client, me: Any, pipeline: SimpleNamespace) -> None:
    assert TEST in mine.get(PAGE).content.decode()
    preferences.choose(user=me, channel="none", only_problems=False, phone="")
    assert TEST not in mine.get(PAGE).content.decode()
    assert words(mine.post(TEST)) == [views.NOWHERE]
    assert pipeline.asked == []


def test_the_sixth_within_an_hour_is_not_sent(mine: Client, pipeline: SimpleNamespace) -> None:
    said = [words(mine.post(TEST))[-1] for _ in range(6)]
    assert said == [views.BY_MAIL] * 5 + [views.TOO_MANY]
    assert len(pipeline.mails()) == 5


def test_one_that_could_not_be_asked_for_comes_by_the_beat(
    mine: Client, pipeline: SimpleNamespace, breaks: Callable[..., None]
) -> None:
    breaks("lambda", "Invoke", times=1)
    assert words(mine.post(TEST)) == [views.LATER]
    tasks.send_digests()
    assert len(pipeline.mails()) == 1
