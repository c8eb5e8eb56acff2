"""Taking photos in: rows, then records, then bytes, so that whatever breaks in between is found and finished."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from webapp.accounts import quota
from webapp.photos import batches, catalog, deletion, originals
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.ids import new_photo_id
from webapp.photos.index import index
from webapp.photos.intake import Accepted, Facts, Refused, examine
from webapp.photos.models import Batch, Photo
from webapp.photos.sentences import said
from webapp.photos.storage import Original, OriginalsStorage

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Receipt:
    """What became of the files of one form: photos received, and what was refused or did not arrive."""

    received: list[Photo]
    refused: list[Refused]


def receive(*, owner: Any, files: Iterable[Any]) -> Receipt:
    """Take in the files of one form as one batch. The bad ones never join it, and the good ones go through."""
    examined = [examine(file) for file in files]
    whole = [each for each in examined if isinstance(each, Accepted)]
    accepted, photos = _write_rows(owner=owner, files=whole) if whole else ([], [])
    too_much = [Refused(each.name, str(quota.DOES_NOT_FIT)) for each in whole if each not in accepted]
    refused = [each for each in examined if isinstance(each, Refused)] + too_much
    received = _send(photos, accepted)
    return Receipt(received, refused + [_lost(photo) for photo in _kept(photos) if photo not in received])


def _kept(photos: Sequence[Photo]) -> Iterable[Photo]:
    """Without those that were deleted while they were sent: nobody asks what became of them."""
    return Photo.objects.kept().filter(pk__in=[photo.pk for photo in photos]).order_by("pk")


def _lost(photo: Photo) -> Refused:
    return Refused(photo.file_name, said(contract.reason(contract.Failure.DID_NOT_ARRIVE)))


@transaction.atomic(durable=True)
def _write_rows(*, owner: Any, files: Sequence[Accepted]) -> tuple[list[Accepted], list[Photo]]:
    """Those of `files` that there is room for, and their rows."""
    # One after the other for each person: two forms at once would find the same room.
    get_user_model().objects.select_for_update(no_key=True).get(pk=owner.pk)
    accepted = quota.fitting(owner=owner, files=files)
    if not accepted:
        return [], []
    now = timezone.now()
    batch = Batch.objects.create(owner=owner, created_at=now, expected=len(accepted))
    return accepted, Photo.objects.bulk_create(row_of(each, batch=batch, now=now) for each in accepted)


def row_of(facts: Facts, *, batch: Batch, now: datetime) -> Photo:
    """The row, not saved yet, of a file that is about to be sent."""
    photo_id = new_photo_id()
    return Photo(
        id=photo_id,
        owner=batch.owner,
        batch=batch,
        file_name=facts.name,
        key=contract.original_key(str(batch.owner.pk), str(photo_id), facts.format.extension),
        bytes=facts.bytes,
        sha256=facts.sha256,
        width=facts.width,
        height=facts.height,
        uploaded_at=now,
        timeline_at=now,
        waiting_since=now,
    )


def _send(photos: Sequence[Photo], accepted: Sequence[Accepted]) -> list[Photo]:
    """Records and bytes of `photos`; returns those that arrived."""
    if not photos:
        return []
    if batch := photos[0].batch:
        _put_batch(batch, expected=len(photos))
    storage = OriginalsStorage()
    return [photo for photo, each in zip(photos, accepted, strict=True) if _arrives(photo, each, storage)]


def _put_batch(batch: Batch, *, expected: int) -> None:
    try:
        catalog.put_batch(batch, expected=expected)
    except AWS_ERRORS:
        logger.exception("batch %s has no record yet; the sweep puts it", batch.pk)


def _arrives(photo: Photo, accepted: Accepted, storage: OriginalsStorage) -> bool:
    if not Photo.objects.kept().filter(pk=photo.pk).exists():
        return False
    content = Original(accepted.file, media_type=accepted.format.media_type)
    try:
        catalog.put_photo(photo)
        storage.save(photo.key, content)
        arrived = True
    except AWS_ERRORS:
        logger.exception("nobody says that photo %s has arrived", photo.pk)
        arrived = _arrived_all_the_same(photo)
    return not _is_undone(photo) and arrived


def _arrived_all_the_same(photo: Photo) -> bool:
    """Whether the answer alone was lost. A photo that is not there is closed; where that cannot be found out its row
    stays open, and the sweep settles it."""
    try:
        return originals.find(photo.key) is not None or not _close(photo)
    except AWS_ERRORS:
        logger.exception("photo %s is left to the sweep", photo.pk)
        return False


def _close(photo: Photo) -> bool:
    """Close a photo whose bytes are not there. False when it is no longer waiting for them."""
    catalog.put_photo(photo)
    record = catalog.get(photo)
    if record is None or record.status != contract.Status.UPLOADING:
        return False
    if catalog.close(record, contract.reason(contract.Failure.DID_NOT_ARRIVE)) is None:
        return False
    batches.leave(photo)
    index([photo.pk])
    return True


def _is_undone(photo: Photo) -> bool:
    try:
        return deletion.undo_if_deleted(photo)
    except AWS_ERRORS:
        logger.exception("photo %s was deleted while it was sent, and something of it is left", photo.pk)
        return True
