from __future__ import annotations

import copy
import errno
import os
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local import journal as journals
from infra.local.journal import Change, Journal, keep_journal


def make_dynamodb(**tables: dict[str, Any]) -> SimpleNamespace:
    """What the journal wraps of MiniStack's DynamoDB: tables by id, and the three functions that write to them."""
    found = {name: {"TableId": name, "items": defaultdict(dict, items)} for name, items in tables.items()}

    def set_item(table: dict[str, Any], pk: str, sk: str, item: Any) -> None:
        table["items"][pk][sk] = item

    def remove_item(table: dict[str, Any], pk: str, sk: str) -> None:
        table["items"][pk].pop(sk, None)

    dynamodb = SimpleNamespace(
        _tables=SimpleNamespace(all_values=found.values),
        tables=found,
        _set_item=set_item,
        _remove_item=remove_item,
        load_persisted_state=lambda data: [found[name]["items"].update(copy.deepcopy(data[name])) for name in data],
    )
    dynamodb._transact_write_items = lambda changes: [
        dynamodb._set_item(found[name], pk, sk, item) for name, pk, sk, item in changes
    ]
    return dynamodb


def items_of(dynamodb: SimpleNamespace) -> dict[str, Any]:
    return {
        name: {pk: items for pk, items in table["items"].items() if items} for name, table in dynamodb.tables.items()
    }


def restored(directory: Path, saved: dict[str, Any]) -> dict[str, Any]:
    """What the next start finds, with a state that was saved."""
    dynamodb = make_dynamodb(photos={})
    keep_journal(dynamodb, Journal(directory))
    dynamodb.load_persisted_state(saved)
    return items_of(dynamodb)["photos"]


def test_writes_since_the_last_save_are_made_again(tmp_path: Path) -> None:
    dynamodb = make_dynamodb(photos={"a": {"1": "old", "2": "old"}})
    keep_journal(dynamodb, Journal(tmp_path))
    dynamodb._set_item(dynamodb.tables["photos"], "a", "1", "new")
    dynamodb._set_item(dynamodb.tables["photos"], "b", "1", "new")
    dynamodb._remove_item(dynamodb.tables["photos"], "a", "2")
    assert restored(tmp_path, {"photos": {"a": {"1": "old", "2": "old"}}}) == {"a": {"1": "new"}, "b": {"1": "new"}}


def test_state_saved_in_the_midst_of_writes_comes_to_the_same(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    dynamodb = make_dynamodb(photos={})
    keep_journal(dynamodb, journal)
    table = dynamodb.tables["photos"]
    dynamodb._set_item(table, "a", "1", "first")
    begun = journal.turn()
    dynamodb._set_item(table, "a", "1", "second")
    saved = {"photos": copy.deepcopy(dict(table["items"]))}
    dynamodb._set_item(table, "a", "1", "third")
    journal.forget_before(begun)
    dynamodb._set_item(table, "a", "2", "fourth")
    assert restored(tmp_path, saved) == {"a": {"1": "third", "2": "fourth"}}


def test_what_was_saved_is_forgotten(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with journal.noted(("photos", "a", "1", "x")):
        pass
    journal.forget_before(journal.turn())
    assert list(journal.read()) == []


def test_journal_of_several_starts_is_read_in_its_order(tmp_path: Path) -> None:
    for number in range(12):
        with Journal(tmp_path).noted(("photos", "a", "1", number)):
            pass
    assert [item for *_, item in Journal(tmp_path).read()] == list(range(12))


def test_line_that_a_kill_cut_off_is_left_out(tmp_path: Path) -> None:
    with Journal(tmp_path).noted(("photos", "a", "1", "whole")):
        pass
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes() + b'[["photos", "a", "1", "ha')
    assert restored(tmp_path, {}) == {"a": {"1": "whole"}}


def test_transaction_is_one_line_so_that_no_kill_parts_it(tmp_path: Path) -> None:
    dynamodb = make_dynamodb(photos={})
    keep_journal(dynamodb, Journal(tmp_path))
    dynamodb._transact_write_items([("photos", "a", "1", "x"), ("photos", "b", "1", "y")])
    (file,) = tmp_path.iterdir()
    assert file.read_bytes().count(b"\n") == 1
    assert restored(tmp_path, {}) == {"a": {"1": "x"}, "b": {"1": "y"}}


def test_table_that_is_gone_is_left_out(tmp_path: Path) -> None:
    dynamodb = make_dynamodb(gone={}, photos={})
    keep_journal(dynamodb, Journal(tmp_path))
    dynamodb._set_item(dynamodb.tables["gone"], "a", "1", "x")
    assert restored(tmp_path, {}) == {}


def test_write_is_refused_and_not_made_where_there_is_no_room_for_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dynamodb = make_dynamodb(photos={})
    keep_journal(dynamodb, Journal(tmp_path))
    table = dynamodb.tables["photos"]
    dynamodb._set_item(table, "a", "1", "before")

    def write_half(file: int, data: bytes) -> None:
        os.write(file, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(journals, "write_all", write_half)
        with pytest.raises(OSError, match="No space left"):
            dynamodb._set_item(table, "a", "1", "lost")
    assert table["items"]["a"]["1"] == "before"
    dynamodb._set_item(table, "a", "2", "after")
    assert restored(tmp_path, {}) == {"a": {"1": "before", "2": "after"}}


def test_change_is_read_as_it_was_noted(tmp_path: Path) -> None:
    change: Change = ("photos", "OWNER#é", "PHOTO#1", {"bytes": {"N": "12"}, "labels": {"L": [{"S": "Cat\n"}]}})
    with Journal(tmp_path).noted(change):
        pass
    assert [tuple(each) for each in Journal(tmp_path).read()] == [change]
