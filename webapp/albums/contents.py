"""Which photos an album has, and in which order. One writer an album at a time."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import F, Max

from webapp.albums.models import Album, AlbumPhoto, Order
from webapp.photos.models import Photo

TOGETHER = 500


@transaction.atomic
def add(*, album: Album, photos: Iterable[Photo]) -> int:
    """Put photos at the end of an album; how many were not in it yet. Only those of its owner count."""
    album = _lock(album)
    wanted = Photo.objects.for_gallery(album.owner_id).filter(pk__in=[photo.pk for photo in photos])
    new = wanted.exclude(in_albums__album=album).order_by("timeline_at", "pk")
    last = album.entries.aggregate(last=Max("position"))["last"] or 0
    entries = [AlbumPhoto(album=album, photo=photo, position=last + at) for at, photo in enumerate(new, start=1)]
    return len(AlbumPhoto.objects.bulk_create(entries, batch_size=TOGETHER))


@transaction.atomic
def remove(*, album: Album, photos: Iterable[Photo]) -> int:
    """Take photos out of an album; how many were in it."""
    _lock(album)
    _total, by_model = album.entries.filter(photo__in=[photo.pk for photo in photos]).delete()
    return by_model.get(AlbumPhoto._meta.label, 0)


@transaction.atomic
def move_earlier(*, album: Album, entry: AlbumPhoto) -> bool:
    """Put a photo before the one that is before it now. False when it is the first."""
    album = _lock(album)
    other = album.shown().before(entry, album.order).last()
    return other is not None and _put(album, entry, beside=other)


@transaction.atomic
def move_later(*, album: Album, entry: AlbumPhoto) -> bool:
    """Put a photo behind the one that is behind it now. False when it is the last."""
    album = _lock(album)
    other = album.shown().behind(entry, album.order).first()
    return other is not None and _put(album, entry, beside=other, steps=1)


@transaction.atomic
def move_before(*, album: Album, entry: AlbumPhoto, other: AlbumPhoto) -> bool:
    return entry.pk != other.pk and _put(_lock(album), entry, beside=other)


@transaction.atomic
def move_behind(*, album: Album, entry: AlbumPhoto, other: AlbumPhoto) -> bool:
    return entry.pk != other.pk and _put(_lock(album), entry, beside=other, steps=1)


def order_by_day(*, album: Album) -> None:
    """Back to the order in which the photos were taken."""
    Album.objects.filter(pk=album.pk).update(order=Order.DAY)


def _lock(album: Album) -> Album:
    return Album.objects.select_for_update().get(pk=album.pk)


def _put(album: Album, entry: AlbumPhoto, *, beside: AlbumPhoto, steps: int = 0) -> bool:
    """Give an entry the position of another, or one so many steps behind it; the rest moves up. What somebody has moved
    is in an order by hand from then on."""
    if album.order == Order.DAY:
        _order_by_hand(album)
    beside.refresh_from_db(fields=("position",))
    position = beside.position + steps
    album.entries.filter(position__gte=position).update(position=F("position") + 1)
    album.entries.filter(pk=entry.pk).update(position=position)
    return True


def _order_by_hand(album: Album) -> None:
    """Begin with the order by day, so that nothing but the moved photo moves."""
    entries = list(album.entries.select_for_update(of=("self",)).sorted_by(Order.DAY))
    for position, entry in enumerate(entries, start=1):
        entry.position = position
    # The rows are there; as an update, thousands of them take seconds.
    AlbumPhoto.objects.bulk_create(
        entries, update_conflicts=True, unique_fields=["id"], update_fields=["position"], batch_size=TOGETHER
    )
    Album.objects.filter(pk=album.pk).update(order=Order.HAND)
