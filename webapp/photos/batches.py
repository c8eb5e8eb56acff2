"""Batches: photos join and leave them, ends are counted in them, and a complete one is told about.

One that is open may grow: its record expects as many photos as a batch may have, so that nobody takes it for complete.
When nothing more will come it is closed, once and for good, in SQL first: from then on no photo joins, and its record
is told how many there are.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import catalog, notices
from webapp.photos.models import Batch, Photo

TRIES = 3


def begin(*, owner: Any) -> Batch:
    """An open batch without photos. It has no record until the first one joins."""
    return Batch.objects.create(owner=owner, created_at=timezone.now(), expected=0, is_open=True)


def put(batch: Batch) -> bool:
    """Put a batch's record, if there is none. False when there is."""
    # What is being deleted has yet to leave, as long as its row belongs to the batch.
    return catalog.put_batch(batch, expected=contract.MAX_BATCH if batch.is_open else batch.photos.count())


def close(batch: Batch) -> bool:
    """Nothing more will come: let the batch expect the photos that it has, and tell if that completes it. Safe to
    repeat. False when it changed too often meanwhile; the sweep does it then."""
    batch.is_open = False
    batch.save(update_fields=("is_open",))
    return any(_expect_members(batch) for _ in range(TRIES))


def _expect_members(batch: Batch) -> bool:
    seen = catalog.get_batches([batch]).get(batch.pk)
    if seen is None:
        return restore(batch)
    # Read after the record: who left meanwhile has changed what it expects, and this is refused.
    members = {str(pk) for pk in batch.photos.values_list("pk", flat=True)} | seen.counted
    expected = len(members - seen.gone)
    closed = seen if expected == seen.expected else catalog.expect(seen, expected)
    notices.ask_if_due(closed)
    return closed is not None


def is_idle(batch: Batch, *, since: datetime) -> bool:
    """Whether an open batch was begun before `since`, and nothing was sent or about to be sent since then."""
    return batch.created_at < since and not batch.photos.filter(waiting_since__gte=since).exists()


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
    was_put = put(batch)
    notices.ask_if_due(_count_rows(batch))
    return was_put


def recount(batch: Batch, seen: contract.Batch) -> bool:
    """Count every end of a batch whose photos have all come to one, and tell. A photo that has no row any more, or
    was run again before it was counted, is waited for no longer. False when the batch changed meanwhile."""
    counted = _count_rows(batch) or seen
    closed = counted if counted.is_complete else catalog.expect(counted, len(counted.counted))
    notices.ask_if_due(closed)
    return closed is not None


def _count_rows(batch: Batch) -> contract.Batch | None:
    """Count every end that the rows know of. Counted twice is counted once."""
    counted = None
    for photo_id, status in batch.photos.ended().values_list("pk", "status"):
        counted = catalog.count_in_batch(batch.pk, photo_id, status) or counted
    return counted
