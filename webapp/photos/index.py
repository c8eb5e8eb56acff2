"""Results into SQL: a row and its labels repeat what its record says, so that galleries can be searched.

Rows are locked before their records are read, consistently, so whoever writes last has read last.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Count, F
from django.db.models.functions import Greatest
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from webapp.costs import spending
from webapp.photos import analyses, catalog, clock, owners, places
from webapp.photos.errors import AWS_ERRORS, OUT_OF_TIME
from webapp.photos.models import LabelCount, Photo, PhotoLabel, Status
from webapp.review import judging

logger = logging.getLogger(__name__)
TOGETHER = 100


def disagrees(photo: Photo, record: contract.Photo | None) -> bool:
    """Whether a row must be indexed: its photo has come to an end, or left one, or lost its record, or came back from
    the trash, or its owner has said something of its labels."""
    if photo.status == Status.DELETING:
        return False
    if record is None or catalog.is_open(record):
        return photo.status in contract.TERMINAL
    known = (photo.status, photo.run_id, photo.corrections, photo.cleared)
    is_shown = record.status == Status.READY and photo.trashed_at is None and not photo.is_withheld
    return known != (record.status, record.run_id, digest_corrections(record), is_shown)


def digest_corrections(record: contract.Photo) -> str:
    """What the owner says of labels, as 16 characters to compare; none when they say nothing."""
    said = [sorted(record.denied_labels), sorted(record.added_labels)]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16] if any(said) else ""


def index_seen(photos: Iterable[Photo], records: Mapping[UUID, contract.Photo]) -> list[Photo]:
    """Index those photos that disagree with their records as just read; returns them as they are now."""
    return index([photo.pk for photo in photos if disagrees(photo, records.get(photo.pk))])


def note_progress(photos: Iterable[Photo], records: Mapping[UUID, contract.Photo]) -> None:
    """Write into open rows whether their photos still upload or are being processed."""
    behind: dict[str, list[UUID]] = defaultdict(list)
    for photo in photos:
        record = records.get(photo.pk)
        if record is not None and catalog.is_open(record) and catalog.status_of(record) != photo.status:
            behind[catalog.status_of(record)].append(photo.pk)
    for status, ids in behind.items():
        with transaction.atomic():
            Photo.objects.open().filter(pk__in=ids).locked().update(status=status)


def index(photo_ids: Sequence[UUID]) -> list[Photo]:
    """Bring rows up to date with their records and return them. Makes none, and revives none that are being deleted.

    A record that cannot be taken into SQL is logged and left, and stops no other.
    """
    chunks = (photo_ids[at : at + TOGETHER] for at in range(0, len(photo_ids), TOGETHER))
    photos = [photo for chunk in chunks for photo in _index_apart(chunk)]
    analyses.note_paid(photo for photo in photos if _has_lost_a_run(photo))
    return photos


def _has_lost_a_run(photo: Photo) -> bool:
    may_have = photo.status == Status.FAILED or (photo.status == Status.READY and photo.attempt > 1)
    return may_have and bool(photo.run_id)


def _index_apart(photo_ids: Sequence[UUID]) -> list[Photo]:
    """All at once, and where that fails one by one, unless it is AWS or the database that does not answer."""
    try:
        return _index_some(photo_ids)
    except (*AWS_ERRORS, OperationalError, InterfaceError, OUT_OF_TIME):
        raise
    except Exception:
        if len(photo_ids) == 1:
            logger.exception("photo %s could not be indexed", photo_ids[0])
            return []
    return [photo for photo_id in photo_ids for photo in _index_apart([photo_id])]


@transaction.atomic
def _index_some(photo_ids: Sequence[UUID]) -> list[Photo]:
    locked = Photo.objects.select_for_update().filter(pk__in=photo_ids).exclude(status=Status.DELETING).order_by("pk")
    photos = list(locked)
    records = catalog.get_many(photos, consistent=True)
    places.forget_unkept(records.values())  # before the rows: if this fails, they are open still, and come again
    for photo in photos:
        _describe(photo, records.get(photo.pk))
    owners.lock({photo.owner_id for photo in photos})  # of whose files nobody decides anything meanwhile, either
    judging.judge(photos, records)
    for photo in photos:
        photo.cleared = photo.may_be_cleared
    Photo.objects.bulk_update(photos, _DESCRIBED)
    _replace_labels(photos, {photo.pk: _labels(photo, records.get(photo.pk)) for photo in photos})
    spending.note(photos, records)
    return photos


_DESCRIBED = (
    "status", "reason_code", "reason_text", "run_id", "attempt", "taken_at", "timeline_at", "camera", "width", "height",
    "sha256", "corrections", "cleared", "indexed_at",
    "review", "findings",
)  # fmt: skip


def _describe(photo: Photo, record: contract.Photo | None) -> None:
    photo.indexed_at = timezone.now()
    if record is None:
        # The table has lost it. An open row is what makes the sweep put the record again and run it.
        photo.status = Status.UPLOADING
        return
    reason = record.reason or contract.Reason(code="", text="")
    photo.status = catalog.status_of(record)
    photo.reason_code, photo.reason_text = reason.code, reason.text[:255]
    photo.run_id, photo.attempt = record.run_id, record.attempt
    photo.corrections = digest_corrections(record)
    photo.taken_at, photo.camera = clock.shown(record.exif.taken_at), record.exif.camera[:120]
    photo.timeline_at = photo.taken_at or photo.uploaded_at
    photo.width = record.original.width or photo.width
    photo.height = record.original.height or photo.height
    photo.sha256 = record.original.sha256 or photo.sha256


def _labels(photo: Photo, record: contract.Photo | None) -> dict[str, float]:
    """Name and confidence of what counts: the labels of a ready photo that is not in the trash."""
    if record is None or photo.trashed_at or catalog.status_of(record) != Status.READY:
        return {}
    return {label.name: label.confidence for label in contract.shown_labels(record)}


def drop_labels(photos: Sequence[Photo]) -> None:
    """Take the labels of photos out of the index and the counts, in the caller's transaction."""
    _replace_labels(photos, {photo.pk: {} for photo in photos})


