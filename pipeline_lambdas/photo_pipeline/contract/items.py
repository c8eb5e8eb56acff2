"""Records as DynamoDB's resource API takes and gives them."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from decimal import Decimal
from typing import Any, TypeVar

from .analysis import Analysis, Box, Instance, Label, Pause
from .batch import Batch
from .photo import Photo
from .preferences import Preferences
from .table import (
    Item,
    UpdateArguments,
    analysis_item_key,
    batch_item_key,
    pause_item_key,
    photo_item_key,
    preferences_item_key,
)

Value = TypeVar("Value")
_ITEM_KEYS = {
    Photo: lambda photo: photo_item_key(photo.owner_id, photo.photo_id),
    Analysis: lambda analysis: analysis_item_key(analysis.owner_id, analysis.sha256, analysis.parameters),
    Preferences: lambda preferences: preferences_item_key(preferences.owner_id),
    Batch: lambda batch: batch_item_key(batch.batch_id),
    Pause: lambda _: pause_item_key(),
}


def to_item(value: Photo | Analysis | Preferences | Batch | Pause) -> Item:
    """The DynamoDB item of a record, without empty attributes (DynamoDB takes no empty set)."""
    return {**_ITEM_KEYS[type(value)](value), **to_attribute(value)}


_ROWS = (Label, Instance, Box)  # a record holds up to a thousand, and names of fields would be half of it


def to_attribute(value: Any) -> Any:
    """A dataclass, or a container of them, as DynamoDB's types; empty fields that have a default are left out. Labels
    and boxes are lists of their fields' values, in order."""
    if isinstance(value, _ROWS):
        return _to_row(value)
    if is_dataclass(value):
        parts = {f.name: getattr(value, f.name) for f in fields(value) if not _is_empty(f, getattr(value, f.name))}
        return {name: to_attribute(part) for name, part in parts.items()}
    if isinstance(value, Mapping):
        return {name: to_attribute(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [to_attribute(part) for part in value]
    if isinstance(value, float):
        return Decimal(repr(round(value, 6)))
    return value


def _to_row(value: Label | Instance | Box) -> list[Any]:
    row = [to_attribute(getattr(value, f.name)) for f in fields(value)]
    while row[-1] == []:
        row.pop()
    return row


def _is_empty(field: Field[Any], part: Any) -> bool:
    """Whether leaving the field out says the same. A number is always written: conditions compare it."""
    return (field.default in ("", None) and part == field.default) or (
        field.default_factory is not MISSING and not part
    )


def from_item(cls: type[Value], item: Mapping[str, Any] | list[Any]) -> Value:
    """The dataclass `cls` that an item, or a row, or either as JSON, holds; what it does not know is left aside."""
    readers = _readers(cls)  # type: ignore[arg-type]
    if isinstance(item, list):
        item = dict(zip(readers, item, strict=False))
    return cls(**{name: read(item[name]) for name, read in readers.items() if name in item})


@functools.cache
def _readers(cls: type) -> dict[str, Callable[[Any], Any]]:
    """What makes each field's value of an attribute: a page reads thousands of them, and Python compiles annotations
    anew each time it is asked."""
    hints = typing.get_type_hints(cls)
    return {f.name: _reader(hints[f.name]) for f in fields(cls)}


def _reader(hint: Any) -> Callable[[Any], Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType:
        read = _reader(arguments[0])
        return lambda part: None if part is None else read(part)
    if origin is list:
        read = _reader(arguments[0])
        return lambda parts: [read(part) for part in parts]
    if origin is dict:
        read = _reader(arguments[1])
        return lambda parts: {name: read(part) for name, part in parts.items()}
    if is_dataclass(hint):
        return functools.partial(from_item, typing.cast(type, hint))
    return {set: set, int: int, float: float}.get(origin or hint, _as_it_is)


def _as_it_is(part: Any) -> Any:
    return part


def put_new(record: Photo | Batch) -> UpdateArguments:
    """`put_item` of a record that must not exist yet."""
    return {"Item": to_item(record), "ConditionExpression": "attribute_not_exists(pk)"}
