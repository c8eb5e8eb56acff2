"""Rekognition's service model as a strict judge of answers: botocore's own parser overlooks what it does not know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import botocore.session

MODEL = botocore.session.get_session().get_service_model("rekognition")
TYPES = {"structure": dict, "list": list, "string": str, "integer": int, "float": (int, float), "boolean": bool}


def violations(operation: str, answer: dict[str, Any]) -> Iterator[str]:
    """Where an answer has an unknown member, another type, or a value that its shape does not allow."""
    return _judge(MODEL.operation_model(operation).output_shape, answer, operation)


def _judge(shape: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, TYPES[shape.type_name]) or isinstance(value, bool) != (shape.type_name == "boolean"):
        yield f"{path}: {value!r} is no {shape.type_name}"
        return
    size = value if shape.type_name in ("integer", "float") else len(value)
    if not shape.metadata.get("min", size) <= size <= shape.metadata.get("max", size):
        yield f"{path}: {size} is out of range"
    if shape.type_name == "structure":
        yield from _judge_structure(shape, value, path)
    elif shape.type_name == "list":
        for number, one in enumerate(value):
            yield from _judge(shape.member, one, f"{path}[{number}]")
    elif shape.type_name == "string":
        yield from _judge_string(shape, value, path)


def _judge_structure(shape: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    yield from (f"{path}: {name} is missing" for name in shape.required_members if name not in value)
    yield from (f"{path}: {name} is unknown" for name in value if name not in shape.members)
    for name in value.keys() & shape.members.keys():
        yield from _judge(shape.members[name], value[name], f"{path}.{name}")


def _judge_string(shape: Any, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f"{path}: {value!r} is none of {shape.enum}"
    if not re.fullmatch(shape.metadata.get("pattern", "(?s:.*)"), value):
        yield f"{path}: {value!r} does not match"
