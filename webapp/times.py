"""Times in words, with the zone they are told in."""

from __future__ import annotations

from datetime import datetime

from django.utils.formats import date_format, get_format
from django.utils.timezone import localtime


def exactly(at: datetime, *, seconds: bool = False) -> str:
    """ "12 May 2024, 14:03 CEST", on the clock of whoever asks."""
    return in_own_zone(localtime(at), seconds=seconds)


def in_own_zone(at: datetime, *, seconds: bool = False) -> str:
    """The same, in the zone that `at` has."""
    return f"{date_format(at, get_format('DATETIME_FORMAT') + (':s' if seconds else ''))} {_zone(at)}"


def _zone(at: datetime) -> str:
    """Some zones have no letters: theirs is how far they are from UTC."""
    name = at.tzname() or ""
    return f"UTC{name}" if name[:1] in ("+", "-") else name
