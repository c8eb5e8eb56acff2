"""What the worker does for photos. Tasks take ids, and every one may run twice."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from celery import shared_task
from django.contrib.auth import get_user_model

from webapp.photos import catalog, deletion, places, trash
from webapp.photos.errors import OUT_OF_TIME
from webapp.photos.index import index_seen, note_progress
from webapp.photos.models import Photo, PlacesToForget, Status
from webapp.photos.sweep import sweep as settle_everything

logger = logging.getLogger(__name__)
INDEXED_AT_ONCE = 500
PAGES_AT_ONCE = 50


@shared_task
def index_photos() -> int:
    """Index the open photos, newest first, that have come to an end; how many. Notes of the others how far they are."""
    photos = list(Photo.objects.open().order_by("-pk")[:INDEXED_AT_ONCE])
    records = catalog.get_many(photos)
    note_progress(photos, records)
    return len(index_seen(photos, records))


@shared_task
def sweep() -> dict[str, int]:
    return dict(settle_everything())


@shared_task
def delete_photos(photo_ids: Sequence[str]) -> None:
    """Erase photos that are being deleted. One that cannot be erased now is left to the sweep."""
    for photo in Photo.objects.filter(pk__in=photo_ids, status=Status.DELETING):
        try:
            deletion.finish(photo)
        except OUT_OF_TIME:
            raise
        except Exception:
            logger.exception("photo %s could not be erased", photo.pk)


@shared_task
def empty_trash_of(owner_id: str, until: str) -> None:
    """Delete what a person's trash held at `until` (ISO 8601), some hundreds at a time."""
    owner = get_user_model().objects.filter(pk=owner_id).first()
    if owner is not None:
        trash.empty_of(owner=owner, until=datetime.fromisoformat(until))


@shared_task
def empty_trash() -> int:
    """Delete photos that were in a trash for long enough, some hundreds of them, and hand the rest on; how many."""
    count = trash.empty()
    if count == trash.AT_ONCE:
        empty_trash.delay()
    return count


@shared_task
def forget_places(owner_id: str) -> None:
    """Forget where a person's photos were taken, some thousands of them, and hand the rest on."""
    for _ in range(PAGES_AT_ONCE):
        if not places.forget_some(UUID(owner_id)):
            return
    forget_places.delay(owner_id)


@shared_task
def forget_waiting_places() -> None:
    """Set going what is left to forget: a task that broke, or that the queue did not take."""
    for owner_id in PlacesToForget.objects.values_list("pk", flat=True)[:INDEXED_AT_ONCE]:
        forget_places.delay(str(owner_id))
