"""The uploaded files in S3, and the renditions made from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.conf import settings

from webapp import aws
from webapp.photos.steps import Listing

PAGE = 1_000
CHUNK = 256 * 1024


@dataclass(frozen=True)
class StoredOriginal:
    """One version of an original, as S3 names it. version_id is empty in a bucket without versions."""

    etag: str
    version_id: str


def find(key: str) -> StoredOriginal | None:
    """The newest version of the original at `key`, or None when nothing has arrived there."""
    s3 = aws.s3()
    try:
        head = s3.head_object(Bucket=settings.ORIGINALS_BUCKET, Key=key)
    except s3.exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
        raise
    version = head.get("VersionId", "")
    return StoredOriginal(etag=head["ETag"].strip('"'), version_id="" if version == "null" else version)


def read(key: str) -> Iterator[bytes]:
    """The bytes of the original at `key`, in pieces. What is missing is known before the first of them."""
    body = aws.s3().get_object(Bucket=settings.ORIGINALS_BUCKET, Key=key)["Body"]
    return body.iter_chunks(CHUNK)


def erase_original(key: str) -> None:
    """Remove an original with all its versions and delete markers."""
    pages = aws.s3().get_paginator("list_object_versions").paginate(Bucket=settings.ORIGINALS_BUCKET, Prefix=key)
    for page in pages:
        versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        _delete(
            settings.ORIGINALS_BUCKET,
            [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions if each["Key"] == key],
        )


def hide_original(key: str) -> None:
    """Delete an original as S3 does by itself: in a bucket with versions it can be had back, until its lifecycle ends
    that; in one without it is gone."""
    aws.s3().delete_object(Bucket=settings.ORIGINALS_BUCKET, Key=key)


def erase_renditions(prefix: str) -> None:
    """Remove every rendition under a photo's prefix, of every run."""
    pages = aws.s3().get_paginator("list_objects_v2").paginate(Bucket=settings.RENDITIONS_BUCKET, Prefix=prefix)
    for page in pages:
        _delete(settings.RENDITIONS_BUCKET, [{"Key": each["Key"]} for each in page.get("Contents", [])])


def erase_some_renditions(keys: Iterable[str]) -> None:
    """Remove renditions by their keys, at most a page of them."""
    _delete(settings.RENDITIONS_BUCKET, [{"Key": key} for key in keys])


def _delete(bucket: str, objects: list[dict[str, str]]) -> None:
    if not objects:
        return
    answer = aws.s3().delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    if answer.get("Errors"):
        raise OSError(
            f"S3 kept {len(answer['Errors'])} objects of {bucket}, the first because of {answer['Errors'][0]}"
        )


# --- What is there, page by page -------------------------------------------------------------------------------------


def originals_after(key: str) -> Listing:
    """At most 1,000 originals whose keys come after `key`, one call."""
    return _list(settings.ORIGINALS_BUCKET, "originals/", after=key)


def renditions_after(key: str) -> Listing:
    """At most 1,000 renditions whose keys come after `key`, one call."""
    return _list(settings.RENDITIONS_BUCKET, "renditions/", after=key)


def _list(bucket: str, prefix: str, *, after: str) -> Listing:
    answer = aws.s3().list_objects_v2(Bucket=bucket, Prefix=prefix, StartAfter=after, MaxKeys=PAGE)
    objects = [(each["Key"], each["LastModified"]) for each in answer.get("Contents", [])]
    return Listing(objects, next_after=objects[-1][0] if answer["IsTruncated"] else "")
