"""Moto's DynamoDB from behind: what every write changes, and a lighter one for many items."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partialmethod
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from moto.dynamodb.models import DynamoDBBackend

from pipeline_lambdas.photo_pipeline.contract import Item

Seen = Callable[[Item | None, Item | None], object]  # an item before a write and after it, None where there is none


@contextmanager
def watched(seen: Seen) -> Iterator[None]:
    """Tell `seen` of every write that is made, those of a transaction one by one."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in ("put_item", "update_item", "delete_item"):
            monkeypatch.setattr(DynamoDBBackend, name, _telling(getattr(DynamoDBBackend, name), seen))
        yield


def _telling(write: Callable[..., Any], seen: Seen) -> Callable[..., Any]:
    def telling(backend: DynamoDBBackend, table_name: str, key: dict[str, Any], *rest: Any, **named: Any) -> Any:
        before = _read(backend, table_name, key)
        answer = write(backend, table_name, key, *rest, **named)
        seen(before, _read(backend, table_name, key))
        return answer

    return telling


def _read(backend: DynamoDBBackend, table_name: str, key: dict[str, Any]) -> Item | None:
    item = backend.get_item(table_name, {name: key[name] for name in ("pk", "sk")})
    if item is None:
        return None
    read = TypeDeserializer().deserialize
    return {name: read(value.to_regular_json()) for name, value in item.attrs.items()}


@contextmanager
def light() -> Iterator[None]:
    """Moto copies a whole table before a transaction, to have it back when that fails: with thousands of items it does
    little else. Here a transaction is made on a table of the items alone that it names."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        transact = DynamoDBBackend.transact_write_items
        monkeypatch.setattr(DynamoDBBackend, "transact_write_items", partialmethod(_transact, transact))
        yield


def _transact(backend: DynamoDBBackend, transact: Callable[..., None], transact_items: list[dict[str, Any]]) -> None:
    parts = [part for each in transact_items for part in each.values()]
    (name,) = {part["TableName"] for part in parts}
    whole = backend.tables[name]
    keys = [backend.get_keys_value(whole, part["Key"]) for part in parts]
    backend.tables[name] = few = copy.copy(whole)
    few.items = {pk: {} for pk, _ in keys}
    _copy_items(keys, whole, few)
    try:
        transact(backend, transact_items)
    finally:
        _copy_items(keys, backend.tables[name], whole)
        backend.tables[name] = whole


def _copy_items(keys: list[Any], source: Any, to: Any) -> None:
    for pk, sk in keys:
        if sk in source.items[pk]:
            to.items[pk][sk] = source.items[pk][sk]
