"""What could not be processed, and why: said at the top of a gallery until its owner has read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models.functions import Coalesce
from django.utils.crypto import salted_hmac

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos.models import EPOCH, Photo, Status
from webapp.photos.selection import FAILED, STATUSES, Selection

SHOWN = 3
COUNTED = 100
COLUMNS = ("file_name", "status", "reason_code", "reason_text", "attempt", "timeline_at", "uploaded_at", "indexed_at")
FAILED_AT = Coalesce("indexed_at", "uploaded_at")  # rows learn of their ends by being indexed
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Failures:
    """Those of a person's photos that failed or were refused last, and whether each can be tried again. `count` is as
    people read it; `newest` names what somebody has read who hides this."""

    photos: list[tuple[Photo, bool]]
    count: str
    are_many: bool
    newest: str
    address: str


def failures(owner: Any, *, read: str = "") -> Failures | None:
    """None when nothing failed, or nothing has since `read`."""
    some = Photo.objects.for_gallery(owner).filter(status__in=STATUSES[FAILED]).only(*COLUMNS)
    found = list(some.order_by(FAILED_AT.desc(), "-pk")[:COUNTED])
    newest = _mark(owner, found[0]) if found else ""
    if not found or _is_read(newest, read):
        return None
    more = "+" if len(found) == COUNTED else ""
    address = Selection(status=FAILED).address()
    shown = [(photo, can_retry(photo)) for photo in found[:SHOWN]]
    return Failures(shown, f"{len(found)}{more}", len(found) > 1, newest, address)


def _mark(owner: Any, photo: Photo) -> str:
    """Whose failures, which a browser does not tell that several people use, and when this one became one."""
    whose = salted_hmac("failures", str(owner.pk)).hexdigest()[:12]
    return f"{whose}-{((photo.indexed_at or photo.uploaded_at) - EPOCH) // MICROSECOND:020}"


def _is_read(mark: str, read: str) -> bool:
    return mark[:12] == read[:12] and len(mark) == len(read) and mark <= read


def can_retry(photo: Photo) -> bool:
    """Whether there is something to try again with."""
    return photo.status == Status.FAILED and photo.reason_code != contract.Failure.DID_NOT_ARRIVE