def _replace_labels(photos: Sequence[Photo], wanted: Mapping[UUID, Mapping[str, float]]) -> None:
    owners.lock({photo.owner_id for photo in photos})
    before: dict[Any, Counter[str]] = defaultdict(Counter)
    for owner_id, name in PhotoLabel.objects.filter(photo__in=photos).values_list("owner_id", "name"):
        before[owner_id][name] += 1
    PhotoLabel.objects.filter(photo__in=photos).delete()
    labels = [
        PhotoLabel(
            photo=photo, owner_id=photo.owner_id, name=name, confidence=confidence, timeline_at=photo.timeline_at
        )
        for photo in photos
        for name, confidence in wanted[photo.pk].items()
    ]
    PhotoLabel.objects.bulk_create(labels)
    after: dict[Any, Counter[str]] = defaultdict(Counter)
    for label in labels:
        after[label.owner_id][label.name] += 1
    for owner_id in before.keys() | after.keys():
        after[owner_id].subtract(before[owner_id])
        _change_counts(owner_id, after[owner_id])


def _change_counts(owner_id: Any, changes: Mapping[str, int]) -> None:
    names_by_change: dict[int, list[str]] = defaultdict(list)
    for name, change in changes.items():
        if change:
            names_by_change[change].append(name)
    new = [LabelCount(owner_id=owner_id, name=name) for names in names_by_change.values() for name in names]
    LabelCount.objects.bulk_create(new, ignore_conflicts=True)
    counts = LabelCount.objects.filter(owner=owner_id)
    for change, names in names_by_change.items():
        # Never below nothing, even where the counts were off: a deletion must not fail for that.
        counts.filter(name__in=names).update(count=Greatest(F("count") + change, 0))
    if names_by_change:
        counts.filter(count=0).delete()


@transaction.atomic
def recount(owner_id: Any) -> None:
    """Count a person's labels anew."""
    owners.lock({owner_id})
    LabelCount.objects.filter(owner=owner_id).delete()
    counted = PhotoLabel.objects.filter(owner=owner_id).values_list("name").annotate(count=Count("pk")).order_by()
    LabelCount.objects.bulk_create(LabelCount(owner_id=owner_id, name=name, count=count) for name, count in counted)
