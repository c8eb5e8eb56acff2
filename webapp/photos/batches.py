"""Batches: photos leave them, ends are counted in them, and a complete one is told about."""

from __future__ import annotations

from uuid import UUID

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import catalog, notices
from webapp.photos.models import Batch, Photo, Status


def leave(photo: Photo) -> None:
    """Take a photo that was deleted or never arrived out of its batch, once, and tell if that completes it."""
    if photo.batch_id:
        notices.ask_if_due(catalog.leave_batch(photo.batch_id, photo.pk))
        Photo.objects.filter(pk=photo.pk).update(batch=None)


def count(batch_id: UUID | str, photo_id: UUID | str, status: str) -> None:
    """Count a photo's end in its batch, and tell if that completes it."""
    if batch_id:
        notices.ask_if_due(catalog.count_in_batch(batch_id, photo_id, status))


def restore(batch: Batch) -> bool:
    """Put a lost batch record again, of the photos whose rows still belong to it. False when there is one."""
    put = catalog.put_batch(batch, expected=batch.photos.exclude(status=Status.DELETING).count())
    notices.ask_if_due(_count_rows(batch))
    return put


def recount(batch: Batch, seen: contract.Batch) -> bool:
    """Count every end of a batch whose photos have all come to one, and tell. A photo that has no row any more, or
    was run again before it was counted, is waited for no longer. False when the batch changed meanwhile."""
    counted = _count_rows(batch) or seen
    closed = counted if counted.is_complete else catalog.expect_counted(counted)
    notices.ask_if_due(closed)
    return closed is not None


def _count_rows(batch: Batch) -> contract.Batch | None:
    """Count every end that the rows know of. Counted twice is counted once."""
    counted = None
    for photo_id, status in batch.photos.ended().values_list("pk", "status"):
        counted = catalog.count_in_batch(batch.pk, photo_id, status) or counted
    return counted
