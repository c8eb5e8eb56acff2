"""Members of a request that several operations read."""

from collections.abc import Mapping
from typing import Any

from .errors import InvalidParameterException


def read_number(request: Mapping[str, Any], name: str, default: float, most: float) -> float:
    """Raises InvalidParameterException for anything but a number from 0 to `most`."""
    value = request.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise InvalidParameterException(f"{name} must be a number from 0 to {most}")
    return value
