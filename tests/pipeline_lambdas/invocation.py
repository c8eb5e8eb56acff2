"""What Lambda calls a function with, and the time that it has."""

from __future__ import annotations

from collections.abc import Callable


class Invocation:
    """The context of an invocation: `seconds` are left, and pass in `sleep` alone, during which `meanwhile` happens."""

    def __init__(self, seconds: float = 60.0) -> None:
        self.seconds = seconds
        self.waits: list[float] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)

    def sleep(self, seconds: float) -> None:
        self.seconds -= seconds
        self.waits.append(seconds)
        self.meanwhile()
