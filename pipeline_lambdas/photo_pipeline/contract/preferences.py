"""How a person wants to be told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo


class Channel(StrEnum):
    MAIL = "mail"
    SMS = "sms"
    NONE = "none"


class Untold(StrEnum):
    """Why a person is told of something on the site alone."""

    CHOSEN = "none"
    DIGESTS = "digests"
    NO_PROBLEM = "problems"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    PHONE = "phone"


@dataclass(frozen=True)
class Preferences:
    """How a person wants to be told: pk `OWNER#{owner}`, sk `PREFERENCES`. `channel` is of what is told about each
    batch, `digest_channel` of digests; who has digests has no `channel`. `silent` says why neither reaches them (an
    `Untold`), where neither does. The phone number is in E.164.
    Nothing is told of a batch from the hour `quiet_from` to the hour `quiet_to` of their `time_zone`, an IANA name.
    Mails carry `unsubscribe_url`, an address that takes RFC 8058's POST, where there is one."""

    owner_id: str
    channel: str = "mail"
    digest_channel: str = ""
    silent: str = ""
    only_problems: bool = False
    keep_place: bool = False
    email: str = ""
    phone: str = ""
    language: str = "en"
    time_zone: str = "UTC"
    quiet_from: int | None = None
    quiet_to: int | None = None
    unsubscribe_url: str = ""


def is_quiet(preferences: Preferences, now: datetime) -> bool:
    """Whether it is one of a person's quiet hours. They may go over midnight; from an hour to the same one is none."""
    start, end = preferences.quiet_from, preferences.quiet_to
    if start is None or end is None:
        return False
    hour = now.astimezone(zone(preferences.time_zone)).hour
    return start <= hour < end if start <= end else hour >= start or hour < end


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name; UTC for one that this machine does not know."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
