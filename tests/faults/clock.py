"""A clock that stands still until it is moved, for the site, the pipeline and the fake AWS alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine

from pipeline_lambdas.photo_pipeline import deadline

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """What `stopped` gives. Durations alone, of `time.monotonic`, go on as they are."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def advance(self, **parts: float) -> None:
        """Let time pass, told as `timedelta` takes it."""
        self._traveller.shift(timedelta(**parts))

    def reach(self, moment: datetime) -> None:
        """Let time pass until `moment`, if that is still to come."""
        self._traveller.move_to(max(moment, self.now))


@contextmanager
def stopped(sleep: Callable[[float], object] = lambda _seconds: None) -> Iterator[Clock]:
    """A stopped clock. What a Lambda function waits passes for everybody, and `sleep` takes it from its own time."""
    with time_machine.travel(START, tick=False) as traveller, pytest.MonkeyPatch.context() as monkeypatch:
        clock = Clock(traveller)

        def wait(seconds: float) -> None:
            sleep(seconds)
            clock.advance(seconds=seconds)

        monkeypatch.setattr(deadline, "time", SimpleNamespace(sleep=wait))
        yield clock
