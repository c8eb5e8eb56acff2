"""A clock that jumps from one wait to the next, for any number of threads of which one runs at a time."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Iterable
from typing import Any


class MovedClock:
    """`run` lets functions run side by side, whose time passes in `sleep` alone; the same seed gives the same order."""

    def __init__(self) -> None:
        self.now = 0.0
        self._waiting: list[tuple[float, int, threading.Lock]] = []
        self._number = itertools.count()

    def sleep(self, seconds: float) -> None:
        mine = self._wake_at(self.now + seconds)
        self._run_next()
        mine.acquire()

    def run(self, functions: Iterable[Callable[[], Any]]) -> None:
        """Run them from now on, and return when the last has ended. One that runs may run others."""
        started = [threading.Thread(target=self._run_one, args=(function,), daemon=True) for function in functions]
        left = [len(started)]
        mine = threading.Lock()
        mine.acquire()
        for thread in started:
            thread.ended = lambda: self._end(left, mine)  # type: ignore[attr-defined]
            thread.first = self._wake_at(self.now)  # type: ignore[attr-defined]
            thread.start()
        if started:
            self._run_next()
            mine.acquire()

    def _run_one(self, function: Callable[[], Any]) -> None:
        thread: Any = threading.current_thread()
        thread.first.acquire()
        try:
            function()
        finally:
            thread.ended()

    def _end(self, left: list[int], whole: threading.Lock) -> None:
        left[0] -= 1
        if left[0] == 0:
            whole.release()
        else:
            self._run_next()

    def _wake_at(self, moment: float) -> threading.Lock:
        lock = threading.Lock()
        lock.acquire()
        heapq.heappush(self._waiting, (moment, next(self._number), lock))
        return lock

    def _run_next(self) -> None:
        self.now, _, lock = heapq.heappop(self._waiting)
        lock.release()
