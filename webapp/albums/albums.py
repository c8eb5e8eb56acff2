"""What people do with an album as a whole."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.albums import contents
from webapp.albums.models import MAX_NAME, Album, AlbumPhoto
from webapp.photos.models import Photo
from webapp.photos.timeline import TOP_LABELS

DOUBLE_PRESS = timedelta(minutes=1)


@transaction.atomic
def create(*, owner: Any, name: str) -> Album:
    """A new album. A form that is sent twice, by a double press, makes one."""
    get_user_model().objects.select_for_update(no_key=True).get(pk=owner.pk)
    just_made = Album.objects.filter(owner=owner, name=name, created_at__gte=timezone.now() - DOUBLE_PRESS).first()
    return just_made or Album.objects.create(owner=owner, name=name)


def rename(*, album: Album, name: str) -> None:
    Album.objects.filter(pk=album.pk).update(name=name)


def choose_cover(*, album: Album, entry: AlbumPhoto) -> None:
    Album.objects.filter(pk=album.pk).update(cover=entry)


@transaction.atomic
def provide_for_one(*, photo: Photo) -> Album:
    """An album of this photo alone, to be shared: the newest one that there is, or one made now. It is named by what
    the photo shows and by nothing else, since whoever gets a link to it sees its name."""
    Photo.objects.select_for_update().get(pk=photo.pk)  # pressed twice, it is made once
    album = Album.objects.of(photo.owner_id).of_one(photo).first()
    if album is None:
        labels = photo.labels.order_by("-confidence").values_list("name", flat=True)[:TOP_LABELS]
        # Not `create`: another photo may have got such a name a moment ago, and be shared by it.
        album = Album.objects.create(owner=photo.owner, name=", ".join(labels)[:MAX_NAME] or _("A photo"))
        contents.add(album=album, photos=[photo])
    return album


def delete(*, album: Album) -> None:
    """The album and its links; its photos stay where they are."""
    album.delete()
