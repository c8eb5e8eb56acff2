"""Photos that their owner likes best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from webapp.photos.models import Photo


@transaction.atomic
def set_favourite(*, owner: Any, photo_ids: Sequence[UUID], favourite: bool) -> int:
    """Make a person's photos favourites, or make them none any more; how many of them that changed."""
    others = Photo.objects.of(owner).filter(pk__in=photo_ids, favourite=not favourite)
    return others.locked().update(favourite=favourite)
