"""When a digest is due: one moment a day, on the person's clock, whatever that does."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.accounts.rhythm import next_digest

ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix/")))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


@pytest.mark.parametrize(
    ("zone", "hour", "after", "due"),
    [
        ("Europe/Berlin", 8, "2026-11-23T06:59:59", "2026-11-23T07:00:00"),
        ("Europe/Berlin", 8, "2026-11-23T07:00:00", "2026-11-24T07:00:00"),
        # The clock goes ahead: the day has an hour less, the digest its time.
        ("Europe/Berlin", 8, "2026-03-28T07:00:00", "2026-03-29T06:00:00"),
        ("America/New_York", 8, "2026-03-07T13:00:00", "2026-03-08T12:00:00"),
        ("Australia/Sydney", 8, "2026-10-02T22:00:00", "2026-10-03T21:00:00"),
        # Back: an hour more.
        ("Europe/Berlin", 8, "2026-10-24T06:00:00", "2026-10-25T07:00:00"),
        ("America/New_York", 8, "2026-10-31T12:00:00", "2026-11-01T13:00:00"),
        ("Australia/Sydney", 8, "2026-04-03T21:00:00", "2026-04-04T22:00:00"),
        # An hour that there is not.
        ("Europe/Berlin", 2, "2026-03-28T01:00:00", "2026-03-29T01:00:00"),
        ("Europe/Berlin", 2, "2026-03-29T01:00:00", "2026-03-30T00:00:00"),
        ("America/New_York", 2, "2026-03-08T06:59:59", "2026-03-08T07:00:00"),
        ("America/Sao_Paulo", 0, "2018-11-03T12:00:00", "2018-11-04T03:00:00"),
        # And one that there is twice.
        ("Europe/Berlin", 2, "2026-10-24T23:59:59", "2026-10-25T00:00:00"),
        ("Europe/Berlin", 2, "2026-10-25T00:00:00", "2026-10-26T01:00:00"),
        ("America/New_York", 1, "2026-11-01T05:00:00", "2026-11-02T06:00:00"),
        ("Australia/Lord_Howe", 2, "2026-10-03T00:00:00", "2026-10-03T15:30:00"),  # half an hour ahead
        ("Nowhere/Land", 8, "2026-11-23T06:59:59", "2026-11-23T08:00:00"),
    ],
)
def test_the_next_digest_is_at_the_hour_of_the_persons_clock(zone: str, hour: int, after: str, due: str) -> None:
    assert next_digest(hour=hour, time_zone=zone, after=moment(after)) == moment(due)


def test_a_weekly_digest_is_on_its_day() -> None:
    sunday = next_digest(hour=8, time_zone="Europe/Berlin", after=moment("2026-03-23T00:00:00"), weekday=6)
    assert sunday == moment("2026-03-29T06:00:00")
    assert next_digest(hour=8, time_zone="Europe/Berlin", after=sunday, weekday=6) == moment("2026-04-05T06:00:00")


def test_a_weekly_digest_of_a_day_that_a_place_left_out_comes_the_day_after() -> None:
    """Samoa had no 30 December 2011, which was a Friday."""
    due = next_digest(hour=8, time_zone="Pacific/Apia", after=moment("2011-12-25T00:00:00"), weekday=4)
    assert due == moment("2011-12-30T18:00:00")


@given(st.sampled_from(ZONES), st.integers(0, 23), st.dates(date(2020, 1, 1), date(2035, 1, 1)))
def test_every_day_of_a_year_has_exactly_one_digest(zone: str, hour: int, start: date) -> None:
    due, days = datetime(start.year, start.month, start.day, tzinfo=UTC), []
    while len(days) < 370:
        due = next_digest(hour=hour, time_zone=zone, after=due)
        days.append(due.astimezone(ZoneInfo(zone)).date())
    assert [later - earlier for earlier, later in itertools.pairwise(days)] == [timedelta(days=1)] * 369
