"""Members of a request that several operations read. What they may be is checked before (service_model.py)."""

from collections.abc import Mapping
from typing import Any


def read(request: Mapping[str, Any], name: str, default: Any) -> Any:
    """A member, or the default where it is absent or null."""
    value = request.get(name)
    return default if value is None else value
