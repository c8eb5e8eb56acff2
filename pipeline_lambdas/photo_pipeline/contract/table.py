"""The one table in DynamoDB: the keys of its records, and how a write with a condition is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Item = dict[str, Any]
UpdateArguments = dict[str, Any]
Key = dict[str, str]


def photo_item_key(owner_id: str, photo_id: str) -> Key:
    return {"pk": f"OWNER#{owner_id}", "sk": f"PHOTO#{photo_id}"}


def preferences_item_key(owner_id: str) -> Key:
    return {"pk": f"OWNER#{owner_id}", "sk": "PREFERENCES"}


def analysis_item_key(owner_id: str, sha256: str, parameters: str) -> Key:
    return {"pk": f"OWNER#{owner_id}", "sk": f"ANALYSIS#{sha256}#{parameters}"}


def batch_item_key(batch_id: str) -> Key:
    return {"pk": f"BATCH#{batch_id}", "sk": "BATCH"}


def pause_item_key() -> Key:
    return {"pk": "PIPELINE", "sk": "PAUSE"}


def conditional_update(
    key: Key, update: str, *, where: str, values: Item | None = None, names: Mapping[str, str] | None = None
) -> UpdateArguments:
    """`update_item` of a record if `where` holds, which answers with the whole record as it is then."""
    arguments = {
        "Key": key,
        "UpdateExpression": update,
        "ConditionExpression": where,
        "ExpressionAttributeValues": values,
        "ExpressionAttributeNames": names,
        "ReturnValues": "ALL_NEW",
    }
    return {name: argument for name, argument in arguments.items() if argument}  # DynamoDB takes no empty map
