from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from infra.local.state_files import StateFiles


def write(directory: Path, **texts: str) -> None:
    for name, text in texts.items():
        (directory / name).write_text(text)


def found(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in directory.iterdir() if path.is_file()}


def test_files_that_were_written_replace_those_of_before(tmp_path: Path) -> None:
    write(tmp_path, sqs="before", iam="before")
    files = StateFiles(tmp_path)
    write(files.begin(), sqs="after")
    assert found(tmp_path) == {"sqs": "before", "iam": "before"}
    files.commit()
    assert found(tmp_path) == {"sqs": "after", "iam": "before"}


def test_kill_while_they_are_written_leaves_those_of_before(tmp_path: Path) -> None:
    write(tmp_path, sqs="before", iam="before")
    write(StateFiles(tmp_path).begin(), sqs="after")
    files = StateFiles(tmp_path)
    assert found(tmp_path) == {"sqs": "before", "iam": "before"}
    write(files.begin(), iam="after")
    files.commit()
    assert found(tmp_path) == {"sqs": "before", "iam": "after"}


def test_kill_while_they_are_replaced_leaves_those_of_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, sqs="before", iam="before")
    files = StateFiles(tmp_path)
    write(files.begin(), sqs="after", iam="after")
    commit_half(files, KeyboardInterrupt(), monkeypatch)
    StateFiles(tmp_path)
    assert found(tmp_path) == {"sqs": "after", "iam": "after"}


def test_next_save_finishes_what_could_not_be_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = StateFiles(tmp_path)
    write(files.begin(), sqs="first", iam="first")
    commit_half(files, OSError(errno.EIO, os.strerror(errno.EIO)), monkeypatch)
    write(files.begin(), sqs="second")
    assert found(tmp_path) == {"sqs": "first", "iam": "first"}
    files.commit()
    assert found(tmp_path) == {"sqs": "second", "iam": "first"}


def commit_half(files: StateFiles, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that an error ends when one file has been replaced."""
    replace, calls = Path.replace, []

    def replace_once(source: Path, target: Path) -> Path:
        calls.append(source)
        if len(calls) > 1:
            raise error
        return replace(source, target)

    with monkeypatch.context() as failing:
        failing.setattr(Path, "replace", replace_once)
        with pytest.raises(type(error)):
            files.commit()
