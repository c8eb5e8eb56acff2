"""Addresses to which a browser sends an original. S3 refuses what is longer, shorter or of another type than was said,
and what would write a key twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from pipeline_lambdas.photo_pipeline import contract
from webapp import aws
from webapp.photos.conf import upload_seconds
from webapp.photos.models import Photo

MEDIA_TYPES = {format.extension: format.media_type for format in contract.FORMATS.values()}


@dataclass(frozen=True)
class Address:
    """Where to PUT the bytes, and the headers to send along. Content-Length is signed as well; a browser sets it."""

    url: str
    headers: Mapping[str, str]


def address_of(photo: Photo) -> Address:
    """An address for the original of `photo`, good for a while from now."""
    media_type = MEDIA_TYPES[photo.key.rpartition(".")[2]]
    signed = {
        "Bucket": settings.ORIGINALS_BUCKET,
        "Key": photo.key,
        "ContentLength": photo.bytes,
        "ContentType": media_type,
        "IfNoneMatch": "*",
    }
    url = aws.s3().generate_presigned_url("put_object", Params=signed, ExpiresIn=upload_seconds())
    return Address(url, {"Content-Type": media_type, "If-None-Match": "*"})
