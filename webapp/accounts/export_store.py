"""Where exports lie in S3: under a prefix of their own in the bucket of renditions, sent there in parts."""

from __future__ import annotations

import io
from collections.abc import Iterable

from django.conf import settings

from webapp import aws

from .models import Export, ExportPart

SECONDS = 60 * 60  # an address opens it for as long: a browser that was cut off goes on at the same one


class UploadGone(Exception):
    """S3 no longer knows the upload of an export: it was ended, or took longer than S3 keeps one open."""


def begin(export: Export) -> str:
    """The id of a new multipart upload."""
    answer = aws.s3().create_multipart_upload(**_place(export), ContentType="application/zip")
    return str(answer["UploadId"])


def put_part(export: Export, number: int, content: io.BufferedIOBase) -> str:
    """Send a part; its ETag. Raises UploadGone."""
    s3 = aws.s3()
    try:
        answer = s3.upload_part(**_place(export), UploadId=export.upload_id, PartNumber=number, Body=content)
    except s3.exceptions.ClientError as error:
        raise _named(error) from error
    return str(answer["ETag"])


def complete(export: Export, parts: Iterable[ExportPart]) -> None:
    """Make one object of the parts; safe to repeat. Raises UploadGone."""
    s3 = aws.s3()
    listed = [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
    try:
        s3.complete_multipart_upload(**_place(export), UploadId=export.upload_id, MultipartUpload={"Parts": listed})
    except s3.exceptions.ClientError as error:
        if not _is_gone(error) or not is_there(export):
            raise _named(error) from error


def is_there(export: Export) -> bool:
    s3 = aws.s3()
    try:
        s3.head_object(**_place(export))
    except s3.exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
    return True


def erase(export: Export) -> None:
    """Remove what S3 has of an export, whole or in parts; safe to repeat."""
    s3 = aws.s3()
    if export.upload_id:
        try:
            s3.abort_multipart_upload(**_place(export), UploadId=export.upload_id)
        except s3.exceptions.ClientError as error:
            if not _is_gone(error):
                raise
    s3.delete_object(**_place(export))


def address_of(export: Export, *, disposition: str) -> str:
    """Where a browser is given an export as a file to keep, for `SECONDS`."""
    wanted = {
        **_place(export),
        "ResponseContentDisposition": disposition,
        "ResponseCacheControl": "private, no-store",
    }
    return str(aws.s3().generate_presigned_url("get_object", Params=wanted, ExpiresIn=SECONDS))


def _place(export: Export) -> dict[str, str]:
    return {"Bucket": settings.RENDITIONS_BUCKET, "Key": export.key}


def _is_gone(error: Exception) -> bool:
    return getattr(error, "response", {}).get("Error", {}).get("Code") == "NoSuchUpload"


def _named(error: Exception) -> Exception:
    return UploadGone() if _is_gone(error) else error
