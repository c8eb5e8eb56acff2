"""Times are told on the clock of whoever is logged in; photos keep the clock of their camera."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.webapp.albums.shelf import make_album, make_link
from tests.webapp.photos.pages import ready
from webapp import times
from webapp.accounts.models import User

from .factories import PASSWORD, make_preferences, make_user
from .test_accounts import log_in

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 1, 2, 12, 4, 5, tzinfo=UTC)
FAR = "Pacific/Auckland"  # 13 hours before UTC in January


def in_zone(name: str = FAR, **overrides: Any) -> tuple[User, Client]:
    user = make_preferences(time_zone=name, **overrides).user
    client = Client()
    client.force_login(user)
    return user, client


def says(response: Any) -> str:
    assert response.status_code == 200, response
    return " ".join(response.content.decode().split())


def test_when_a_photo_came_is_told_on_the_person_s_clock_and_when_it_was_taken_on_the_camera_s(aws: Any) -> None:
    user, client = in_zone()
    photo = ready(aws, user, taken="2024-06-30T23:30:00", uploaded_at=NOON)
    answer = client.get(photo.get_absolute_url())
    facts = dict(answer.context["facts"])
    assert facts["Uploaded"] == "3 January 2026, 01:04 NZDT"
    assert facts["Taken"] == "30 June 2024, 23:30"
    assert "Photo: cat, animal. 30 June 2024" in says(answer)
    gallery = says(client.get("/gallery/"))
    assert "<h2>June 2024</h2>" in gallery
    assert "July 2024" not in gallery


def test_the_exact_time_behind_a_date_names_its_zone(aws: Any) -> None:
    user, client = in_zone()
    link = make_link(make_album(user, [ready(aws, user)]), views=1, last_viewed_at=NOON, expires_at=None)
    page = says(client.get(link.album.get_absolute_url()))
    assert 'title="3 January 2026, 01:04:05 NZDT">3 January 2026<' in page


def test_nobody_else_is_told_times_on_that_clock(aws: Any) -> None:
    user, client = in_zone()
    other, theirs = in_zone("UTC")
    photos = {each: ready(aws, each, uploaded_at=NOON) for each in (user, other)}
    client.get(photos[user].get_absolute_url())
    assert timezone.get_current_timezone_name() == "UTC"
    facts = dict(theirs.get(photos[other].get_absolute_url()).context["facts"])
    assert facts["Uploaded"] == "2 January 2026, 12:04 UTC"


@pytest.mark.parametrize("zone", [None, "Mars/Olympus"])
def test_who_chose_none_and_whose_zone_is_gone_are_told_utc(aws: Any, zone: str | None) -> None:
    user, client = in_zone(zone) if zone else (make_user(), Client())
    client.force_login(user)
    photo = ready(aws, user, uploaded_at=NOON)
    assert dict(client.get(photo.get_absolute_url()).context["facts"])["Uploaded"] == "2 January 2026, 12:04 UTC"


def test_a_zone_costs_no_query(aws: Any) -> None:
    asked = []
    for zone in ("UTC", FAR):
        user, client = in_zone(zone)
        ready(aws, user)
        with CaptureQueriesContext(connection) as queries:
            says(client.get("/gallery/"))
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 6


def test_the_last_day_of_a_link_ends_on_the_person_s_clock(aws: Any) -> None:
    user, client = in_zone()
    album = make_album(user, [ready(aws, user)])
    with time_machine.travel(NOON, tick=False):
        client.force_login(user)
        client.post(f"{album.get_absolute_url()}links/", {"ends": "date", "until": "2026-01-09", "password": ""})
        page = says(client.get(album.get_absolute_url()))
    assert album.links.get().expires_at == datetime(2026, 1, 9, 11, tzinfo=UTC)
    assert ">10 January 2026, 00:00 NZDT</time>" in page


def test_staff_pages_keep_to_utc() -> None:
    user, client = in_zone()
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True, date_joined=NOON)
    page = says(client.get(reverse("admin:accounts_user_change", args=[user.pk])))
    assert "2 January 2026, 12:04" in page


def test_a_mail_names_the_zone_of_its_time() -> None:
    user = make_preferences(time_zone=FAR, user=make_user(email="ana@example.org")).user
    client = Client()
    log_in(client, user.email)
    client.post(reverse("account_change_password"), {"oldpassword": PASSWORD, **twice("three quiet violets")})
    when = re.search(r"When: (.+)", str(mail.outbox[0].body))
    assert when
    assert when[1].endswith((" NZDT", " NZST"))


def twice(password: str) -> dict[str, str]:
    return {"password1": password, "password2": password}


@pytest.mark.parametrize(
    ("zone", "words"),
    [("Europe/Istanbul", "2 January 2026, 15:04 UTC+03"), ("Europe/Berlin", "2 January 2026, 13:04 CET")],
)
def test_a_zone_without_letters_is_told_from_utc(zone: str, words: str) -> None:
    with timezone.override(zone):
        assert times.exactly(NOON) == words
