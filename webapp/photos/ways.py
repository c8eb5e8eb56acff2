"""How somebody came to a photo: through a gallery's selection or through an album, as `?in=` of its page says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _

from webapp.albums.models import AlbumPhoto
from webapp.photos.models import Photo, as_uuid
from webapp.photos.neighbours import Neighbours, neighbours
from webapp.photos.selection import Selection


@dataclass(frozen=True)
class Way:
    """The way to one photo. `query` is what `?in=` says, empty where everything is looked through; `name` and `start`
    are of the page that shows all of it, and `back` is where the photo stands there."""

    query: str
    name: str
    start: str
    back: str
    around: Callable[[], Neighbours]

    @property
    def within(self) -> str:
        """`query` as the end of an address."""
        return f"?{urlencode({'in': self.query})}" if self.query else ""

    def address_of(self, photo: Photo) -> str:
        return f"{photo.get_absolute_url()}{self.within}"

    def poll(self, photo: Photo, progress: str) -> str:
        """Where an open page that shows `progress` asks for more."""
        way = [("in", self.query)] if self.query else []
        return f"{photo.get_absolute_url()}?{urlencode([*way, ('seen', progress)])}"


def way_to(photo: Photo, asked: QueryDict) -> Way:
    """Through the whole gallery where nothing, or nothing of the photo's owner, is named. There is nothing around a
    photo in the trash."""
    said = QueryDict(asked.get("in", ""))
    entry = _entry_of(photo, said.get("album", ""))
    way = _through_album(entry) if entry else _through_gallery(photo, Selection.parse(said))
    return replace(way, around=Neighbours) if photo.trashed_at else way


def _entry_of(photo: Photo, album: str) -> AlbumPhoto | None:
    album_id = as_uuid(album)
    found = AlbumPhoto.objects.filter(album=album_id, album__owner=photo.owner_id, photo=photo)
    return found.select_related("album", "photo").first() if album_id else None


def _through_album(entry: AlbumPhoto) -> Way:
    album, start = entry.album, entry.album.get_absolute_url()

    def around() -> Neighbours:
        before = album.shown().before(entry, album.order).last()
        behind = album.shown().behind(entry, album.order).first()
        return Neighbours(before.photo if before else None, behind.photo if behind else None)

    return Way(album.query, album.name, start, f"{start}?at={entry.photo_id}#tile-{entry.photo_id}", around)


def _through_gallery(photo: Photo, selection: Selection) -> Way:
    def around() -> Neighbours:
        return neighbours(photo, selection.photos(photo.owner_id))

    start = selection.address()
    return Way(selection.query(), _("Gallery"), start, f"{start}#tile-{photo.pk}", around)
