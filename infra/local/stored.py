"""Storing objects on a disk that may be full. Left alone, MiniStack warns of one that it could not write, keeps it in
memory, and says that it is stored."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

UPLOADS = "originals/"  # where the keys begin that people send photos to
RESERVE_BYTES = 100_000_000  # for what is made of the photos taken so far, for their records, and for the site


def require_stored(s3: Any) -> None:
    """Let MiniStack's S3 answer with an error for an object that could not be written, and know nothing of it."""
    persist = s3._persist_object

    def persist_or_fail(bucket: str, key: str, stored: Any) -> None:
        path = s3._object_disk_path(bucket, key)
        before = identity(path)
        persist(bucket, key, stored)
        if isinstance(stored, dict) and stored.get("body") is not None:  # it lets the body go once all is written
            objects = s3._buckets[bucket]["objects"]
            if objects.get(key) is stored:
                del objects[key]
            if identity(path) != before:  # the next start would take the body alone for an object
                with suppress(OSError):
                    s3._remove_key_files(path)
            raise OSError(f"{bucket}/{key} could not be written to disk")

    s3._persist_object = persist_or_fail


def identity(path: str | None) -> int | None:
    """What tells a file from one that took its place; None where there is none."""
    with suppress(OSError):
        return Path(path).stat().st_ino if path else None
    return None


def keep_reserve(s3: Any, directory: Path) -> None:
    """Let MiniStack's S3 take no photo that would leave the disk too little room to finish those it has."""
    put = s3._put_object

    def put_within_reserve(bucket: str, key: str, body: bytes, headers: Any) -> Any:
        if key.startswith(UPLOADS) and shutil.disk_usage(directory).free < RESERVE_BYTES + len(body):
            # 507: an error that boto3 does not try again
            return s3._error("InsufficientStorage", "There is too little room on the disk of this machine.", 507)
        return put(bucket, key, body, headers)

    s3._put_object = put_within_reserve
