"""What the page of one photo shows: the photo, what is known of it, and the photos before and behind it."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import catalog, facts, originals, places, presign, timeline
from webapp.photos.conf import kept_in_trash
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.history import history
from webapp.photos.label_rows import faces, label_rows, names_to_offer
from webapp.photos.models import Photo, Status
from webapp.photos.neighbours import Neighbours
from webapp.photos.sentences import said
from webapp.photos.ways import Way
from webapp.photos.words import alt_text, date_of
from webapp.review.standing import standing_of

logger = logging.getLogger(__name__)
MOST_ENLARGED = 2  # times its own pixels, where there is room; beyond that it is but blurred


@dataclass(frozen=True)
class Step:
    """Another photo to go to: its page, and its picture to fetch beforehand (or empty)."""

    address: str
    picture: str


def frame(photo: Photo, way: Way, around: Neighbours, *, next_picture: str = "") -> dict[str, Any]:
    """What the page says whether or not the records can be read."""
    return {
        "photo": photo,
        "within": way.within,
        "back": way.back,
        "back_word": way.name,
        "without_it": way.start,
        "add_to_album": f"/albums/add/?{urlencode({'photo': photo.pk})}",
        "standing": standing_of(photo),
        "trashed_on": _day(photo.trashed_at),
        "deleted_on": _day(photo.trashed_at and photo.trashed_at + kept_in_trash()),
        "previous": around.previous and Step(way.address_of(around.previous), ""),
        "following": around.following and Step(way.address_of(around.following), next_picture),
    }


def _day(moment: datetime | None) -> str:
    return date_format(timezone.localtime(moment), "DATE_FORMAT") if moment else ""


def about(photo: Photo, way: Way, around: Neighbours, records: dict[UUID, contract.Photo]) -> dict[str, Any]:
    """All that the page says. `records` are those of the photo and of the next one, as far as they are there."""
    record = records.get(photo.pk)
    following = records.get(around.following.pk) if around.following else None
    shown = {key for key in (_display_key(record), _display_key(following)) if key}
    pictures = presign.addresses(shown)
    standing = _standing(photo, record)
    return {
        **frame(photo, way, around, next_picture=pictures.get(_display_key(following), "")),
        **standing,
        **_picture(photo, record, pictures),
        **_labels(record),
        "poll": way.poll(photo, progress(record)),
        "facts": facts.facts(photo, record),
        "place": _place(record),
        "history": history(photo, record, told=standing["why"]),
    }


def _display_key(record: contract.Photo | None) -> str:
    display = record.renditions.get(contract.DISPLAY) if record else None
    return display.key if display else ""


def status_of(record: contract.Photo | None) -> str:
    return catalog.status_of(record) if record else contract.Status.UPLOADING.value


def progress(record: contract.Photo | None) -> str:
    """How far a photo has come, as some characters to compare: an open page asks for another once they differ."""
    if record is None:
        return "none"
    parts = (record.status, record.run_id, record.requested_run, str(record.attempt), str(len(record.steps)))
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:12]


def _standing(photo: Photo, record: contract.Photo | None) -> dict[str, Any]:
    status, (is_missing, is_late) = status_of(record), _arrival(photo, record)
    is_open = status in contract.OPEN
    is_paused = bool(record and record.reason and record.reason.code == contract.Failure.PAUSED)
    return {
        "record": record,
        "status": status,
        "word": timeline.word_of(status),
        "why": "" if is_open or is_late else said(record.reason if record else None),
        "is_open": is_open,
        "can_retry": status == Status.FAILED and not is_missing and not photo.trashed_at and not is_paused,
        "came_late": is_late,
        "is_missing": is_missing,
    }


def _picture(photo: Photo, record: contract.Photo | None, pictures: dict[str, str]) -> dict[str, Any]:
    display = record.renditions.get(contract.DISPLAY) if record else None
    if record is None or display is None:
        return {}
    names = [label.name for label in timeline.surest(contract.shown_labels(record))]
    return {
        "display": display,
        "drawn": (display.width * MOST_ENLARGED, display.height * MOST_ENLARGED),
        "address": pictures[display.key],
        "alt": alt_text(date_of(photo), names[: timeline.TOP_LABELS]),
        "placeholder": timeline.placeholder_of(record),
        "incomplete": str(facts.INCOMPLETE) if record.original.incomplete else "",
    }


def _labels(record: contract.Photo | None) -> dict[str, Any]:
    if record is None or status_of(record) != Status.READY:
        return {}
    return {
        "labels": label_rows(record),
        "label_names": names_to_offer(record),
        "faces": faces(record),
        "analysis": facts.analysis(record),
    }


def _place(record: contract.Photo | None) -> facts.PlaceFact | None:
    """Where the photo was taken, as long as its owner wants that kept."""
    if record is None or record.place is None or not places.are_kept(record.owner_id):
        return None
    return facts.place(record.place)


def _arrival(photo: Photo, record: contract.Photo | None) -> tuple[bool, bool]:
    """Of a photo that was closed because it did not arrive: whether it is missing still, so that there is nothing to
    try again with, or has come since. S3 is asked about such a photo alone."""
    if not (record and record.reason and record.reason.code == contract.Failure.DID_NOT_ARRIVE):
        return False, False
    try:
        is_there = originals.find(photo.key) is not None
    except AWS_ERRORS:
        logger.exception("nobody says whether photo %s has arrived since", photo.pk)
        is_there = False
    return not is_there, is_there
