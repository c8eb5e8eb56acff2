"""How long a function may still wait for something."""

from __future__ import annotations

import time
from typing import Any

from .errors import OutOfTime

MARGIN_SECONDS = 20.0  # for one more call to a slow service, and for saving what it answers


class Deadline:
    """When Lambda ends the function that was called with `context`."""

    def __init__(self, context: Any) -> None:
        self._remaining = context.get_remaining_time_in_millis

    def seconds_left(self) -> float:
        return self._remaining() / 1000

    def wait(self, seconds: float) -> None:
        """Sleep. Raises OutOfTime, at once, when too little would be left afterwards."""
        if self.seconds_left() - seconds < MARGIN_SECONDS:
            raise OutOfTime(f"{self.seconds_left():.0f} seconds are left")
        time.sleep(seconds)
