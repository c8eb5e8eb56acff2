"""Albums, links and pictures for tests: `make_x(**overrides)`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_photo, make_user
from webapp.albums import contents
from webapp.albums.models import Album, AlbumPhoto, ShareLink
from webapp.photos import catalog
from webapp.photos.models import Photo

PICTURE = b"RIFF a picture of something"


def make_album(owner: Any = None, photos: Any = (), **overrides: Any) -> Album:
    album = Album.objects.create(**{"owner": owner or make_user(), "name": "Weekend", **overrides})
    contents.add(album=album, photos=photos)
    return album


def make_link(album: Album | None = None, *, password: str = "", **overrides: Any) -> ShareLink:
    hashed = make_password(password) if password else ""
    return ShareLink.objects.create(**{"album": album or make_album(), "password": hashed, **overrides})


def row(owner: Any, days: int = 0, **overrides: Any) -> Photo:
    """A ready photo that was taken some days after the first of May, by its row alone."""
    taken = timezone.datetime(2024, 5, 1, tzinfo=timezone.get_current_timezone()) + timedelta(days=days)
    return make_photo(owner, **{"status": "ready", "taken_at": taken, **overrides})


def keep_renditions(aws: Any, photo: Photo, content: bytes = PICTURE) -> None:
    """Put what a ready photo's record names into S3."""
    record = catalog.get(photo)
    assert record is not None
    for rendition in record.renditions.values():
        aws.s3.put_object(Bucket=settings.RENDITIONS_BUCKET, Key=rendition.key, Body=content)


def entry_of(album: Album, photo: Photo) -> AlbumPhoto:
    return AlbumPhoto.objects.select_related("photo").get(album=album, photo=photo)


def names_in(album: Album) -> list[str]:
    """File names in an album as its owner sees them, in its order."""
    album.refresh_from_db()
    return [entry.photo.file_name for entry in album.shown()]


def pictures_of(link: ShareLink, photo: Photo) -> list[str]:
    """Every address at which a link might show a photo."""
    at = f"{link.get_absolute_url()}{entry_of(link.album, photo).pk}/"
    return [at, f"{at}{contract.THUMB}.webp", f"{at}{contract.DISPLAY}.webp"]
