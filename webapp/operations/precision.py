"""How right the model is about each label, as far as owners have said so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import catalog
from webapp.photos.models import LabelCount, Photo, Status

from .models import LabelPrecision

TOGETHER = 100
SHOWN = 200


def worst(limit: int = SHOWN) -> list[LabelPrecision]:
    """Labels that somebody said something of: those with the greatest part denied first, then the most denied."""
    rows = LabelPrecision.objects.exclude(denied=0, added=0)
    return sorted(rows, key=lambda row: (-row.denied / max(row.found, 1), -row.denied, -row.added, row.name))[:limit]


def count_corrections() -> int:
    """Count anew; how many labels. Of corrected photos alone the records are read. Raises `AWS_ERRORS`."""
    denied, added = Counter[str](), Counter[str]()
    for record in _corrected():
        found = {label.name for label in record.labels}
        denied.update(record.denied_labels & found)
        added.update(record.added_labels - found)
    return _write(denied, added)


def _corrected() -> Iterator[contract.Photo]:
    photos = Photo.objects.filter(status=Status.READY, trashed_at=None).exclude(corrections="")
    page: list[Photo] = []
    for photo in photos.only("pk", "owner_id").iterator(TOGETHER):
        page.append(photo)
        if len(page) == TOGETHER:
            yield from catalog.get_many(page).values()
            page = []
    yield from catalog.get_many(page).values()


def _write(denied: Counter[str], added: Counter[str]) -> int:
    shown = Counter(dict(LabelCount.objects.values_list("name").annotate(all=Sum("count")).order_by()))
    now = timezone.now()
    rows = [
        LabelPrecision(
            name=name,
            found=max(shown[name] - added[name], 0) + denied[name],
            denied=denied[name],
            added=added[name],
            counted_at=now,
        )
        for name in shown.keys() | denied.keys() | added.keys()
    ]
    with transaction.atomic():
        LabelPrecision.objects.all().delete()
        LabelPrecision.objects.bulk_create(rows, batch_size=500)
    return len(rows)
