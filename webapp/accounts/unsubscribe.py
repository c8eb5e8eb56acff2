"""No more notices by one click (RFC 8058), for whoever holds a link of theirs: no login, and no time limit.

The link names the person by an opaque id, and is signed. It holds as long as the key that signed it is SECRET_KEY or
among SECRET_KEY_FALLBACKS. What it does can be done again, and taken back by its owner in the settings alone.
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse

SALT = "webapp.accounts.unsubscribe"


def url_for(user_id: UUID) -> str:
    """The same one every time: it goes into the copy of what a person chose, for every notice."""
    return f"{settings.SITE_URL}{reverse('unsubscribe', args=[_signer().sign(user_id.hex)])}"


def read(token: str) -> UUID | None:
    """Whom a link is about; None for one that is made up."""
    try:
        return UUID(_signer().unsign(token))
    except (signing.BadSignature, ValueError):
        return None


def _signer() -> signing.Signer:
    return signing.Signer(salt=SALT)
