"""What an operation takes, by Rekognition's service model: the one in botocore, that clients are made from."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session

from .errors import InvalidParameterException

LARGEST_INTEGER = 2**31 - 1
PYTHON_TYPES = {
    "structure": (dict,),
    "list": (list,),
    "string": (str,),
    "blob": (str,),  # base64 on the wire
    "integer": (int,),
    "float": (int, float),
}


def check_request(operation: str, request: Mapping[str, Any]) -> None:
    """Raises InvalidParameterException for a member that is missing, unknown, of another type, or out of its range."""
    for problem in find_problems(_load_model().operation_model(operation).input_shape, request, ""):
        raise InvalidParameterException(problem)


def find_problems(shape: Any, value: Any, path: str) -> Iterator[str]:
    """What is wrong with a value, in words. `path` is where it stands, such as ".Image.Bytes"."""
    if isinstance(value, bool) or not isinstance(value, PYTHON_TYPES[shape.type_name]):
        yield f"{_name(path)} must be of the type {shape.type_name}"
    else:
        yield from _CHECKS[shape.type_name](shape, value, path)


@cache
def _load_model() -> Any:
    return botocore.session.get_session().get_service_model("rekognition")


def _check_structure(shape: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    # As in all of AWS's JSON: null is as good as absent.
    given = {name: member for name, member in value.items() if member is not None}
    for name in shape.required_members:
        if name not in given:
            yield f"{_name(path)} needs {name}"
    for name, member in given.items():
        if name in shape.members:
            yield from find_problems(shape.members[name], member, f"{path}.{name}")
        else:
            yield f"{_name(path)} has no member {name!r}"


def _check_list(shape: Any, value: list[Any], path: str) -> Iterator[str]:
    yield from _check_range(shape, len(value), f"the length of {_name(path)}")
    for number, member in enumerate(value):
        yield from find_problems(shape.member, member, f"{path}[{number}]")


def _check_string(shape: Any, value: str, path: str) -> Iterator[str]:
    yield from _check_range(shape, len(value), f"the length of {_name(path)}")
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        yield f"{_name(path)} is not Unicode text"
    if getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{_name(path)} must be one of {', '.join(shape.enum)}"
    if not re.fullmatch(shape.metadata.get("pattern", r"(?s:.*)"), value):
        yield f"{_name(path)} must match {shape.metadata['pattern']}"


def _check_blob(_shape: Any, value: str, path: str) -> Iterator[str]:
    """Its greatest length has an error of its own: ImageTooLargeException."""
    if not value:
        yield f"{_name(path)} is empty"


def _check_integer(shape: Any, value: int, path: str) -> Iterator[str]:
    yield from _check_range(shape, value, _name(path), LARGEST_INTEGER)


def _check_range(shape: Any, value: float, what: str, most: float = float("inf")) -> Iterator[str]:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", most)
    if not least <= value <= most:
        yield f"{what} must be from {least} to {most}"


def _check_float(shape: Any, value: float, path: str) -> Iterator[str]:
    yield from _check_range(shape, value, _name(path))


def _name(path: str) -> str:
    return path.removeprefix(".") or "The request"


_CHECKS: dict[str, Callable[[Any, Any, str], Iterator[str]]] = {
    "structure": _check_structure,
    "list": _check_list,
    "string": _check_string,
    "blob": _check_blob,
    "integer": _check_integer,
    "float": _check_float,
}
