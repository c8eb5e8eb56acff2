"""Ids that sort by the time they were made."""

from __future__ import annotations

import uuid

from uuid_utils.compat import uuid7


def new_photo_id() -> uuid.UUID:
    """A UUIDv7, as the standard library's own type."""
    return uuid.UUID(int=uuid7().int)
