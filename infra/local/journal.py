"""Every write to DynamoDB, noted on disk before its caller is told, so that it outlives a kill before the next save.

MiniStack keeps tables in memory. A line of the journal holds what one request left: of each item that it wrote, what it
is now, or that it is gone. Made again in their order over any state that is no older than the first of them, they give
the last state.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Change = tuple[str, str, str, Any]  # table, hash key, range key, and the item as DynamoDB has it, or None


class Journal:
    """Files of lines in a directory, one of which is written to."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._lock = threading.RLock()
        self._together: list[Change] | None = None
        self._file, self._size = -1, 0
        self.turn()

    def turn(self) -> int:
        """Begin a new file; returns its number. Raises `OSError` when there is no room for one."""
        with self._lock:
            number = max(self._numbers(), default=0) + 1
            begun = os.open(self._path(number), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
            if self._file >= 0:
                os.close(self._file)
            self._file, self._size = begun, 0
            return number

    def forget_before(self, number: int) -> None:
        """Remove the files that are older than `number`: what they hold has been saved."""
        for older in [each for each in self._numbers() if each < number]:
            self._path(older).unlink(missing_ok=True)

    @contextmanager
    def noted(self, change: Change) -> Iterator[None]:
        """Note a change, and let it be made before any other is noted. Raises `OSError` when there is no room to."""
        with self._lock:
            if self._together is None:
                self._write([change])
            else:
                self._together.append(change)
            yield

    @contextmanager
    def together(self) -> Iterator[None]:
        """Note all changes that are made within as one, at the end. Raises `OSError` as `noted` does."""
        with self._lock:
            self._together = []
            try:
                yield
            finally:
                changes, self._together = self._together, None
                if changes:
                    self._write(changes)

    def _write(self, changes: list[Change]) -> None:
        data = json.dumps(changes).encode() + b"\n"
        try:
            write_all(self._file, data)
        except OSError:
            os.ftruncate(self._file, self._size)  # half a line would spoil the next
            raise
        self._size += len(data)

    def read(self) -> Iterator[Change]:
        """Every change, oldest first. A line that a kill cut off tells of a request that was never answered. Raises
        `ValueError` for another that is none."""
        for path in map(self._path, sorted(self._numbers())):
            for number, text in enumerate(path.read_bytes().splitlines(keepends=True), start=1):
                if text.endswith(b"\n"):
                    yield from changes_in(text, f"line {number} of {path}")

    def _numbers(self) -> list[int]:
        return [int(path.stem) for path in self._directory.glob("*.jsonl")]

    def _path(self, number: int) -> Path:
        return self._directory / f"{number:08}.jsonl"


def changes_in(text: bytes, place: str) -> list[Change]:
    try:
        return [(table, hash_key, range_key, item) for table, hash_key, range_key, item in json.loads(text)]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{place}: {error}") from error


def write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def keep_journal(dynamodb: Any, journal: Journal) -> None:
    """Note each write of MiniStack's DynamoDB, and make those again that its saved state has not."""
    set_item, remove_item = dynamodb._set_item, dynamodb._remove_item
    transact, restore = dynamodb._transact_write_items, dynamodb.load_persisted_state

    def noted_set(table: Mapping[str, Any], hash_key: str, range_key: str, item: Any) -> Any:
        with journal.noted((table["TableId"], hash_key, range_key, item)):
            return set_item(table, hash_key, range_key, item)

    def noted_remove(table: Mapping[str, Any], hash_key: str, range_key: str) -> Any:
        with journal.noted((table["TableId"], hash_key, range_key, None)):
            return remove_item(table, hash_key, range_key)

    def noted_transact(data: Any) -> Any:
        with journal.together():
            return transact(data)

    def restore_all(data: Any) -> None:
        restore(data)
        make_again(journal.read(), dynamodb._tables.all_values(), set_item, remove_item)

    dynamodb._set_item, dynamodb._remove_item = noted_set, noted_remove
    dynamodb._transact_write_items, dynamodb.load_persisted_state = noted_transact, restore_all


def make_again(
    changes: Iterable[Change],
    tables: Iterable[Mapping[str, Any]],
    set_item: Callable[..., Any],
    remove_item: Callable[..., Any],
) -> None:
    """Bring tables to where the changes left them. Those of a table that is not there any more are left out."""
    known = {table["TableId"]: table for table in tables}
    for table_id, hash_key, range_key, item in changes:
        if table_id in known and item is None:
            remove_item(known[table_id], hash_key, range_key)
        elif table_id in known:
            set_item(known[table_id], hash_key, range_key, item)
