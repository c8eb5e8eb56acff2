"""What could not be processed, and why: said at the top of a gallery until its owner has read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos.models import Photo, Status
from webapp.photos.selection import FAILED, Selection

SHOWN = 3
COUNTED = 100
COLUMNS = ("file_name", "status", "reason_code", "reason_text", "attempt", "timeline_at")


@dataclass(frozen=True)
class Failures:
    """The newest of a person's photos that failed or were refused, and whether each can be tried again. `count` is as
    people read it; `newest` names what somebody has read who hides this."""

    photos: list[tuple[Photo, bool]]
    count: str
    are_many: bool
    newest: str
    address: str


def failures(owner: Any, *, read: str = "") -> Failures | None:
    """None when nothing failed, or nothing has since `read`."""
    some = Selection(status=FAILED).photos(owner).only(*COLUMNS)[:COUNTED]
    found = sorted(some, key=lambda photo: photo.pk, reverse=True)  # ids sort by when they were sent in
    newest = str(found[0].pk) if found else ""
    if newest <= read:
        return None
    more = "+" if len(found) == COUNTED else ""
    address = Selection(status=FAILED).address()
    shown = [(photo, can_retry(photo)) for photo in found[:SHOWN]]
    return Failures(shown, f"{len(found)}{more}", len(found) > 1, newest, address)


def can_retry(photo: Photo) -> bool:
    """Whether there is something to try again with."""
    return photo.status == Status.FAILED and photo.reason_code != contract.Failure.DID_NOT_ARRIVE
