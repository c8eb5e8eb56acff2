"""The time zones that a person can choose from, as this machine knows them."""

from __future__ import annotations

import functools
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _

from .models import User

Choice = tuple[str, Any]

REGIONS = {
    "Africa": _("Africa"),
    "America": _("America"),
    "Antarctica": _("Antarctica"),
    "Asia": _("Asia"),
    "Atlantic": _("Atlantic Ocean"),
    "Australia": _("Australia"),
    "Europe": _("Europe"),
    "Indian": _("Indian Ocean"),
    "Pacific": _("Pacific Ocean"),
}


def of(user: User | AnonymousUser) -> ZoneInfo | None:
    """The one that `user` chose, or None for who never did."""
    chosen = getattr(user, "preferences", None)
    try:
        return ZoneInfo(chosen.time_zone) if chosen else None
    except ZoneInfoNotFoundError:  # this machine knows it no longer
        return None


def choices() -> list[Choice]:
    """UTC, then the places of each region. Names that a place had before are among them: browsers still tell some."""
    names = _names()
    regions: list[Choice] = [(str(title), _places(names, region)) for region, title in REGIONS.items()]
    return [("UTC", "UTC"), *regions]


@functools.cache
def _names() -> list[str]:
    return sorted(available_timezones())


def _places(names: list[str], region: str) -> list[Choice]:
    return [(name, _place(name)) for name in names if name.startswith(f"{region}/")]


def _place(name: str) -> str:
    """ "America/Argentina/Buenos_Aires" as "Argentina, Buenos Aires"."""
    return ", ".join(name.split("/")[1:]).replace("_", " ")
