"""Time as the records write it."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils import timezone
from django.utils.dateparse import parse_datetime


def iso(moment: datetime | None = None) -> str:
    """ISO 8601 in UTC, of `moment` or of now."""
    return (moment or timezone.now()).astimezone(UTC).isoformat()


def parse(text: str) -> datetime | None:
    """The moment that a record's text means (UTC where it names no zone), or None when it means none, or one that is
    beyond the years that can be told in UTC, as a camera's clock may have it."""
    try:
        moment = parse_datetime(text)
        if moment is None:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment


def shown(text: str) -> datetime | None:
    """What the clock that wrote a record's text showed, as if it had been set to UTC; or None, as `parse`."""
    moment = parse(text)
    return moment.replace(tzinfo=UTC) if moment else None


def names_zone(text: str) -> bool:
    """Whether a record's text says which zone its time is of."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return False
    return moment is not None and moment.tzinfo is not None
