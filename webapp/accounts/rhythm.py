"""When the next digest of a person is due: an hour on their clock, and a moment in UTC.

A day of theirs has one such moment, whatever the clock does. An hour that there is not, because the clock goes ahead,
is the moment an hour after the one before it; of an hour that there is twice the first one counts.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pipeline_lambdas.photo_pipeline import contract

DAYS_AHEAD = 9  # a week, and a day that a place may leave out to change sides of the date line


def next_digest(*, hour: int, time_zone: str, after: datetime, weekday: int | None = None) -> datetime:
    """The first moment after `after` at which a digest is due: daily, or on `weekday` (0 is Monday) alone."""
    place = contract.zone(time_zone)
    today = after.astimezone(place).date()
    days = (today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD))
    moments = (_moment(day, hour, place) for day in days if weekday is None or day.weekday() == weekday)
    return next(moment for moment in moments if moment > after)


def _moment(day: date, hour: int, place: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=place).astimezone(UTC)
