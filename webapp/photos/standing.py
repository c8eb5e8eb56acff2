"""Photos that are on their way, or could not be processed: few, and counted above every gallery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, Subquery, Value, When
from django.db.models.functions import Coalesce

from webapp.photos.models import Photo, PhotoQuerySet
from webapp.photos.selection import FAILED, PROCESSING, STATUSES

LOOKED_AT = 100
COLUMNS = ("file_name", "status", "reason_code", "reason_text", "attempt", "timeline_at", "uploaded_at", "indexed_at")
FAILED_AT = Coalesce("indexed_at", "uploaded_at")  # rows learn of their ends by being indexed


@dataclass(frozen=True)
class Standing:
    """The `LOOKED_AT` photos of a person that failed or were refused last, and how many there are by each of
    `STATUSES` that any have."""

    failed: list[Photo]
    counts: Mapping[str, int]


def standing(owner: Any) -> Standing:
    """One query: whichever photo it finds brings both counts along."""
    counted = {f"{name}_count": Subquery(_count(_photos(owner, name))) for name in (FAILED, PROCESSING)}
    last = Case(When(status__in=STATUSES[FAILED], then=Value(0)), default=Value(1))
    some = _photos(owner, FAILED, PROCESSING).annotate(**counted)
    found = list(some.only(*COLUMNS).order_by(last, FAILED_AT.desc(), "-pk")[:LOOKED_AT])
    counts = {name: getattr(found[0], f"{name}_count") or 0 for name in (PROCESSING, FAILED) if found}
    return Standing(
        [photo for photo in found if photo.status in STATUSES[FAILED]],
        {name: count for name, count in counts.items() if count},
    )


def _photos(owner: Any, *names: str) -> PhotoQuerySet:
    return Photo.objects.for_gallery(owner).filter(status__in=[status for name in names for status in STATUSES[name]])


def _count(photos: PhotoQuerySet) -> Any:
    return photos.order_by().values("owner").annotate(count=Count("pk")).values("count")
