"""What people throw away: out of sight and out of the counts at once, to be had back for a while, then deleted."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from webapp.photos import deletion
from webapp.photos.conf import kept_in_trash
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.index import drop_labels, index
from webapp.photos.models import Photo, PhotoQuerySet

logger = logging.getLogger(__name__)
AT_ONCE = 500


@transaction.atomic
def throw_away(*, owner: Any, photo_ids: Sequence[UUID]) -> list[Photo]:
    """Put a person's photos into their trash; returns those that were not there yet."""
    photos = list(Photo.objects.for_gallery(owner).filter(pk__in=photo_ids).order_by("pk").select_for_update())
    drop_labels(photos)
    for photo in photos:
        photo.trashed_at, photo.cleared = timezone.now(), False
    Photo.objects.bulk_update(photos, ["trashed_at", "cleared"])
    return photos


def restore(*, owner: Any, photo_ids: Sequence[UUID]) -> int:
    """Take a person's photos back out of their trash; how many. Where DynamoDB does not answer they come back without
    their labels, which follow when they are next looked at."""
    with transaction.atomic():
        photos = list(Photo.objects.in_trash(owner).filter(pk__in=photo_ids).order_by("pk").select_for_update())
        ids = [photo.pk for photo in photos]
        Photo.objects.filter(pk__in=ids).update(trashed_at=None)
    try:
        index(ids)
    except AWS_ERRORS:
        logger.exception("%s photos came back from the trash without their labels", len(ids))
    return len(ids)


def delete(*, owner: Any, photo_ids: Sequence[UUID]) -> int:
    """Begin to delete photos that are in a person's trash, some hundreds at most; how many."""
    return _delete_some(Photo.objects.in_trash(owner).filter(pk__in=photo_ids), by=owner)


def empty_of(*, owner: Any, until: datetime | None = None) -> tuple[int, int]:
    """Begin to delete what a person's trash holds now, or held at `until`: the first at once, out of their sight; the
    rest by a task. How many go, and how many stay in the trash because the queue does not take that."""
    from webapp.photos.tasks import empty_trash_of  # which imports this module

    moment = until or timezone.now()
    trashed = Photo.objects.in_trash(owner).filter(trashed_at__lte=moment)
    gone = _delete_some(trashed, by=owner)
    rest = trashed.count() if gone == AT_ONCE else 0
    if not rest:
        return gone, 0
    try:
        empty_trash_of.delay(str(owner.pk), moment.isoformat())
    except (*AWS_ERRORS, OperationalError):
        logger.exception("the rest of the trash of %s is left in it", owner.pk)
        return gone, rest
    return gone + rest, 0


def empty() -> int:
    """Begin to delete what was in a trash for long enough, some hundreds at a time; how many."""
    return _delete_some(Photo.objects.trashed_before(timezone.now() - kept_in_trash()))


@transaction.atomic
def _delete_some(trashed: PhotoQuerySet, *, by: Any = None) -> int:
    # Locked in the order of ids, as everybody locks photos, and asked again: one may have been restored meanwhile.
    ids = [photo.pk for photo in trashed.only("pk")[:AT_ONCE]]
    photos = list(trashed.filter(pk__in=ids).order_by("pk").select_for_update())
    deletion.begin(photos, by=by)
    return len(photos)
