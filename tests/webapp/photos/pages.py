"""Photos that are ready, and the text of pages about them."""

from __future__ import annotations

from typing import Any

from tests.factories import make_photo, put_record
from webapp.photos.index import index
from webapp.photos.models import Photo


def ready(aws: Any, owner: Any, *labels: str, **overrides: Any) -> Photo:
    photo = make_photo(owner, **overrides)
    put_record(aws.table, photo, labels=labels or ("Cat", "Animal"))
    index([photo.pk])
    return Photo.objects.get(pk=photo.pk)


def text_of(response: Any) -> str:
    assert response.status_code == 200, response
    return response.content.decode()
