"""What is done with a link: made, looked through, turned off."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db.models import F
from django.utils import timezone

from webapp.albums.models import Album, ShareLink


def create(*, album: Album, expires_at: datetime | None, password: str) -> ShareLink:
    """A new link, which asks for `password` unless that is empty."""
    return ShareLink.objects.create(
        album=album, expires_at=expires_at, password=make_password(password) if password else ""
    )


def revoke(*, link: ShareLink) -> None:
    """Turn a link off for good; the time of the first time stays."""
    ShareLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=timezone.now())


def count_view(*, link: ShareLink) -> None:
    ShareLink.objects.filter(pk=link.pk).update(views=F("views") + 1, last_viewed_at=timezone.now())
