"""What stands before and behind a photo, among the photos that somebody looks through."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.photos.models import Photo, PhotoQuerySet


@dataclass(frozen=True)
class Neighbours:
    """The photo before and the one behind, as a timeline goes: `previous` is newer, `following` older. None at an
    end."""

    previous: Photo | None = None
    following: Photo | None = None


def neighbours(photo: Photo, photos: PhotoQuerySet) -> Neighbours:
    """Of `photos` in a timeline's order, the nearest to `photo`, which need not be one of them. Two queries, each of
    which begins at its place in the index."""
    before, behind = photos.page(before=photo.cursor, size=1).photos, photos.page(photo.cursor, size=1).photos
    return Neighbours(next(iter(before), None), next(iter(behind), None))
