"""People, photos and records for tests: `make_x(**overrides)`."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos.ids import new_photo_id
from webapp.photos.models import Batch, Photo

_numbers = itertools.count(1)
# Of tests/photos/chelsea.jpg, 16 × 12 pixels.
PLACEHOLDER = "UklGRkQAAABXRUJQVlA4IDgAAADQAQCdASoQAAwABUB8JZgCdADNmIueAADMFKyf7iNk1hI49UA8jeDvFamBe8zHDRcJqmU3OiAAAA=="
PASSWORD = "a long enough password"


def make_user(**overrides: Any) -> Any:
    """A person whose address is verified."""
    fields = {"email": f"person{next(_numbers)}@example.org", "password": PASSWORD, **overrides}
    user = get_user_model().objects.create_user(**fields)
    user.emailaddress_set.get_or_create(email=user.email, defaults={"verified": True, "primary": True})
    return user


def make_staff(**overrides: Any) -> Any:
    return make_user(**{"is_staff": True, "is_superuser": True, **overrides})


def make_batch(owner: Any = None, **overrides: Any) -> Batch:
    fields = {"owner": owner or make_user(), "created_at": timezone.now(), "expected": 1, **overrides}
    return Batch.objects.create(**fields)


def make_photo(owner: Any = None, *, age: timedelta = timedelta(0), **overrides: Any) -> Photo:
    """A photo's row, `uploading` unless told; `age` is how long it has been waiting."""
    owner, photo_id, since = owner or make_user(), new_photo_id(), timezone.now() - age
    fields = {
        "id": photo_id,
        "owner": owner,
        "file_name": f"IMG_{next(_numbers):04}.jpg",
        "key": contract.original_key(str(owner.pk), str(photo_id), "jpg"),
        "bytes": 2_400_000,
        "uploaded_at": since,
        "timeline_at": overrides.get("taken_at") or overrides.get("uploaded_at") or since,
        "waiting_since": since,
        "cleared": overrides.get("status") == contract.Status.READY,
        "width": 4000,
        "height": 3000,
        **overrides,
    }
    return Photo.objects.create(**fields)


def make_label(name: str = "Cat", confidence: float = 91.5) -> contract.Label:
    return contract.Label(name=name, confidence=confidence)


def make_renditions(photo: Photo, run_id: str) -> dict[str, contract.Rendition]:
    sizes = {contract.THUMB: (480, 360), contract.DISPLAY: (2048, 1536), contract.ANALYSIS: (1280, 960)}
    return {
        name: contract.Rendition(
            contract.rendition_key(str(photo.owner_id), str(photo.pk), run_id, name), width, height, bytes=20_000
        )
        for name, (width, height) in sizes.items()
    }


def make_record(photo: Photo, *, status: str = "ready", labels: Any = ("Cat", "Animal"), **overrides: Any) -> Any:
    """A photo's record as the pipeline leaves it at `status`."""
    now, run_id = timezone.now().isoformat(), f"{photo.pk}-{uuid.uuid4().hex[:10]}-1"
    record = contract.Photo(
        owner_id=str(photo.owner_id),
        photo_id=str(photo.pk),
        status=status,
        uploaded_at=photo.uploaded_at.isoformat(),
        updated_at=now,
        key=photo.key,
        original=contract.Original(bytes=photo.bytes, width=photo.width, height=photo.height, format="JPEG"),
        batch_id=str(photo.batch_id or ""),
    )
    if status != contract.Status.UPLOADING:
        record = replace(record, run_id=run_id)
    if status == contract.Status.READY:
        record = replace(
            record,
            renditions=make_renditions(photo, run_id),
            placeholder=PLACEHOLDER,
            labels=[label if isinstance(label, contract.Label) else make_label(label) for label in labels],
            exif=contract.Exif(taken_at="2024-05-12T14:03:11+02:00", camera="Apple iPhone 12"),
            steps=[contract.Step("ResizeImage", now, ms=420, attempt=1)],
        )
    if status == contract.Status.REJECTED:
        record = replace(record, reason=contract.reason(contract.Refusal.DAMAGED))
    if status == contract.Status.FAILED:
        record = replace(record, reason=contract.reason(contract.Failure.LABELS, detail="Sandbox.Timedout: 60 s"))
    return replace(record, **overrides)


def put_record(table: Any, photo: Photo, **overrides: Any) -> Any:
    """Write `make_record` into the table, over what is there."""
    record = make_record(photo, **overrides)
    table.put_item(Item=contract.to_item(record))
    return record


def put_batch(table: Any, batch: Batch, **overrides: Any) -> contract.Batch:
    fields = {"batch_id": str(batch.pk), "owner_id": str(batch.owner_id), "expected": batch.expected, **overrides}
    record = contract.Batch(**fields)
    table.put_item(Item=contract.to_item(record))
    return record
