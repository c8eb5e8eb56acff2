"""How much a person may keep: bytes of originals and photos, what is in the trash included."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from django.conf import settings
from django.db.models import Count, Sum
from django.utils.translation import gettext_lazy as _

from webapp.photos.models import Photo

from .models import User

FULL = _("Your gallery is full. Delete photos that you do not need, empty the trash, then go on.")
DOES_NOT_FIT = _(
    "There is no room left for this photo. Delete some that you do not need, empty the trash, then send it again."
)


class Sized(Protocol):
    @property
    def bytes(self) -> int: ...


File = TypeVar("File", bound=Sized)


@dataclass(frozen=True)
class Room:
    """What a person has and may have."""

    bytes_used: int
    photos_used: int
    bytes_limit: int
    photos_limit: int

    @property
    def bytes_left(self) -> int:
        return max(0, self.bytes_limit - self.bytes_used)

    @property
    def photos_left(self) -> int:
        return max(0, self.photos_limit - self.photos_used)

    @property
    def is_full(self) -> bool:
        return not (self.bytes_left and self.photos_left)

    @property
    def percent(self) -> int:
        """How much of what is scarcer is used: 0 to 100."""
        shares = ((self.bytes_used, self.bytes_limit), (self.photos_used, self.photos_limit))
        return min(100, max(100 * used // limit if limit else 100 for used, limit in shares))


def room(owner: User) -> Room:
    """What `owner` has and may have, now."""
    used = Photo.objects.taking_room(owner).aggregate(bytes=Sum("bytes", default=0), photos=Count("pk"))
    return Room(
        bytes_used=used["bytes"],
        photos_used=used["photos"],
        bytes_limit=settings.QUOTA_BYTES if owner.quota_bytes is None else owner.quota_bytes,
        photos_limit=settings.QUOTA_PHOTOS if owner.quota_photos is None else owner.quota_photos,
    )


def fitting(*, owner: User, files: Iterable[File]) -> list[File]:
    """Those of `files`, in their order, that there is room for. One too large leaves it to smaller ones."""
    left, taken = room(owner), 0
    fit: list[File] = []
    for file in files:
        if len(fit) < left.photos_left and taken + file.bytes <= left.bytes_left:
            fit.append(file)
            taken += file.bytes
    return fit
