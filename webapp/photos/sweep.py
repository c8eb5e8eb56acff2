"""The sweep: whatever has not come to an end in time is looked up, and set going again or closed.

Lost events, executions that died, a worker that was killed, uploads that were abandoned, deletions that stopped half
way (`orphans`). Every write carries the condition that the record is still as it was seen, so two sweeps at once do no
more than one.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from itertools import islice
from uuid import UUID

from django.dispatch import Signal
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from webapp.costs import spending
from webapp.photos import batches, catalog, clock, deletion, notices, originals, orphans, runs
from webapp.photos.conf import abandoned_after, functions_end_within, sweep_after
from webapp.photos.index import index
from webapp.photos.lost_runs import lost_step
from webapp.photos.models import Batch, Photo, Status
from webapp.photos.reruns import run_again
from webapp.photos.steps import Step, Undone, settle_each

logger = logging.getLogger(__name__)
PAGE = 100
UNTOLD = 500
swept = Signal()  # behind each sweep that was not dry: began, done


def sweep(*, dry_run: bool = False) -> Counter[str]:
    """Settle every photo and batch that is due, and the next orphans; returns how often what was done.

    A dry run only reads, and returns what would be done.
    """
    now = timezone.now()
    before = now - sweep_after()
    done = Counter(orphans.open_again(now=now, dry_run=dry_run))
    for photos in _pages(before):
        done.update(_settle_photos(photos, now=now, dry_run=dry_run))
    done.update(_settle_batches(before, dry_run=dry_run))
    done.update(orphans.clear(now=now, dry_run=dry_run))
    if done and not dry_run:
        logger.info("swept: %s", ", ".join(f"{count} {what}" for what, count in sorted(done.items())))
    if not dry_run:
        swept.send_robust(sender=sweep, began=now, done=done)
    return done


# --- Photos ----------------------------------------------------------------------------------------------------------


def _pages(before: datetime) -> Iterator[list[Photo]]:
    last = UUID(int=0)
    while photos := list(Photo.objects.waiting_since_before(before).filter(pk__gt=last)[:PAGE]):
        last = photos[-1].pk  # before the page is worked on: what is deleted loses its id
        yield photos


def _settle_photos(photos: list[Photo], *, now: datetime, dry_run: bool) -> Iterator[str]:
    return settle_each(
        photos,
        look_up=partial(catalog.get_many, consistent=True),
        settle=partial(settle, now=now, dry_run=dry_run),
        otherwise=Undone.PHOTOS,
    )


def settle(photo: Photo, record: contract.Photo | None, *, now: datetime, dry_run: bool = False) -> str:
    """Do the next thing for a photo that waits, and say what it was."""
    if photo.status == Status.DELETING:
        step = Step("photos deleted", partial(deletion.finish, photo), "photos about to be deleted")
        return step.take(dry_run=dry_run)
    if record is None:
        record = catalog.record_of(photo) if dry_run else _put_again(photo)
    if record is None:
        return "photos without a record"
    return _next_step(photo, record, now=now).take(dry_run=dry_run)


def _put_again(photo: Photo) -> contract.Photo | None:
    catalog.put_photo(photo)
    return None if deletion.undo_if_deleted(photo) else catalog.get(photo)


def _next_step(photo: Photo, record: contract.Photo, *, now: datetime) -> Step:
    if not catalog.is_open(record):
        return Step("photos indexed", lambda: bool(index([photo.pk])))
    run_id = catalog.awaited_run(record) or record.run_id
    if not run_id:
        return _first_run(photo, record, now=now)
    execution = runs.look_up(run_id)
    if execution is not None and execution.status == runs.RUNNING:
        return Step("photos still running")
    return _next_run(photo, record, lost=lost_step(record, execution))


def _first_run(photo: Photo, record: contract.Photo, *, now: datetime) -> Step:
    original = originals.find(photo.key)
    if original is not None:
        return Step("photos set going", partial(run_again, photo, record, original, attempt=record.attempt))
    if photo.waiting_since >= now - abandoned_after():
        return Step("photos not arrived yet")
    return _closing(photo, record, contract.Failure.DID_NOT_ARRIVE)


def _next_run(photo: Photo, record: contract.Photo, *, lost: contract.Step) -> Step:
    if record.attempt - record.asked_attempts >= contract.MAX_ATTEMPTS:
        return _closing(photo, record, contract.Failure.STOPPED, lost=lost)
    original = originals.find(photo.key)
    if original is None:
        return _closing(photo, record, contract.Failure.DID_NOT_ARRIVE, lost=lost)
    again = partial(run_again, photo, record, original, attempt=record.attempt + 1, lost=lost)
    return Step("photos run again", again)


def _closing(photo: Photo, record: contract.Photo, why: contract.Failure, *, lost: contract.Step | None = None) -> Step:
    return Step("photos closed", partial(_close, photo, record, why, lost))


def _close(photo: Photo, record: contract.Photo, why: contract.Failure, lost: contract.Step | None) -> bool:
    closed = catalog.close(record, contract.reason(why), lost=lost)
    if closed is not None and photo.batch_id:
        batches.count(photo.batch_id, photo.pk, closed.status)
    index([photo.pk])
    return closed is not None


# --- Batches ---------------------------------------------------------------------------------------------------------


def _settle_batches(before: datetime, *, dry_run: bool) -> Iterator[str]:
    return settle_each(
        _awake(before),
        look_up=catalog.get_batches,
        settle=partial(settle_batch, dry_run=dry_run),
        otherwise=Undone.BATCHES,
    )


def _awake(before: datetime) -> list[Batch]:
    """Some of those that nobody was told of, without people's whose quiet hours it is: that would come to nothing, and
    be asked for each minute of a night."""
    untold, now = Batch.objects.untold(before).select_related("owner__preferences"), timezone.now()
    return list(islice((batch for batch in untold if not batch.is_quiet(now)), UNTOLD))


def settle_batch(batch: Batch, record: contract.Batch | None, *, dry_run: bool = False) -> str:
    """See to it that a batch is told about, and say what was done."""
    return _next_step_of_batch(batch, record).take(dry_run=dry_run)


def _next_step_of_batch(batch: Batch, record: contract.Batch | None) -> Step:
    changed = "batches changed meanwhile"
    if batch.is_open:
        return _next_step_of_open_batch(batch)
    if record is None:
        return Step("batches put again", partial(batches.restore, batch), changed)
    if record.expected > 0 and not record.is_complete:
        if batch.photos.exclude(status__in=contract.TERMINAL).exists():
            return Step("batches still open")
        return Step("batches counted again", partial(batches.recount, batch, record), changed)
    if record.expected > 0 and record.is_due:
        return Step("notices asked for", partial(notices.ask_if_due, record), changed)
    if _is_being_sent(record):
        return Step("notices being sent")
    return Step("batches settled", partial(_note_told, batch, record), changed)


def _next_step_of_open_batch(batch: Batch) -> Step:
    if batches.is_idle(batch, since=timezone.now() - abandoned_after()):
        return Step("batches closed", partial(batches.close, batch), "batches changed meanwhile")
    return Step("batches still open")


def _is_being_sent(record: contract.Batch) -> bool:
    """Claimed by a function that may still run, and that releases the claim if the notice is refused."""
    claimed = clock.parse(record.claimed_at)
    return not record.sent_at and claimed is not None and timezone.now() < claimed + functions_end_within()


def _note_told(batch: Batch, record: contract.Batch) -> bool:
    spending.note_batch(batch, record)
    return bool(Batch.objects.filter(pk=batch.pk).update(told=True))
