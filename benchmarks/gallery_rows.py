"""A person with many photos, written straight into the database: what a gallery is measured with."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos.ids import new_photo_id
from webapp.photos.models import LabelCount, Photo, PhotoLabel, Status

LABELS, LABELS_A_PHOTO = 400, 8
STATUSES, SHARES = (Status.READY, Status.REJECTED, Status.FAILED), (0.997, 0.002, 0.001)
FAVOURITES = 0.03
YEARS = 12
TOGETHER = 5_000
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def fill(size: int) -> Any:
    """A new person who has `size` photos of the last 12 years: the same ones each time, but for their ids."""
    chance = random.Random(size)  # noqa: S311 - the same photos for everyone who measures
    owner: Any = get_user_model().objects.create_user(email=f"n{size}@example.org", password=None)
    owner.emailaddress_set.get_or_create(email=owner.email, defaults={"verified": True, "primary": True})
    counts: Counter[str] = Counter()
    for at in range(0, size, TOGETHER):
        counts.update(_add(owner, min(TOGETHER, size - at), chance))
    LabelCount.objects.bulk_create(LabelCount(owner=owner, name=name, count=count) for name, count in counts.items())
    if connection.vendor == "postgresql":  # which does so by itself; nobody does so for SQLite
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return owner


@transaction.atomic
def _add(owner: Any, size: int, chance: random.Random) -> Counter[str]:
    photos = Photo.objects.bulk_create([_photo(owner, chance) for _ in range(size)], batch_size=1_000)
    labels = [label for photo in photos if photo.status == Status.READY for label in _labels(photo, chance)]
    PhotoLabel.objects.bulk_create(labels, batch_size=1_000)
    return Counter(label.name for label in labels)


def _photo(owner: Any, chance: random.Random) -> Photo:
    photo_id, taken = new_photo_id(), NOW - timedelta(seconds=chance.randrange(YEARS * 365 * 86_400))
    (status,) = chance.choices(STATUSES, SHARES)
    width, height = chance.choice([(4032, 3024), (3024, 4032), (6000, 4000), (4000, 6000), (4000, 2252)])
    return Photo(
        id=photo_id,
        owner=owner,
        file_name=f"IMG_{chance.randrange(10_000):04}.JPG",
        key=contract.original_key(str(owner.pk), str(photo_id), "jpg"),
        bytes=chance.randrange(1_000_000, 9_000_000),
        sha256=f"{chance.getrandbits(256):064x}",
        uploaded_at=NOW,
        timeline_at=taken,
        taken_at=taken,
        waiting_since=NOW,
        status=status,
        reason_text="" if status == Status.READY else "This file is damaged or incomplete.",
        run_id=f"{photo_id}-{chance.getrandbits(40):010x}-1" if status == Status.READY else "",
        favourite=chance.random() < FAVOURITES,
        cleared=status == Status.READY,
        camera="Apple iPhone 12",
        width=width,
        height=height,
        indexed_at=NOW,
    )


def _labels(photo: Photo, chance: random.Random) -> list[PhotoLabel]:
    """Some labels are on every other photo, and most on few."""
    numbers = {int(LABELS * chance.random() ** 3) for _ in range(LABELS_A_PHOTO)}
    return [
        PhotoLabel(
            photo=photo,
            owner_id=photo.owner_id,
            name=f"Label {number}",
            confidence=round(chance.uniform(70, 100), 2),
            timeline_at=photo.timeline_at,
        )
        for number in numbers
    ]
