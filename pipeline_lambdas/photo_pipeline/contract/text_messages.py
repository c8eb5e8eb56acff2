"""Text messages cost money, so they are counted."""

from __future__ import annotations

from datetime import datetime

from .table import Key, UpdateArguments, conditional_update

SMS_A_DAY_EACH = 10  # to one person, codes and notices together
COUNTS_KEPT = 2 * 24 * 60 * 60  # seconds


def sms_of_person_key(owner_id: str, now: str) -> Key:
    """The count of one person's text messages on the day (UTC) of `now`; it goes with all else that is theirs."""
    return {"pk": f"OWNER#{owner_id}", "sk": f"SMS#{now[:10]}"}


def sms_of_all_key(now: str) -> Key:
    """The count of everybody's text messages on the day (UTC) of `now`."""
    return {"pk": f"SMS#{now[:10]}", "sk": "SMS"}


def codes_of_person_key(owner_id: str, now: str) -> Key:
    """The count of the codes that one person had sent to a phone on the day of `now`."""
    return {"pk": f"OWNER#{owner_id}", "sk": f"CODES#{now[:10]}"}


def codes_to_number_key(number: str, now: str) -> Key:
    """The count of the codes sent to one number on the day of `now`, whoever asked; `number` does not tell which."""
    return {"pk": f"SMS#{now[:10]}", "sk": f"CODES#{number}"}


def count_update(key: Key, *, at_most: int, now: str) -> UpdateArguments:
    """Count one more, unless there are `at_most` already: the condition fails then. The table forgets the count by
    itself, by `forget_at` (seconds since 1970)."""
    return conditional_update(
        key,
        "SET forget_at = :forget_at ADD sent :one",
        where="attribute_not_exists(sent) OR sent < :most" if at_most else "sent < :most",
        values={":one": 1, ":most": at_most, ":forget_at": int(datetime.fromisoformat(now).timestamp()) + COUNTS_KEPT},
    )
