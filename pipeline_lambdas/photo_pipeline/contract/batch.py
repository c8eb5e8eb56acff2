"""The record of photos uploaded together, which are told about together, and its writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from .photo import TERMINAL, Status
from .runs import Usage
from .table import UpdateArguments, batch_item_key, conditional_update

MAX_BATCH = 500
MAX_REFUSALS = 3


class Kind(StrEnum):
    """What a batch is, that nobody uploaded as such."""

    DAILY = "daily"
    WEEKLY = "weekly"
    TEST = "test"


@dataclass(frozen=True)
class Batch:
    """Photos uploaded together: pk `BATCH#{batch}`, sk `BATCH`. Complete when the three sets hold `expected` ids.
    `told_by` is the channel that its notice was claimed for, or why it is not sent (an `Untold`, or empty where that is
    not known). `usage` is what telling about them has used so far.

    The site has digests and tests told in the same way, claims and all: their record is a batch of a `kind` of their
    own, complete from the start. A digest holds some ids of each set and says how many `more` there are."""

    batch_id: str
    owner_id: str
    expected: int
    ready: set[str] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    claimed_at: str = ""
    sent_at: str = ""
    told_by: str = ""
    refusals: int = 0
    kind: str = ""
    more: dict[str, int] = field(default_factory=dict)
    usage: Usage | None = None

    @property
    def counted(self) -> set[str]:
        """Ids of its photos that have come to an end."""
        return self.ready | self.rejected | self.failed

    def count(self, status: str) -> int:
        """How many of its photos have come to that end."""
        return len(getattr(self, Status(status).value)) + self.more.get(status, 0)

    @property
    def is_complete(self) -> bool:
        return len(self.counted) >= self.expected

    @property
    def is_due(self) -> bool:
        """Complete, its notice claimed by nobody, and not refused too often by SES or SNS."""
        return self.is_complete and not self.claimed_at and self.refusals < MAX_REFUSALS

    @property
    def summary(self) -> str:
        """What became of its photos, in a few words, as notices and the site tell it."""
        ready, rejected, failed = (self.count(status) for status in TERMINAL)
        ends = {"ready": ready, "could not be read": rejected, "failed": failed}
        told = [(count, words) for words, count in ends.items() if count] or [(0, "ready")]
        first, *others = told
        return ", ".join([f"{count_photos(first[0])} {first[1]}", *(f"{count} {words}" for count, words in others)])


def count_photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count} photos"


def batch_outcome_update(batch_id: str, photo_id: str, status: str) -> UpdateArguments:
    """Count a photo's end in its batch; again changes nothing, another end moves it, and one that left stays away."""
    others = [each.value for each in TERMINAL if each != status]
    return conditional_update(
        batch_item_key(batch_id),
        f"ADD {Status(status).value} :photo DELETE {others[0]} :photo, {others[1]} :photo",
        where="attribute_exists(pk) AND NOT contains(gone, :id)",
        values={":photo": {photo_id}, ":id": photo_id},
    )


def leave_batch_update(batch_id: str, photo_id: str) -> UpdateArguments:
    """A photo that was cancelled, refused or deleted leaves its batch, once."""
    return conditional_update(
        batch_item_key(batch_id),
        "SET expected = expected - :one ADD gone :photo DELETE ready :photo, rejected :photo, failed :photo",
        where="attribute_exists(pk) AND NOT contains(gone, :id)",
        values={":one": 1, ":photo": {photo_id}, ":id": photo_id},
    )


def expect_update(seen: Batch, expected: int) -> UpdateArguments:
    """A batch waits no longer for photos that will never come, or that nothing is left of: it expects `expected`, if it
    is still as seen."""
    return conditional_update(
        batch_item_key(seen.batch_id),
        "SET expected = :expected",
        where="expected = :seen",
        values={":expected": expected, ":seen": seen.expected},
    )
