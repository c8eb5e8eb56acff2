"""Addresses at which a browser fetches renditions. For owner and staff alone: whoever has one sees the picture."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from webapp import aws
from webapp.photos.conf import presigned_seconds


def addresses(keys: Iterable[str]) -> dict[str, str]:
    """Addresses by key of rendition. Each stays the same for half its life, so that a browser can cache what it shows.

    Signed here, without asking AWS.
    """
    names = {f"presigned:{key}": key for key in keys}
    known = cache.get_many(names)
    new = {name: _sign(key) for name, key in names.items() if name not in known}
    if new:
        with transaction.atomic():  # one commit for all of them where the cache is a table
            cache.set_many(new, timeout=presigned_seconds() // 2)
    return {names[name]: address for name, address in (known | new).items()}


def _sign(key: str) -> str:
    return aws.s3().generate_presigned_url(
        "get_object",
        Params={"Bucket": settings.RENDITIONS_BUCKET, "Key": key},
        ExpiresIn=presigned_seconds(),
    )
