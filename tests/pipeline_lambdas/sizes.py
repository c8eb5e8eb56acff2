"""How large DynamoDB finds an item (its developer guide, "DynamoDB item sizes and formats")."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def item_size(item: dict[str, Any]) -> int:
    """Bytes of an item as the resource API gives it."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, Decimal):
        return len(value.as_tuple().digits) // 2 + 2
    if isinstance(value, dict):
        return 3 + item_size(value) + len(value)
    if isinstance(value, list):
        return 3 + sum(1 + _value_size(each) for each in value)
    if isinstance(value, set):
        return sum(_value_size(each) for each in value)
    assert value is None or isinstance(value, bool)
    return 1
