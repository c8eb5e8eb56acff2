"""Running a photo again: asked for in its record first, then started."""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import StrEnum

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import catalog, runs
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.index import index
from webapp.photos.lost_runs import lost_step
from webapp.photos.models import Photo, Status
from webapp.photos.originals import StoredOriginal, find

logger = logging.getLogger(__name__)


class Rerun(StrEnum):
    """What became of asking. `text` says it to whoever asked."""

    ASKED = gettext_noop("It is being processed again.")
    BUSY = gettext_noop("It is being processed already.")
    NOT_FAILED = gettext_noop("Only a failed photo can be tried again.")
    TRIED_SINCE = gettext_noop("It was tried again since you opened the page. This is how that ended.")
    NO_ORIGINAL = gettext_noop("The original is not there, so it cannot be processed again. Upload the photo anew.")
    NO_ANSWER = gettext_noop("This could not be done right now, and nothing was changed. Try again in a minute.")

    @property
    def text(self) -> str:
        return _(self.value)


def rerun(photo: Photo) -> Rerun:
    """Process a photo that has reached an end once more, from its original."""
    return _answered(photo, lambda: _rerun(photo, catalog.get(photo)))


def retry(photo: Photo, *, shown_attempt: str = "") -> Rerun:
    """The owner's own: for a failed photo, and once from one page, whose last attempt was `shown_attempt` (empty where
    that is not known). A photo that was refused would be refused again."""

    def ask() -> Rerun:
        record = catalog.get(photo)
        if record is None or catalog.is_open(record):
            return Rerun.BUSY
        if record.status != contract.Status.FAILED:
            return Rerun.NOT_FAILED
        if shown_attempt not in ("", str(record.attempt)):
            return Rerun.TRIED_SINCE
        return _rerun(photo, record)

    return _answered(photo, ask)


def _answered(photo: Photo, ask: Callable[[], Rerun]) -> Rerun:
    try:
        return ask()
    except AWS_ERRORS:
        logger.exception("photo %s could not be asked to run again", photo.pk)
        return Rerun.NO_ANSWER


def _rerun(photo: Photo, record: contract.Photo | None) -> Rerun:
    if record is None or record.status == contract.Status.DELETING or catalog.is_open(record):
        return Rerun.BUSY
    original = find(photo.key)
    if original is None:
        return Rerun.NO_ORIGINAL
    went = run_again(photo, record, original, attempt=record.attempt + 1, by_person=True)
    return Rerun.ASKED if went else Rerun.BUSY


def run_again(
    photo: Photo,
    seen: contract.Photo,
    original: StoredOriginal,
    *,
    attempt: int,
    lost: contract.Step | None = None,
    by_person: bool = False,
) -> bool:
    """Ask for an attempt and start it, or the next one whose name was not used before. False when the record is no
    longer as `seen`, or no name is left. `lost` is what became of the run before, if that died.

    Raises `AWS_ERRORS` where the attempt could not be asked for; once it was, the sweep goes on from there.
    """
    run = _run(photo, original, attempt=attempt)
    asked = catalog.request_run(seen, run, lost=lost, by_person=by_person) or _asked_before(photo, run)
    if asked is None:
        return False
    _note_in_row(photo, seen)
    try:
        return runs.start(run) or _take_next_name(photo, asked, original, by_person=by_person)
    except AWS_ERRORS:
        logger.exception("run %s was asked for and not started; the sweep goes on from there", run.run_id)
        return True


def _asked_before(photo: Photo, run: contract.Run) -> contract.Photo | None:
    """The record, if it asks for this very run: the answer to the first try was lost, or two ask at once. Both may
    start it, since it has one name."""
    record = catalog.get(photo)
    return record if record and catalog.awaited_run(record) == run.run_id else None


def _take_next_name(photo: Photo, asked: contract.Photo, original: StoredOriginal, *, by_person: bool) -> bool:
    for number in range(asked.attempt + 1, asked.attempt + contract.MAX_ATTEMPTS):
        run = _run(photo, original, attempt=number)
        lost = lost_step(asked, runs.look_up(asked.requested_run))
        answer = catalog.request_run(asked, run, lost=lost, by_person=by_person)
        if answer is None:
            return False
        if runs.start(run):
            return True
        asked = answer
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
    # A photo that had reached an end leaves its batch, as its record does: it has been told. The row is open from here,
    # whatever becomes of the rest, so that the sweep looks at it.
    leaves = {"batch": None} if seen.status in contract.TERMINAL else {}
    opened = {"status": Status.PROCESSING, "cleared": False, "waiting_since": timezone.now()}
    Photo.objects.kept().filter(pk=photo.pk).update(**opened, **leaves)
    try:
        index([photo.pk])
    except AWS_ERRORS:
        logger.exception("photo %s runs again, and its labels are in the index until it ends", photo.pk)
