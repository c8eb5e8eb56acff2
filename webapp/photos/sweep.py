"""The sweep: whatever has not come to an end in time is looked up, and set going again or closed.

Lost events, executions that died, a worker that was killed, uploads that were abandoned. Every write carries the
condition that the record is still as it was seen, so two sweeps at once do no more than one.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import batches, catalog, deletion, notices, originals, runs
from webapp.photos.conf import abandoned_after, sweep_after
from webapp.photos.index import index
from webapp.photos.models import Batch, Photo, Status
from webapp.photos.reruns import run_again

logger = logging.getLogger(__name__)
PAGE = 100
UNTOLD = 500


def sweep() -> Counter[str]:
    """Settle every photo and batch that is due; returns how often what was done."""
    now = timezone.now()
    before = now - sweep_after()
    done: Counter[str] = Counter()
    for photos in _pages(before):
        records = catalog.get_many(photos, consistent=True)
        done.update(_settle(photo, records.get(photo.pk), now=now) for photo in photos)
    done.update(_tell(before))
    if done:
        logger.info("swept: %s", ", ".join(f"{count} {what}" for what, count in sorted(done.items())))
    return done


def _pages(before: datetime) -> Iterator[list[Photo]]:
    last = UUID(int=0)
    while photos := list(Photo.objects.waiting_since_before(before).filter(pk__gt=last)[:PAGE]):
        last = photos[-1].pk  # before the page is worked on: what is deleted loses its id
        yield photos


def _settle(photo: Photo, record: contract.Photo | None, *, now: datetime) -> str:
    try:
        return settle(photo, record, now=now)
    except Exception:
        logger.exception("photo %s could not be settled", photo.pk)
        return "photos not settled"


def settle(photo: Photo, record: contract.Photo | None, *, now: datetime) -> str:
    """Do the next thing for a photo that waits, and say what it was."""
    if photo.status == Status.DELETING:
        return _said(deletion.finish(photo), "photos deleted", "photos about to be deleted")
    if record is None:
        record = _put_again(photo)
    if record is None:
        return "photos without a record"
    if not catalog.is_open(record):
        index([photo.pk])
        return "photos indexed"
    run_id = catalog.awaited_run(record) or record.run_id
    if not run_id:
        return _first_run(photo, record, now=now)
    if runs.status(run_id) == runs.RUNNING:
        return "photos still running"
    return _next_run(photo, record)


def _put_again(photo: Photo) -> contract.Photo | None:
    catalog.put_photo(photo)
    return None if deletion.undo_if_deleted(photo) else catalog.get(photo)


def _first_run(photo: Photo, record: contract.Photo, *, now: datetime) -> str:
    original = originals.find(photo.key)
    if original is not None:
        return _said(run_again(photo, record, original, attempt=record.attempt), "photos set going")
    abandoned = photo.waiting_since < now - abandoned_after()
    return _close(photo, record, contract.Failure.DID_NOT_ARRIVE) if abandoned else "photos not arrived yet"


def _next_run(photo: Photo, record: contract.Photo) -> str:
    if record.attempt >= contract.MAX_ATTEMPTS:
        return _close(photo, record, contract.Failure.STOPPED)
    original = originals.find(photo.key)
    if original is None:
        return _close(photo, record, contract.Failure.DID_NOT_ARRIVE)
    return _said(run_again(photo, record, original, attempt=record.attempt + 1), "photos run again")


def _close(photo: Photo, record: contract.Photo, why: contract.Failure) -> str:
    closed = catalog.close(record, contract.reason(why))
    if closed is not None and photo.batch_id:
        batches.count(photo.batch_id, photo.pk, closed.status)
    index([photo.pk])
    return _said(closed is not None, "photos closed")


def _said(done: bool, what: str, otherwise: str = "photos changed meanwhile") -> str:
    return what if done else otherwise


# --- Batches ---------------------------------------------------------------------------------------------------------


def _tell(before: datetime) -> Iterator[str]:
    untold = list(Batch.objects.untold(before)[:UNTOLD])
    records = catalog.get_batches(untold)
    for batch in untold:
        try:
            yield settle_batch(batch, records.get(batch.pk))
        except Exception:
            logger.exception("batch %s could not be settled", batch.pk)
            yield "batches not settled"


def settle_batch(batch: Batch, record: contract.Batch | None) -> str:
    """See to it that a batch is told about, and say what was done."""
    if record is None:
        batches.restore(batch)
        batches.recount(batch)
        return "batches put again"
    if record.expected > 0 and not record.is_complete:
        return _recount_if_ended(batch)
    if notices.ask_if_due(record):
        return "notices asked for"
    batch.told = True
    batch.save(update_fields=("told",))
    return "batches settled"


def _recount_if_ended(batch: Batch) -> str:
    if batch.photos.open().exists():
        return "batches still open"
    batches.recount(batch)
    return "batches counted again"
