"""Albums: photos that somebody put together, in an order, and the links by which others see them. SQL alone."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import urlencode

from django.conf import settings
from django.db import models
from django.db.models import Case, Count, Exists, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from webapp.photos.ids import new_photo_id
from webapp.photos.models import PAGE_SIZE, Photo, Status

OPAQUE = re.compile(r"[A-Za-z0-9_-]{1,64}")
MAX_NAME = 100


def new_entry_id() -> str:
    """Twelve characters that say nothing of the photo: other people meet them in addresses."""
    return secrets.token_urlsafe(9)


def new_token() -> str:
    return secrets.token_urlsafe(32)


class Order(models.TextChoices):
    DAY = "day", _("By day taken")
    HAND = "hand", _("By hand")


SORTED_BY = {Order.DAY.value: ("photo__timeline_at", "photo_id"), Order.HAND.value: ("position", "pk")}


# --- Albums ----------------------------------------------------------------------------------------------------------


class AlbumQuerySet(models.QuerySet["Album"]):
    def of(self, owner: Any) -> Self:
        """A person's albums, the newest first."""
        return self.filter(owner=owner).order_by("-pk")

    def of_one(self, photo: Photo) -> Self:
        """Those that have this photo and no other."""
        others = AlbumPhoto.objects.filter(album=OuterRef("pk")).exclude(photo=photo)
        return self.filter(~Exists(others), entries__photo=photo)

    def described(self) -> Self:
        """With `photo_count`, and `front`: the id of the photo that stands for the album, or None."""
        shown = AlbumPhoto.objects.filter(album=OuterRef("pk")).shown()
        # As an exclusion it tempts no database to begin with every ready photo there is.
        ready = shown.exclude(photo__status__in=[status for status in Status if status != Status.READY])
        counted = shown.order_by().values("album").annotate(count=Count("pk")).values("count")
        first = Case(
            When(order=Order.DAY, then=_photo_of(ready.sorted_by(Order.DAY))),
            default=_photo_of(ready.sorted_by(Order.HAND)),
        )
        chosen = _photo_of(ready.filter(pk=OuterRef("cover")))
        return self.annotate(photo_count=Coalesce(Subquery(counted), 0), front=Coalesce(chosen, first))


def _photo_of(entries: AlbumPhotoQuerySet) -> Subquery:
    return Subquery(entries.values("photo")[:1], output_field=models.UUIDField())


class Album(models.Model):
    id = models.UUIDField(primary_key=True, default=new_photo_id, editable=False)
    # Unlike a photo it has nothing outside of SQL, so it may go with its owner's row.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="albums")
    name = models.CharField(max_length=MAX_NAME)
    order = models.CharField(max_length=4, choices=Order, default=Order.DAY)
    cover = models.ForeignKey(
        "AlbumPhoto", null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        help_text="Without one, or while it is in the trash, the first photo stands for the album.",
    )  # fmt: skip
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AlbumQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=["owner", "-id"], name="album_of_owner")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("albums:album", args=[self.pk])

    @property
    def query(self) -> str:
        """What names it in `?in=` of a photo's page."""
        return urlencode({"album": self.pk})

    def shown(self) -> AlbumPhotoQuerySet:
        """What its owner sees in it, in its order."""
        return self._entries().shown().sorted_by(self.order)

    def cleared(self) -> AlbumPhotoQuerySet:
        """What others may see in it, in its order."""
        return self._entries().cleared().sorted_by(self.order)

    def _entries(self) -> AlbumPhotoQuerySet:
        return AlbumPhoto.objects.filter(album=self).select_related("photo")


# --- Their photos ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """Entries of one page, and the id of the last one if more follow (else empty)."""

    entries: list[AlbumPhoto]
    after: str


