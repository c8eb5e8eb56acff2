"""Originals as files to keep. Their bytes go from S3 to the browser, and to nobody who has not asked just now."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

from django.conf import settings

from webapp import aws
from webapp.photos import originals
from webapp.photos.models import Photo

SECONDS = 5 * 60
NOT_IN_A_FALLBACK = '"\\%'  # what browsers take for more than a character
UNENCODED = "!#$&+-.^_`|~"  # of RFC 5987, beside letters and digits


def address_of(photo: Photo) -> str | None:
    """Where a browser is given the original of `photo` as a file of its own name, for `SECONDS`. None when the original
    is not there. One call to AWS, and its errors."""
    if originals.find(photo.key) is None:
        return None
    wanted = {
        "Bucket": settings.ORIGINALS_BUCKET,
        "Key": photo.key,
        "ResponseContentDisposition": attachment(photo.file_name),
        "ResponseCacheControl": "private, no-store",
    }
    return str(aws.s3().generate_presigned_url("get_object", Params=wanted, ExpiresIn=SECONDS))


def attachment(file_name: str) -> str:
    """The Content-Disposition of a file to keep (RFC 6266): its name as it is, and one in ASCII for whoever reads no
    other."""
    plain = unicodedata.normalize("NFKD", file_name).encode("ascii", "ignore").decode()
    safe = "".join(each if each.isprintable() and each not in NOT_IN_A_FALLBACK else "_" for each in plain)
    fallback = f"photo{safe}" if safe.startswith(".") or not safe else safe
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(file_name, safe=UNENCODED)}"
