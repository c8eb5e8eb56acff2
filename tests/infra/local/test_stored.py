from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local import stored as stores
from infra.local.stored import keep_reserve, require_stored


def make_s3(directory: Path, fails: str = "") -> SimpleNamespace:
    """What is wrapped of MiniStack's S3: it writes an object's body, then what is known of it, and lets the body go;
    where it `fails` to write a file of that name it warns of that alone."""

    def persist(bucket: str, key: str, stored: dict[str, Any]) -> None:
        for name, data in ((key, stored["body"]), (f"{key}.meta.json", b"{}")):
            if name == fails:
                return
            (directory / "tmp").write_bytes(data)
            (directory / "tmp").rename(directory / name)
        stored["body"] = None

    def remove_files(path: str | None) -> None:
        for each in (path, f"{path}.meta.json"):
            Path(str(each)).unlink(missing_ok=True)

    return SimpleNamespace(
        _buckets={"originals": {"objects": {}}},
        _persist_object=persist,
        _object_disk_path=lambda _bucket, key: str(directory / key),
        _remove_key_files=remove_files,
    )


def put(s3: SimpleNamespace) -> dict[str, Any]:
    stored = s3._buckets["originals"]["objects"]["a.jpg"] = {"body": b"x"}
    s3._persist_object("originals", "a.jpg", stored)
    return s3._buckets["originals"]["objects"]


def test_object_that_is_on_disk_is_stored(tmp_path: Path) -> None:
    s3 = make_s3(tmp_path)
    require_stored(s3)
    assert put(s3) == {"a.jpg": {"body": None}}
    assert {path.name for path in tmp_path.iterdir()} == {"a.jpg", "a.jpg.meta.json"}


@pytest.mark.parametrize("fails", ["a.jpg", "a.jpg.meta.json"])
def test_object_that_finds_no_room_is_an_error_and_neither_there_nor_on_disk(tmp_path: Path, fails: str) -> None:
    s3 = make_s3(tmp_path, fails)
    require_stored(s3)
    with pytest.raises(OSError, match=r"originals/a\.jpg could not be written"):
        put(s3)
    assert s3._buckets["originals"]["objects"] == {}
    assert list(tmp_path.iterdir()) == []


def test_object_of_before_stays_on_disk_when_nothing_of_the_next_was_written(tmp_path: Path) -> None:
    put(make_s3(tmp_path))
    s3 = make_s3(tmp_path, "a.jpg")
    require_stored(s3)
    with pytest.raises(OSError, match="could not be written"):
        put(s3)
    assert {path.name for path in tmp_path.iterdir()} == {"a.jpg", "a.jpg.meta.json"}


def test_object_whose_files_cannot_be_removed_either_is_the_same_error(tmp_path: Path) -> None:
    s3 = make_s3(tmp_path, "a.jpg.meta.json")
    (tmp_path / "a.jpg.meta.json").mkdir()  # what no unlink removes
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
