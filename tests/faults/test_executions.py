"""Executions can be stopped between their calls, and killed, and each call is made once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.faults.clock import stopped
from tests.faults.executions import Death, Executions
from tests.faults.state_machine import TaskFailed
from webapp import aws as site_aws
from webapp.photos import runs

RESIZED = {"outcome": "resized", "batch_due": False, "batch_id": ""}


class FakePipeline:
    """Notes what it is asked, and fails as often as it is told."""

    def __init__(self, *errors: str) -> None:
        self.asked: list[str] = []
        self._errors = list(errors)

    def invoke(self, function: str, given: Any) -> Any:
        self.asked.append(f"{given.get('state', given)['run']} {function}")
        if self._errors:
            raise TaskFailed(self._errors.pop(0))
        return RESIZED


@pytest.fixture(autouse=True)
def _no_executions(cloud: SimpleNamespace) -> Iterator[None]:
    Executions(cloud.pipeline).all.clear()
    yield
    Executions(cloud.pipeline).all.clear()


def start(*names: str, settings: Any) -> None:
    for name in names:
        site_aws.stepfunctions().start_execution(
            stateMachineArn=settings.STATE_MACHINE_ARN, name=name, input=json.dumps({"run": name})
        )


def make_executions(pipeline: Any) -> Executions:
    return Executions(pipeline)


def test_two_executions_take_turns_and_make_each_call_once(settings: Any) -> None:
    pipeline = FakePipeline()
    start("a", "b", settings=settings)
    make_executions(pipeline).run_all()
    steps = ("ResizeImage", "RekognitionLabels", "StoreMetadata")
    assert pipeline.asked == [f"{name} {step}" for step in steps for name in "ab"]
    assert (runs.status("a"), runs.status("b")) == ("SUCCEEDED", "SUCCEEDED")


def test_a_call_that_fails_is_tried_again_in_a_step_of_its_own(settings: Any) -> None:
    pipeline = FakePipeline("ClientError")
    executions = make_executions(pipeline)
    start("a", settings=settings)
    (execution,) = executions.running()
    failed, answered = executions.step(execution), executions.step(execution)
    assert failed is not None
    assert answered is not None
    assert (failed.failed is not None, answered.result) == (True, RESIZED)
    assert pipeline.asked == ["a ResizeImage", "a ResizeImage"]


@pytest.mark.parametrize("how", Death)
def test_a_killed_execution_makes_no_call_any_more(settings: Any, how: Death) -> None:
    pipeline = FakePipeline()
    executions = make_executions(pipeline)
    start("a", settings=settings)
    (execution,) = executions.running()
    executions.step(execution)
    executions.kill(execution, how)
    executions.run_all()
    assert pipeline.asked == ["a ResizeImage"]
    assert runs.status("a") == (None if how == Death.GONE else how.value)


def test_the_function_of_a_killed_execution_may_end_after_it_once_and_within_two_minutes(settings: Any) -> None:
    pipeline = FakePipeline()
    executions = make_executions(pipeline)
    with stopped() as clock:
        start("a", "b", settings=settings)
        for execution in executions.running():
            executions.step(execution)
            executions.kill(execution, Death.ABORTED)
        first, second = executions.stragglers(clock.now)
        executions.straggle(first)
        assert pipeline.asked[2:] == ["a RekognitionLabels"]
        assert executions.stragglers(clock.now) == [second]
        clock.advance(minutes=2)
        assert executions.stragglers(clock.now) == []
    assert runs.status("a") == "ABORTED"
