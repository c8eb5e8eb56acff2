"""Renditions read from S3, to be passed on by the site itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from webapp import aws

PIECE = 64 * 1024


@dataclass(frozen=True)
class Rendition:
    """An open object: its size in bytes, and its content piece by piece. Whoever has it closes it."""

    size: int
    body: Any

    def __iter__(self) -> Iterator[bytes]:
        yield from self.body.iter_chunks(PIECE)

    def close(self) -> None:
        self.body.close()


def open_rendition(key: str) -> Rendition | None:
    """The rendition at `key`, or None when there is none."""
    s3 = aws.s3()
    try:
        answer = s3.get_object(Bucket=settings.RENDITIONS_BUCKET, Key=key)
    except s3.exceptions.NoSuchKey:
        return None
    return Rendition(size=answer["ContentLength"], body=answer["Body"])
