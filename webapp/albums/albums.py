"""What people do with an album as a whole."""

from __future__ import annotations

from typing import Any

from webapp.albums.models import Album, AlbumPhoto


def create(*, owner: Any, name: str) -> Album:
    return Album.objects.create(owner=owner, name=name)


def rename(*, album: Album, name: str) -> None:
    Album.objects.filter(pk=album.pk).update(name=name)


def choose_cover(*, album: Album, entry: AlbumPhoto) -> None:
    Album.objects.filter(pk=album.pk).update(cover=entry)


def delete(*, album: Album) -> None:
    """The album and its links; its photos stay where they are."""
    album.delete()
