"""The page of costs."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.test import Client

from tests.factories import make_staff, make_user
from tests.webapp.photos.pages import text_of
from webapp.accounts.roles import Role
from webapp.costs import plot
from webapp.costs.models import Pause, Use
from webapp.costs.templatetags.costs import money

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("aws")]
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def operator(client: Client) -> Client:
    staff = make_staff(is_superuser=False)
    staff.groups.add(Group.objects.get(name=Role.OPERATOR))
    client.force_login(staff)
    return client


@pytest.fixture
def november() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def make_use(month: int = 11, **overrides: Any) -> Use:
    facts = {"key": f"use {Use.objects.count()}", "month": NOW.date().replace(month=month, day=1), "photos": 1}
    return Use.objects.create(**facts | overrides)


@pytest.mark.usefixtures("november")
def test_the_month_is_told_by_photos_people_and_kinds(operator: Client) -> None:
    ada = make_user(email="ada@example.org")
    make_use(owner=ada, photos=1000, labels=1000, faces=500)
    make_use(photos=1000, labels=500)
    make_use(month=9, labels=4000)
    page = text_of(operator.get("/admin/cost/"))
    assert "November 2026" in page
    assert page.count("$2.00") >= 1  # this month
    assert "$1.00" in page  # for 1,000 photos
    assert "ada@example.org" in page
    assert "Sep 2026: $4.00" in page
    assert "us-east-1 as of 2026-11-23" in page


@pytest.mark.usefixtures("november")
def test_what_the_site_sends_is_told_by_itself_and_who_it_was_for(operator: Client) -> None:
    make_use(owner=make_user(email="ada@example.org"), photos=0, mails=1, site_mails=6250)
    page = text_of(operator.get("/admin/cost/"))
    (mails,) = (row for row in page.split("<tr>") if "Mails of the site" in row)
    assert "6,250" in mails
    assert "$1.00" in mails
    assert "ada@example.org" in page


@pytest.mark.usefixtures("november")
def test_the_time_of_functions_is_marked_as_an_estimate_and_what_is_metered_is_not(operator: Client) -> None:
    rows = text_of(operator.get("/admin/cost/")).split("<tr>")
    (time,) = (row for row in rows if "Lambda, time" in row)
    (reads,) = (row for row in rows if "DynamoDB, reads" in row)
    assert "Estimate." in time
    assert "Estimate." not in reads
    assert "As metered." in reads


@pytest.mark.usefixtures("november")
def test_a_pause_is_said_with_what_ends_it(operator: Client, settings: Any) -> None:
    settings.MONTHLY_COST_CAP = Decimal(5)
    make_use(labels=5000)
    Pause.objects.create(pk=1, since=NOW, until=datetime(2026, 12, 1, tzinfo=UTC), cap=5, spent=5)
    page = text_of(operator.get("/admin/cost/"))
    assert "Analysis is paused until" in page
    assert "raise MONTHLY_COST_CAP" in page
    assert "100 % spent" in page


def test_a_cap_of_nothing_is_told_as_one_and_not_as_none(operator: Client, settings: Any) -> None:
    settings.MONTHLY_COST_CAP = Decimal(0)
    page = text_of(operator.get("/admin/cost/"))
    assert "nothing new is analysed" in page
    assert "MONTHLY_COST_CAP sets one" not in page


def test_nothing_spent_is_told_as_such(operator: Client) -> None:
    page = text_of(operator.get("/admin/cost/"))
    assert "Nobody&#x27;s photos" in page or "Nobody's photos" in page


@pytest.mark.parametrize(
    ("dollars", "told"),
    [
        (None, "–"),
        ("0", "$0.00"),
        ("0.00002", "< $0.0001"),
        ("0.0123", "$0.0123"),
        ("0.5", "$0.50"),
        ("1234.5", "$1,234.50"),
    ],
)
def test_money_is_told_as_exactly_as_it_says_something(dollars: str | None, told: str) -> None:
    assert money(None if dollars is None else Decimal(dollars)) == told


def test_the_page_has_no_inline_style(operator: Client) -> None:
    make_use(labels=10)
    assert " style=" not in text_of(operator.get("/admin/cost/"))


@pytest.mark.parametrize("group", [None, Role.REVIEWER])
def test_other_staff_are_refused_and_see_no_link(client: Client, group: str | None) -> None:
    staff = make_staff(is_superuser=False)
    if group:
        staff.groups.add(Group.objects.get(name=group))
    client.force_login(staff)
    assert client.get("/admin/cost/").status_code == 403
    assert "/admin/cost/" not in text_of(client.get("/admin/"))


def test_operators_find_the_page_in_the_admin(operator: Client) -> None:
    assert 'href="/admin/cost/"' in text_of(operator.get("/admin/"))


def test_the_highest_month_fills_the_plot_and_the_cap_lies_where_it_is() -> None:
    made = plot.make([("Oct 2026", Decimal(0)), ("Nov 2026", Decimal(5))], limit=Decimal(10))
    assert [bar.height for bar in made.bars] == [0, (plot.HEIGHT - plot.TOP) / 2]
    assert made.limit_y == plot.TOP
    assert plot.make([("Nov 2026", Decimal(1))], limit=Decimal(100)).limit_y is None
    assert plot.make([("Nov 2026", Decimal(0))], limit=None).bars[0].height == 0
