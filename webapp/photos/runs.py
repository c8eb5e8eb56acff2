"""Executions of the state machine: one a run, named by it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from webapp import aws
from webapp.photos.conf import functions_end_within

RUNNING, SUCCEEDED = "RUNNING", "SUCCEEDED"


@dataclass(frozen=True)
class Execution:
    """What Step Functions says of a run: `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`, and from when to
    when (None while it runs)."""

    status: str
    started: datetime
    stopped: datetime | None


def start(run: contract.Run) -> bool:
    """Start a run's execution; one of the same name that is running is the same run, and good enough.

    False when the name is used up: an execution had it, and has ended.
    """
    states = aws.stepfunctions()
    try:
        states.start_execution(
            stateMachineArn=settings.STATE_MACHINE_ARN, name=run.run_id, input=json.dumps({"run": asdict(run)})
        )
    except states.exceptions.ExecutionAlreadyExists:
        return status(run.run_id) == RUNNING
    return True


def look_up(run_id: str) -> Execution | None:
    """A run's execution, or None when Step Functions knows none such."""
    found = _describe(run_id)
    return Execution(found["status"], found["startDate"], found.get("stopDate")) if found else None


def status(run_id: str) -> str | None:
    """The status of a run's execution, or None when there is none."""
    execution = look_up(run_id)
    return execution.status if execution else None


def stop(run_id: str) -> bool:
    """Stop a run's execution if it has not ended: to stop one that has is an error to some.

    Whether a Lambda of it may still be writing: Step Functions stops the execution, and not the function it called.
    """
    execution = look_up(run_id)
    if execution is None or execution.status == SUCCEEDED:
        return False
    if execution.status == RUNNING:
        aws.stepfunctions().stop_execution(executionArn=arn(run_id), cause="The photo is being deleted.")
        return True
    return timezone.now() < (execution.stopped or execution.started) + functions_end_within()


def _describe(run_id: str) -> dict[str, Any] | None:
    states = aws.stepfunctions()
    try:
        return states.describe_execution(executionArn=arn(run_id))
    except states.exceptions.ExecutionDoesNotExist:
        return None


def arn(run_id: str) -> str:
    """The ARN of a run's execution, from the state machine's."""
    return f"{settings.STATE_MACHINE_ARN.replace(':stateMachine:', ':execution:')}:{run_id}"
