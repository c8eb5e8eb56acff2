"""Executions that run at once: each takes its next Lambda call when it is told to, and may die before any of them.

`state_machine.run` runs one to its end. To stop it in between, it is run again from its start every time, with the
answers that were given before, up to the first call that has none.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.stepfunctions.models import stepfunctions_backends

from tests.conftest import REGION
from tests.faults import state_machine
from tests.faults.pipeline import Pipeline

LONGEST_CALL = timedelta(minutes=2)  # webapp.photos.conf.functions_end_within


class Death(StrEnum):
    """What Step Functions says of an execution that comes to no end; a history that was lost says nothing."""

    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"
    GONE = "GONE"


class _NotAnswered(BaseException):
    """The next call is for another time."""


@dataclass(frozen=True)
class Answer:
    """What a Lambda function answered, or how it failed."""

    result: Any = None
    failed: state_machine.TaskFailed | None = None

    def give(self) -> Any:
        if self.failed:
            raise self.failed
        return self.result


class Executions:
    """Those of the fake Step Functions. `.writer` is the run whose function is being called, empty if none is."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.writer = ""
        self._pipeline = pipeline
        self._definition = state_machine.load()
        self._answers: dict[Any, list[Answer]] = {}  # by execution: a name may be used again when one is gone
        self._straggled: set[Any] = set()

    @property
    def all(self) -> list[Any]:
        """Moto's, in the order in which they were started: `.name`, `.status`, `.stop_date`."""
        (machine,) = stepfunctions_backends[DEFAULT_ACCOUNT_ID][REGION].state_machines
        return machine.executions

    def running(self) -> list[Any]:
        return [execution for execution in self.all if execution.status == "RUNNING"]

    def step(self, execution: Any) -> Answer | None:
        """Make the next call of an execution, and end it if that was its last. None when it made none."""
        answers = self._answers.setdefault(execution, [])
        before = len(answers)
        ran = self._replay(execution, answers)
        if ran and execution.status == "RUNNING":
            execution.stop()
            execution.status = ran.status
        return answers[-1] if len(answers) > before else None

    def run_all(self) -> None:
        """Run every execution to its end, by turns."""
        while running := self.running():
            for execution in running:
                self.step(execution)

    def kill(self, execution: Any, how: Death) -> None:
        execution.stop()
        execution.status = how.value
        if how == Death.GONE:
            self.all.remove(execution)

    def stragglers(self, now: datetime) -> list[Any]:
        """Executions that died so short a while ago that a function they called may still be at work."""
        ended = (each for each in self.all if each.status in list(Death) and each not in self._straggled)
        return [execution for execution in ended if now < _stopped_at(execution) + LONGEST_CALL]

    def straggle(self, execution: Any) -> None:
        """The function that an execution called before it died comes to its end after that."""
        self._straggled.add(execution)
        self._replay(execution, list(self._answers.get(execution, [])))

    def _replay(self, execution: Any, answers: list[Answer]) -> state_machine.Execution | None:
        """Run an execution from its start through `answers`, and add one to them. None when it goes on after that."""
        given = json.loads(execution.execution_input)
        try:
            return state_machine.run(self._definition, given, self._answerer(execution.name, answers))
        except _NotAnswered:
            return None

    def _answerer(self, name: str, answers: list[Answer]) -> Callable[[str, Any], Any]:
        before, may_call = iter(list(answers)), True

        def invoke(resource: str, given: Any) -> Any:
            nonlocal may_call
            if told := next(before, None):
                return told.give()
            if not may_call:
                raise _NotAnswered
            may_call = False
            answers.append(self._call(name, resource.removesuffix("Arn"), given))
            return answers[-1].give()

        return invoke

    def _call(self, name: str, function: str, given: Any) -> Answer:
        self.writer = name
        try:
            return Answer(result=self._pipeline.invoke(function, given))
        except state_machine.TaskFailed as failed:
            return Answer(failed=failed)
        finally:
            self.writer = ""


def _stopped_at(execution: Any) -> datetime:
    return execution.stop_date.replace(tzinfo=UTC)  # moto knows no other zone
