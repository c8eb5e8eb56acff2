"""Originals through django-storages."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.base import File
from storages.backends.s3 import S3Storage

from webapp import aws


class Original(File):
    """A file with the media type that its content has, whatever the browser called it."""

    def __init__(self, file: Any, *, media_type: str) -> None:
        super().__init__(file)
        self.content_type = media_type


class OriginalsStorage(S3Storage):
    """The bucket of originals, in which a key is written once.

    django-storages sends through s3transfer, which takes no `If-None-Match`; at 50 MB at most, one PutObject does.
    """

    def get_default_settings(self) -> dict[str, Any]:
        return {**super().get_default_settings(), "bucket_name": settings.ORIGINALS_BUCKET, "file_overwrite": True}

    def _save(self, name: str, content: File) -> str:
        s3 = aws.s3()
        content.seek(0)
        try:
            s3.put_object(
                Bucket=self.bucket_name,
                Key=name,
                Body=content.file,
                ContentLength=content.size,
                ContentType=self._get_write_parameters(name, content)["ContentType"],
                IfNoneMatch="*",
            )
        except s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise
            # The key is of a new UUID, so what is there is this very file: an earlier try whose answer was lost.
        return name
