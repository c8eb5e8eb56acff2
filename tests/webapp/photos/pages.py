"""Photos that are ready, and the text of pages about them."""

from __future__ import annotations

from typing import Any

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_photo, put_record
from webapp.photos.index import index
from webapp.photos.models import Photo

TAKEN = "2024-05-12T14:03:11+02:00"


def ready(aws: Any, owner: Any, *labels: str, taken: str = TAKEN, **overrides: Any) -> Photo:
    """A ready, indexed photo; `taken` is the time that its camera wrote."""
    photo = make_photo(owner, **overrides)
    exif = contract.Exif(taken_at=taken, camera="Apple iPhone 12")
    put_record(aws.table, photo, labels=labels or ("Cat", "Animal"), exif=exif)
    index([photo.pk])
    return Photo.objects.get(pk=photo.pk)


def text_of(response: Any) -> str:
    assert response.status_code == 200, response
    return response.content.decode()
