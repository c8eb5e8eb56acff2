"""Photos that did not come to a good end, by cause, and trying them again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max

from webapp.photos.models import Photo, PhotoQuerySet, Status
from webapp.photos.reruns import Rerun, rerun

TOGETHER = 100


@dataclass(frozen=True)
class Cause:
    """A reason's code, how many photos have it, and the newest of them."""

    code: str
    status: str
    count: int
    newest: datetime
    example: Photo | None


def causes() -> list[Cause]:
    """Why photos failed or were refused, the most frequent first."""
    found = Photo.objects.filter(status__in=[Status.FAILED, Status.REJECTED], trashed_at=None)
    grouped = found.values_list("reason_code", "status").annotate(count=Count("pk"), newest=Max("uploaded_at"))
    return [
        Cause(code, str(Status(status).label), count, newest, of_cause(code).first())
        for code, status, count, newest in grouped.order_by("-count", "reason_code")
    ]


def of_cause(code: str) -> PhotoQuerySet:
    """The photos of a cause, newest first."""
    ended = [Status.FAILED, Status.REJECTED]
    photos = Photo.objects.filter(status__in=ended, reason_code=code, trashed_at=None)
    return photos.select_related("owner").order_by("-pk")


def run_again(photos: Iterable[Photo]) -> Counter[Rerun]:
    """Have photos processed once more; how often what became of it."""
    return Counter(rerun(photo) for photo in photos)


def run_some_again(code: str, *, until: datetime, after: UUID) -> UUID | None:
    """Have the next photos of a cause processed once more, that had failed by `until`; the last of them, for the next
    call to go on behind, or None when there are no more."""
    photos = list(of_cause(code).filter(indexed_at__lte=until, pk__gt=after).order_by("pk")[:TOGETHER])
    run_again(photos)
    return photos[-1].pk if len(photos) == TOGETHER else None
