"""A world with a clock: events come when they come, and the calls of all executions are made in between, at random."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.faults.clock import Clock
from tests.faults.executions import LONGEST_CALL, Death, Executions

SLOWEST_CALL = timedelta(seconds=5)  # from a state to the next
SLOWEST_RETRY = timedelta(seconds=30)


class Simulation:
    """`at` says what is to happen and when, `run` lets it. All chances are of one seed."""

    def __init__(self, clock: Clock, executions: Executions, chance: random.Random) -> None:
        self.killed: list[Any] = []
        self._clock, self._executions, self._chance = clock, executions, chance
        self._due: list[tuple[Any, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._known: set[Any] = set()

    def at(self, after: timedelta, act: Callable[[], object]) -> None:
        """Let `act` happen so long from now."""
        heapq.heappush(self._due, (self._clock.now + after, next(self._numbers), act))

    def within(self, time: timedelta, act: Callable[[], object]) -> None:
        """Let `act` happen at some moment until then."""
        self.at(time * self._chance.random(), act)

    def run(self, time: timedelta) -> None:
        """Let so much time pass, and everything happen that is due in it."""
        until = self._clock.now + time
        self._meet_new()
        while self._due and self._due[0][0] <= until:
            moment, _, act = heapq.heappop(self._due)
            self._clock.reach(moment)
            act()
            self._meet_new()
        self._clock.reach(until)

    def kill_one(self) -> None:
        """Kill an execution, as soon as one runs. The function that it called
        may come to its end all the same."""
        living = self._executions.running()
        if not living:
            self.within(SLOWEST_CALL, self.kill_one)
            return
        execution, how = self._chance.choice(living), self._chance.choice(list(Death))
        self._executions.kill(execution, how)
        self.killed.append(execution)
        if how != Death.GONE and self._chance.random() < 0.5:
            self.within(LONGEST_CALL, lambda: self._executions.straggle(execution))

    def _meet_new(self) -> None:
        for execution in self._executions.running():
            if execution not in self._known:
                self._known.add(execution)
                self._step_within(SLOWEST_CALL, execution)

    def _step_within(self, time: timedelta, execution: Any) -> None:
        self.within(time, lambda: self._step(execution))

    def _step(self, execution: Any) -> None:
        if execution.status != "RUNNING":
            return
        answer = self._executions.step(execution)
        if execution.status == "RUNNING":
            self._step_within(SLOWEST_RETRY if answer and answer.failed else SLOWEST_CALL, execution)
