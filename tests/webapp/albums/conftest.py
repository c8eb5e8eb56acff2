"""What tests of photos have, and an album with a link."""

from __future__ import annotations

from tests.webapp.photos.conftest import breaks, calls, me, mine

__all__ = ["breaks", "calls", "me", "mine"]
