"""Running a photo again: asked for in its record first, then started."""

from __future__ import annotations

import logging
from enum import StrEnum

from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import catalog, runs
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.index import index
from webapp.photos.models import Photo
from webapp.photos.originals import StoredOriginal, find

logger = logging.getLogger(__name__)


class Rerun(StrEnum):
    """What became of asking. The value is a sentence for whoever asked."""

    ASKED = "It is being processed again."
    BUSY = "It is being processed already."
    NO_ORIGINAL = "The original is not there, so it cannot be processed again. Upload the photo anew."


def rerun(photo: Photo) -> Rerun:
    """Process a photo that has reached an end once more, from its original."""
    record = catalog.get(photo)
    if record is None or record.status == contract.Status.DELETING or catalog.is_open(record):
        return Rerun.BUSY
    original = find(photo.key)
    if original is None:
        return Rerun.NO_ORIGINAL
    return Rerun.ASKED if run_again(photo, record, original, attempt=record.attempt + 1) else Rerun.BUSY


def run_again(photo: Photo, seen: contract.Photo, original: StoredOriginal, *, attempt: int) -> bool:
    """Ask for an attempt and start it, or the next one whose name was not used before. False when the record is no
    longer as `seen`, or no name is left; the sweep then goes on from the last one."""
    asked = seen
    for number in range(attempt, attempt + contract.MAX_ATTEMPTS):
        run = _run(photo, original, attempt=number)
        answer = catalog.request_run(asked, run)
        if answer is None:
            return False
        asked = answer
        if number == attempt:
            _note_in_row(photo, seen)
        if _start(run):
            return True
    return False


def _run(photo: Photo, original: StoredOriginal, *, attempt: int) -> contract.Run:
    return contract.new_run(
        owner_id=str(photo.owner_id),
        photo_id=str(photo.pk),
        key=photo.key,
        etag=original.etag,
        version_id=original.version_id,
        attempt=attempt,
    )


def _note_in_row(photo: Photo, seen: contract.Photo) -> None:
    # A photo that had reached an end leaves its batch, as its record does: it has been told.
    leaves = {"batch": None} if seen.status in contract.TERMINAL else {}
    Photo.objects.filter(pk=photo.pk).update(waiting_since=timezone.now(), **leaves)
    index([photo.pk])


def _start(run: contract.Run) -> bool:
    try:
        return runs.start(run)
    except AWS_ERRORS:
        logger.exception("run %s was asked for and not started; the sweep goes on from there", run.run_id)
        return True
