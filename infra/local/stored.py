"""An object is stored when it is on disk: where MiniStack cannot write one it warns, keeps it in memory, and says that
it is stored."""

from __future__ import annotations

from typing import Any


def require_stored(s3: Any) -> None:
    """Let MiniStack's S3 answer with an error for an object that could not be written, and know nothing of it."""
    persist = s3._persist_object

    def persist_or_fail(bucket: str, key: str, stored: Any) -> None:
        persist(bucket, key, stored)
        if isinstance(stored, dict) and stored.get("body") is not None:  # it lets the body go once it is written
            objects = s3._buckets[bucket]["objects"]
            if objects.get(key) is stored:
                del objects[key]
            raise OSError(f"{bucket}/{key} could not be written to disk")

    s3._persist_object = persist_or_fail
