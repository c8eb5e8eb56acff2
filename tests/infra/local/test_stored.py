from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local import stored as stores
from infra.local.stored import keep_reserve, require_stored


def make_s3(*, has_room: bool) -> SimpleNamespace:
    """What is wrapped of MiniStack's S3: an object's body is let go once it is on disk, and kept where it cannot be."""

    def persist(_bucket: str, _key: str, stored: dict[str, Any]) -> None:
        if has_room:
            stored["body"] = None

    return SimpleNamespace(_buckets={"originals": {"objects": {}}}, _persist_object=persist)


def put(s3: SimpleNamespace) -> dict[str, Any]:
    stored = s3._buckets["originals"]["objects"]["a.jpg"] = {"body": b"x"}
    s3._persist_object("originals", "a.jpg", stored)
    return s3._buckets["originals"]["objects"]


def test_object_that_is_on_disk_is_stored() -> None:
    s3 = make_s3(has_room=True)
    require_stored(s3)
    assert put(s3) == {"a.jpg": {"body": None}}


def test_object_that_finds_no_room_is_an_error_and_not_there() -> None:
    s3 = make_s3(has_room=False)
    require_stored(s3)
    with pytest.raises(OSError, match=r"originals/a\.jpg could not be written"):
        put(s3)
    assert s3._buckets["originals"]["objects"] == {}


def put_with_reserve(directory: Path, key: str, body: bytes = b"x") -> Any:
    s3 = SimpleNamespace(_put_object=lambda *_: "stored", _error=lambda code, _text, status: (code, status))
    keep_reserve(s3, directory)
    return s3._put_object("bucket", key, body, {})


@pytest.mark.parametrize(
    ("free", "key", "expected"),
    [
        (101, "originals/owner/photo.jpg", "stored"),
        (100, "originals/owner/photo.jpg", ("InsufficientStorage", 507)),
        (100, "renditions/owner/photo/run/thumb.webp", "stored"),
    ],
)
def test_photo_is_refused_before_it_takes_the_room_that_the_others_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, key: str, expected: object
) -> None:
    monkeypatch.setattr(stores, "RESERVE_BYTES", 100)
    monkeypatch.setattr(stores.shutil, "disk_usage", lambda _directory: SimpleNamespace(free=free))
    assert put_with_reserve(tmp_path, key) == expected
