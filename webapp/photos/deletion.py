"""Deleting photos: marked in SQL at once, erased by a task, resumed by the sweep. The row goes last."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import batches, catalog, originals, runs
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.index import drop_labels
from webapp.photos.models import Photo, Status

logger = logging.getLogger(__name__)


def begin(photos: Iterable[Photo]) -> None:
    """Take photos away from their owner's sight and counts, and have them erased."""
    ids = [str(photo.pk) for photo in photos if mark(photo)]
    transaction.on_commit(partial(_hand_over, ids))


@transaction.atomic
def mark(photo: Photo) -> bool:
    """Note in SQL that a photo is to go. False when that was noted before."""
    row = Photo.objects.select_for_update().filter(pk=photo.pk).exclude(status=Status.DELETING).first()
    if row is None:
        return False
    drop_labels(row)
    row.status, row.cleared, row.waiting_since = Status.DELETING, False, timezone.now()
    row.save(update_fields=("status", "cleared", "waiting_since"))
    return True


def _hand_over(ids: Sequence[str]) -> None:
    from webapp.photos.tasks import delete_photos  # which imports this module

    for photo in Photo.objects.filter(pk__in=ids):
        with _left_to_the_sweep(ids):
            shut(photo)
    with _left_to_the_sweep(ids):
        delete_photos.delay(list(ids))


@contextmanager
def _left_to_the_sweep(ids: Sequence[str]) -> Iterator[None]:
    try:
        yield
    except (*AWS_ERRORS, OperationalError):
        logger.exception("what is left of %s goes with the sweep", ", ".join(ids))


def shut(photo: Photo) -> None:
    """Shut the fence of every run, and leave the batch. Remembers which run to stop before the record forgets it."""
    record = catalog.get(photo)
    if record is not None and record.status != contract.Status.DELETING:
        photo.run_id = catalog.awaited_run(record) or record.run_id
        photo.save(update_fields=("run_id",))
        catalog.begin_delete(photo)
    batches.leave(photo)


def finish(photo: Photo) -> None:
    """Erase a photo that is being deleted. Every step may be repeated, so it resumes by starting over."""
    shut(photo)
    if photo.run_id:
        runs.stop(photo.run_id)
    originals.erase_renditions(contract.photo_prefix(str(photo.owner_id), str(photo.pk)))
    originals.erase_original(photo.key)
    catalog.erase(photo)
    photo.delete()