class AlbumPhotoQuerySet(models.QuerySet["AlbumPhoto"]):
    def shown(self) -> Self:
        """Those not in the trash, nor on their way out; what is restored is back in its place."""
        return self.filter(photo__trashed_at=None).exclude(photo__status=Status.DELETING)

    def cleared(self) -> Self:
        """Those that others may see: a constraint keeps what is in the trash, or not ready, from being cleared."""
        return self.filter(photo__cleared=True)

    def sorted_by(self, order: str) -> Self:
        return self.order_by(*SORTED_BY[order])

    def behind(self, entry: AlbumPhoto, order: str) -> Self:
        """Those that come after an entry."""
        if order == Order.DAY:
            moment = entry.photo.timeline_at
            same = Q(photo__timeline_at=moment, photo__gt=entry.photo_id)
            return self.filter(Q(photo__timeline_at__gt=moment) | same)
        return self.filter(Q(position__gt=entry.position) | Q(position=entry.position, pk__gt=entry.pk))

    def before(self, entry: AlbumPhoto, order: str) -> Self:
        """Those that come before an entry."""
        if order == Order.DAY:
            moment = entry.photo.timeline_at
            same = Q(photo__timeline_at=moment, photo__lt=entry.photo_id)
            return self.filter(Q(photo__timeline_at__lt=moment) | same)
        return self.filter(Q(position__lt=entry.position) | Q(position=entry.position, pk__lt=entry.pk))

    def page(self, album: Album, after: str = "", *, size: int = PAGE_SIZE) -> Page:
        """`size` entries behind the one whose id is `after`; any other text starts at the top."""
        last = place(album, after)
        matching = self.behind(last, album.order) if last else self
        found: list[AlbumPhoto] = list(matching[: size + 1])
        return Page(found[:size], found[size - 1].pk if len(found) > size else "")

    def start_of(self, album: Album, entry: AlbumPhoto | None) -> str:
        """What the page begins behind that an entry is on; empty for the first one."""
        count = self.before(entry, album.order).count() if entry else 0
        begins = count - count % PAGE_SIZE
        return self.values_list("pk", flat=True)[begins - 1 : begins].first() or "" if begins else ""


def place(album: Album, entry_id: str) -> AlbumPhoto | None:
    """An entry to go on behind. It may be out of sight by now, and keeps its place all the same."""
    if not is_opaque(entry_id):
        return None
    return AlbumPhoto.objects.filter(album=album, pk=entry_id).select_related("photo").first()


def is_opaque(text: str) -> bool:
    """Whether this can be the id of an entry, or a token: PostgreSQL takes no text with a NUL."""
    return OPAQUE.fullmatch(text) is not None


class AlbumPhoto(models.Model):
    """A photo in an album. Positions count up within it, with gaps; they matter while it is ordered by hand."""

    id = models.CharField(primary_key=True, max_length=16, default=new_entry_id, editable=False)
    album = models.ForeignKey(Album, on_delete=models.CASCADE, related_name="entries")
    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="in_albums")
    position = models.PositiveIntegerField()

    objects = AlbumPhotoQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["album", "photo"], name="albumphoto_once")]
        indexes = [models.Index(fields=["album", "position", "id"], name="albumphoto_by_hand")]

    def __str__(self) -> str:
        return f"{self.photo_id} in {self.album_id}"


# --- Links -----------------------------------------------------------------------------------------------------------


class ShareLinkQuerySet(models.QuerySet["ShareLink"]):
    def of(self, album: Album) -> Self:
        return self.filter(album=album).order_by("-created_at", "-pk")

    def open(self) -> Self:
        """Those that lead somewhere now. Whose account is closed, or about to be, shares nothing any more."""
        unended = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        return self.filter(unended, revoked_at=None, album__owner__is_active=True, album__owner__closes_at=None)


class ShareLink(models.Model):
    """A way into an album for whoever has its address."""

    album = models.ForeignKey(Album, on_delete=models.CASCADE, related_name="links")
    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    password = models.CharField(max_length=128, blank=True, help_text="Hashed; empty when none is asked for.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    views = models.PositiveIntegerField(default=0)
    last_viewed_at = models.DateTimeField(null=True, blank=True)

    objects = ShareLinkQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return f"link {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("albums:shared", args=[self.token])

    def is_open(self, now: datetime | None = None) -> bool:
        is_ended = self.expires_at is not None and self.expires_at <= (now or timezone.now())
        return self.revoked_at is None and not is_ended

    @property
    def lock(self) -> str:
        """What a visitor's session must hold to be let in: another one as soon as the password is another."""
        return salted_hmac("webapp.albums.lock", self.password).hexdigest() if self.password else ""
