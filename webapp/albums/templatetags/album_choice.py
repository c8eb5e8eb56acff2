from __future__ import annotations

from typing import Any

from django import template

from webapp.albums.models import Album, AlbumQuerySet

register = template.Library()
TO_CHOOSE = 200


@register.simple_tag
def albums_of(owner: Any) -> AlbumQuerySet:
    """A person's newest albums; asks the database once they are looked at."""
    return Album.objects.of(owner).only("pk", "name")[:TO_CHOOSE]
