"""What could not be processed, and why: said at the top of a gallery until its owner has read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.crypto import salted_hmac

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos.models import EPOCH, Photo, Status
from webapp.photos.selection import FAILED, Selection
from webapp.photos.standing import LOOKED_AT

SHOWN = 3
WITHOUT_RETRY = (contract.Failure.DID_NOT_ARRIVE, contract.Failure.PAUSED)
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


def failures(owner: Any, failed: Sequence[Photo], *, read: str = "") -> Failures | None:
    """Of the failed photos of `standing`. None when nothing failed, or nothing has since `read`."""
    newest = _mark(owner, failed[0]) if failed else ""
    if not failed or _is_read(newest, read):
        return None
    more = "+" if len(failed) == LOOKED_AT else ""
    address = Selection(status=FAILED).address()
    shown = [(photo, can_retry(photo)) for photo in failed[:SHOWN]]
    return Failures(shown, f"{len(failed)}{more}", len(failed) > 1, newest, address)


def _mark(owner: Any, photo: Photo) -> str:
    """Whose failures, which a browser does not tell that several people use, and when this one became one."""
    whose = salted_hmac("failures", str(owner.pk)).hexdigest()[:12]
    return f"{whose}-{((photo.indexed_at or photo.uploaded_at) - EPOCH) // MICROSECOND:020}"


def _is_read(mark: str, read: str) -> bool:
    return mark[:12] == read[:12] and len(mark) == len(read) and mark <= read


def can_retry(photo: Photo) -> bool:
    """Whether its owner may ask: there is something to try again with, and it is not run again by itself."""
    return photo.status == Status.FAILED and photo.reason_code not in WITHOUT_RETRY
