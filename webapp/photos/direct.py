"""Photos that a browser sends to S3 by itself: rows, then records, then an address for each.

A file is known by its content. Asking again, for an answer that was lost or bytes that did not arrive, finds the row of
the first time, and so does asking from another window.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from webapp.accounts import quota
from webapp.photos import batches, catalog, deletion, originals
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.intake import Facts, Refused
from webapp.photos.models import Batch, Photo, Status
from webapp.photos.upload_addresses import Address, address_of
from webapp.photos.uploads import row_of

logger = logging.getLogger(__name__)


class BatchClosed(Exception):
    """The batch takes no more photos: it was ended, nothing was heard of it for long, or it is full."""


@dataclass(frozen=True)
class Place:
    """What to do with a file: send it to `address`, or nothing when `has_arrived` or it `is_duplicate` of `photo`, or
    ask again later where all of that is missing."""

    photo: Photo
    address: Address | None = None
    has_arrived: bool = False
    is_duplicate: bool = False


def find_places(*, owner: Any, batch_id: UUID, files: Sequence[Facts]) -> list[Place | Refused]:
    """What to do with each of `files`, some of a batch of `owner`. What there is no room for is refused.

    Raises `Batch.DoesNotExist` when there is no such batch of theirs, `BatchClosed` when it takes no more.
    """
    known, batch, new = _write_rows(owner, batch_id, files)
    gone = _wait_anew([photo for photo in known.values() if photo.pk not in new], batch)
    is_put = _put_batch(batch, known.values())

    def place(photo: Photo) -> Place:
        wait = photo.pk in gone or not is_put
        return Place(photo) if wait else _place(photo, batch, is_new=photo.pk in new)

    photos = [known.get(file.sha256) for file in files]
    return [place(photo) if photo else _too_much(file) for photo, file in zip(photos, files, strict=True)]


def _too_much(file: Facts) -> Refused:
    return Refused(file.name, str(quota.DOES_NOT_FIT))


@transaction.atomic(durable=True)
def _write_rows(owner: Any, batch_id: UUID, files: Sequence[Facts]) -> tuple[Mapping[str, Photo], Batch, set[UUID]]:
    """The row of each file by sha256, found or made where there is room; and the ids of those made now."""
    # One after the other for each person: two windows that send the same file get the same row.
    get_user_model().objects.select_for_update(no_key=True).get(pk=owner.pk)
    batch = Batch.objects.select_for_update().get(pk=batch_id, owner=owner)
    wanted = {file.sha256: file for file in files}
    known = _rows_of(owner, batch, wanted)
    new = [file for sha256, file in wanted.items() if sha256 not in known]
    fit = quota.fitting(owner=owner, files=new) if new else []
    rows = _join(batch, fit, now=timezone.now()) if fit else []
    return {**known, **{row.sha256: row for row in rows}}, batch, {row.pk for row in rows}


@transaction.atomic
def _wait_anew(photos: Iterable[Photo], batch: Batch) -> set[UUID]:
    """Wait for those that have not arrived, in the trash or not, from `batch` as well; returns those that have left
    that state since."""
    # By itself, and in this order: who changes labels locks photos so, and their owner after them.
    asked = {photo.pk for photo in photos if photo.status == Status.UPLOADING}
    if not asked:
        return set()
    rows = Photo.objects.filter(pk__in=asked, status=Status.UPLOADING).order_by("pk")
    waiting = list(rows.select_for_update().prefetch_related("senders"))
    ids = [photo.pk for photo in waiting]
    Photo.objects.filter(pk__in=ids).update(waiting_since=timezone.now(), trashed_at=None)
    _note_senders(waiting, batch)
    return asked.difference(ids)


def _note_senders(photos: Iterable[Photo], batch: Batch) -> None:
    pairs = {(photo.pk, sender_id) for photo in photos for sender_id in _sender_ids(photo) | {batch.pk}}
    rows = [Photo.senders.through(photo_id=photo_id, batch_id=sender_id) for photo_id, sender_id in sorted(pairs)]
    Photo.senders.through.objects.bulk_create(rows, ignore_conflicts=True)


def _sender_ids(photo: Photo) -> set[UUID]:
    """Those noted; until there are any it is the batch of the photo."""
    noted = {sender.pk for sender in photo.senders.all()}
    return noted or ({photo.batch_id} if photo.batch_id else set())


def _rows_of(owner: Any, batch: Batch, wanted: Mapping[str, Facts]) -> dict[str, Photo]:
    """What a person has of these contents. A photo that never arrived is none; of several the one in `batch` counts,
    or the one that can best be looked at."""
    found = (
        Photo.objects.of(owner)
        .filter(sha256__in=wanted)
        .exclude(reason_code=contract.Failure.DID_NOT_ARRIVE, status=Status.FAILED)
    )
    same = (photo for photo in found if photo.bytes == wanted[photo.sha256].bytes)

    def rank(photo: Photo) -> tuple[bool, ...]:
        has_gone_wrong = photo.status in contract.TERMINAL and photo.status != Status.READY
        is_kept = photo.trashed_at is None
        return photo.batch_id == batch.pk, not has_gone_wrong, is_kept, photo.status == Status.READY

    return {photo.sha256: photo for photo in sorted(same, key=rank)}


def _join(batch: Batch, files: Sequence[Facts], *, now: datetime) -> list[Photo]:
    if not batch.is_open or batch.expected + len(files) > contract.MAX_BATCH:
        raise BatchClosed
    batch.expected += len(files)
    batch.save(update_fields=("expected",))
    return Photo.objects.bulk_create(row_of(file, batch=batch, now=now) for file in files)


def _put_batch(batch: Batch, photos: Iterable[Photo]) -> bool:
    """Whether the batch has a record, or needs none because nothing of it is sent."""
    if not any(photo.batch_id == batch.pk for photo in photos):
        return True
    try:
        batches.put(batch)
    except AWS_ERRORS:
        logger.exception("batch %s has no record yet", batch.pk)
        return False
    return True


def _place(photo: Photo, batch: Batch, *, is_new: bool) -> Place:
    is_here = photo.batch_id == batch.pk
    there = Place(photo, has_arrived=is_here, is_duplicate=not is_here)
    try:
        if photo.status != Status.UPLOADING or (not is_new and originals.find(photo.key)):
            return there
        catalog.put_photo(photo)
        return Place(photo, address_of(photo))
    except AWS_ERRORS:
        logger.exception("photo %s gets no address now", photo.pk)
        return Place(photo)


def cancel(*, owner: Any, batch_id: UUID, photo_ids: Iterable[UUID]) -> None:
    """Take back photos of `owner` that shall not be sent after all: of this batch, or left behind by one that ended.

    What another window still sends stays, and so does what has arrived from one.
    """
    asked = Photo.senders.through.objects.filter(batch=batch_id).values("photo")
    mine = Q(batch=batch_id) | Q(pk__in=asked) | Q(batch__is_open=False)
    waiting = Photo.objects.of(owner).filter(mine, pk__in=photo_ids, status=Status.UPLOADING)
    waiting = waiting.prefetch_related("senders")
    _take_back([photo.pk for photo in waiting if _is_sent_by(batch_id, photo) or not _may_be_there(photo)], batch_id)


def _is_sent_by(batch_id: UUID, photo: Photo) -> bool:
    """Whether nobody but one batch can have sent a photo."""
    return _sender_ids(photo) == {batch_id}


@transaction.atomic
def _take_back(photo_ids: Iterable[UUID], batch_id: UUID) -> None:
    # Locked as in `_wait_anew`: a window that asks for one sends it, or is told that it is gone.
    photos = list(Photo.objects.filter(pk__in=photo_ids).order_by("pk").select_for_update().prefetch_related("senders"))
    Photo.senders.through.objects.filter(photo__in=photos, batch=batch_id).delete()
    deletion.begin(photo for photo in photos if not _is_sent_elsewhere(photo, batch_id))


def _is_sent_elsewhere(photo: Photo, batch_id: UUID) -> bool:
    return any(sender.is_open for sender in photo.senders.all() if sender.pk != batch_id)


def _may_be_there(photo: Photo) -> bool:
    """Whether the bytes of a photo have arrived, which its row may not know yet."""
    try:
        return originals.find(photo.key) is not None
    except AWS_ERRORS:
        logger.exception("photo %s is not taken back: nobody says that it has not arrived", photo.pk)
        return True


def finish(*, owner: Any, batch_id: UUID) -> None:
    """Nothing more comes for a batch of `owner`. Raises `Batch.DoesNotExist` when there is no such batch of theirs."""
    batch = Batch.objects.get(pk=batch_id, owner=owner)
    try:
        batches.close(batch)
    except AWS_ERRORS:
        logger.exception("batch %s is closed, and its record is left to the sweep", batch.pk)
