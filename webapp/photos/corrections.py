"""What an owner says of labels: first into the photo's record, where no analysis touches it, then into the index, so
that search, chips and counts agree at once."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import catalog
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.index import index
from webapp.photos.models import LabelCount, Photo, Status

logger = logging.getLogger(__name__)


class Correction(StrEnum):
    """What became of a correction. `text` says it to whoever made it."""

    DONE = gettext_noop("It is saved.")
    NOT_READY = gettext_noop("Labels can be corrected once the photo is ready.")
    TOO_MANY = gettext_noop("This photo has %(most)d labels of yours already. Remove one to add another.")
    CHANGED = gettext_noop("This photo changed meanwhile. Look at it again, then say what to correct.")

    @property
    def text(self) -> str:
        return _(self.value) % {"most": contract.MAX_ADDED_LABELS}


def deny(*, photo: Photo, name: str) -> Correction:
    """Show `name`, which the analysis found, on this photo no more, whatever a later one finds. A name that is not on
    it changes nothing, so that no more is ever denied than was found."""
    record = _ready(photo)
    if record is None:
        return Correction.NOT_READY
    if name not in {label.name for label in record.labels}:
        return _done(photo, catalog.uncorrect_label(photo, name) if name in record.added_labels else record)
    return _done(photo, catalog.deny_label(photo, name))


def add(*, photo: Photo, name: str) -> Correction:
    """Show `name` on this photo, or the label that its owner has already and that differs from it in case alone."""
    record = _ready(photo)
    if record is None:
        return Correction.NOT_READY
    name = _as_known(name, photo.owner_id, _names_of(record))
    if name in record.added_labels:
        return _done(photo, record)
    if len(record.added_labels) >= contract.MAX_ADDED_LABELS:
        return Correction.TOO_MANY
    return _done(photo, catalog.add_label(photo, name))


def add_to_many(*, owner: Any, photos: Sequence[Photo], name: str) -> int:
    """Show `name` on those of a person's photos that are ready and have room for it; how many show it now.

    Raises `AWS_ERRORS` where not all of it could be saved; what was, stays.
    """
    name, records = _as_known(name, owner.pk), catalog.get_many(photos)
    ready = [photo for photo in photos if photo.pk in records and _takes(records[photo.pk], name)]
    labelled: list[UUID] = []
    try:
        labelled += (photo.pk for photo in ready if catalog.add_label(photo, name))
    finally:
        _index_if_possible(labelled)
    return len(labelled)


def _takes(record: contract.Photo, name: str) -> bool:
    has_room = name in record.added_labels or len(record.added_labels) < contract.MAX_ADDED_LABELS
    return has_room and catalog.status_of(record) == Status.READY


def take_back(*, photo: Photo, name: str) -> Correction:
    """Forget what was said of `name`: the photo shows again what the analysis says."""
    if _ready(photo) is None:
        return Correction.NOT_READY
    return _done(photo, catalog.uncorrect_label(photo, name))


def _ready(photo: Photo) -> contract.Photo | None:
    record = catalog.get(photo)
    return record if record and catalog.status_of(record) == Status.READY else None


def _names_of(record: contract.Photo) -> list[str]:
    return [*sorted(record.added_labels), *(label.name for label in record.labels), *sorted(record.denied_labels)]


def _as_known(typed: str, owner_id: Any, of_photo: Iterable[str] = ()) -> str:
    """The name as this photo has it, or the most photos of its owner; as typed when none does."""
    names = [*of_photo, *(name for name, _count in LabelCount.objects.top(owner_id, limit=None))]
    alike = [name for name in names if name.casefold() == typed.casefold()]
    return typed if typed in alike or not alike else alike[0]


def _done(photo: Photo, record: contract.Photo | None) -> Correction:
    if record is None:
        return Correction.CHANGED
    _index_if_possible([photo.pk])
    return Correction.DONE


def _index_if_possible(photo_ids: Sequence[UUID]) -> None:
    try:
        index(photo_ids)
    except (*AWS_ERRORS, DatabaseError):  # said and kept: whoever next sees the photo indexes it, see index.disagrees
        logger.exception("corrections of %s are not indexed yet", ", ".join(map(str, photo_ids)))
