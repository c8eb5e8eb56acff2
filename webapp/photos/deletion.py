"""Deleting photos: marked in SQL at once, erased by a task, resumed by the sweep. The row goes last."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from pipeline_lambdas.photo_pipeline import contract
from webapp.costs import spending
from webapp.photos import analyses, batches, catalog, notices, originals, runs
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.index import drop_labels
from webapp.photos.models import Photo, Status
from webapp.review import log

logger = logging.getLogger(__name__)
SHUT_AT_ONCE = 20  # photos a request waits for
TOGETHER = 100  # photos a task: done within its time limit, and small enough for a message of the queue


def begin(photos: Iterable[Photo], *, by: Any = None) -> None:
    """Take photos away from their owner's sight and counts, and have them erased; `by` whom, where somebody asked."""
    ids = [str(photo_id) for photo_id in mark(*photos, by=by)]
    transaction.on_commit(partial(_hand_over, ids))


@transaction.atomic
def mark(*photos: Photo, by: Any = None) -> list[UUID]:
    """Note in SQL that photos are to go; the ids of those of which that was not noted before."""
    some = Photo.objects.kept().filter(pk__in=[photo.pk for photo in photos])
    rows = list(some.order_by("pk").select_for_update())
    drop_labels(rows)
    log.note_deleted(rows, by=by)
    ids = [row.pk for row in rows]
    Photo.objects.filter(pk__in=ids).update(status=Status.DELETING, cleared=False, waiting_since=timezone.now())
    return ids


def _hand_over(ids: Sequence[str]) -> None:
    from webapp.photos.tasks import delete_photos  # which imports this module

    for photo in Photo.objects.filter(pk__in=ids[:SHUT_AT_ONCE]):  # the task shuts the others, before anything else
        with _left_to_the_sweep([str(photo.pk)]):
            shut(photo)
    for at in range(0, len(ids), TOGETHER):
        with _left_to_the_sweep(ids[at : at + TOGETHER]):
            delete_photos.delay(list(ids[at : at + TOGETHER]))


@contextmanager
def _left_to_the_sweep(ids: Sequence[str]) -> Iterator[None]:
    try:
        yield
    except (*AWS_ERRORS, OperationalError):
        logger.exception("what is left of %s goes with the sweep", ", ".join(ids))


def shut(photo: Photo) -> None:
    """Shut the fence of every run, and leave the batch. Remembers which run to stop before the record forgets it."""
    record = catalog.get(photo)
    spending.note([photo], {photo.pk: record} if record else {})
    if record is not None and record.status != contract.Status.DELETING:
        _remember_run(photo, record)
        before = catalog.begin_delete(photo)
        if before is not None and before.status != contract.Status.DELETING:  # a run may have claimed it in between
            _remember_run(photo, before)
            spending.note([photo], {photo.pk: before})
    batches.leave(photo)


def _remember_run(photo: Photo, record: contract.Photo) -> None:
    # A run that has stored its result writes no more, and may still have the batch to tell about.
    photo.run_id = catalog.awaited_run(record) or (record.run_id if record.status in contract.OPEN else "")
    photo.save(update_fields=("run_id",))


def finish(photo: Photo) -> bool:
    """Erase a photo that is being deleted. Every step may be repeated, so it resumes by starting over.

    False while a run may still write: the row then stays, and the sweep comes back to it.
    """
    shut(photo)
    if photo.run_id and runs.stop(photo.run_id):
        Photo.objects.filter(pk=photo.pk).update(waiting_since=timezone.now())
        return False
    _erase(photo, note=partial(spending.note_paid, photo))
    with transaction.atomic():
        spending.forget_photo(photo.pk)
        photo.delete()
    return True


def undo_if_deleted(photo: Photo) -> bool:
    """Erase what was written for a photo while it was being deleted: who deleted it may have been done before that.
    Whether it was."""
    if Photo.objects.kept().filter(pk=photo.pk).exists():
        return False
    _erase(photo)
    return True


def _erase(photo: Photo, **forgetting: Any) -> None:
    originals.erase_renditions(contract.photo_prefix(str(photo.owner_id), str(photo.pk)))
    originals.erase_original(photo.key)
    analyses.forget(photo, **forgetting)
    catalog.erase(photo)


def erase_without_row(owner_id: UUID, photo_id: UUID, *, key: str = "") -> bool:
    """Erase what is left of a photo whose row is gone; `key` is its original's, if that is known.

    The objects go last: as long as one is there, the photo is found again. Safe to repeat. Of the original no version
    is erased: in a bucket that keeps them, what a database restored from an older copy does not know can be had back.
    """
    photo = Photo(pk=photo_id, owner_id=owner_id, key=key)
    record = catalog.begin_delete(photo)
    if record is not None and record.batch_id:
        notices.ask_if_due(catalog.leave_batch(record.batch_id, photo_id))
    analyses.forget(photo)
    catalog.erase(photo)
    originals.erase_renditions(contract.photo_prefix(str(owner_id), str(photo_id)))
    if original := key or (record.key if record else ""):
        originals.hide_original(original)
    return True
