"""Executions of the state machine: one a run, named by it."""

from __future__ import annotations

import json
from dataclasses import asdict

from django.conf import settings

from pipeline_lambdas.photo_pipeline import contract
from webapp import aws

RUNNING = "RUNNING"


def start(run: contract.Run) -> None:
    """Start a run's execution. One of the same name is the same run, and good enough."""
    states = aws.stepfunctions()
    try:
        states.start_execution(
            stateMachineArn=settings.STATE_MACHINE_ARN, name=run.run_id, input=json.dumps({"run": asdict(run)})
        )
    except states.exceptions.ExecutionAlreadyExists:
        return


def status(run_id: str) -> str | None:
    """What Step Functions says of a run (`RUNNING`, `SUCCEEDED`, `FAILED`, ...), or None when it knows none such."""
    states = aws.stepfunctions()
    try:
        return states.describe_execution(executionArn=arn(run_id))["status"]
    except states.exceptions.ExecutionDoesNotExist:
        return None


def stop(run_id: str) -> None:
    """Stop a run's execution, if there is one that has not ended: to stop one that has is an error to some."""
    if status(run_id) == RUNNING:
        aws.stepfunctions().stop_execution(executionArn=arn(run_id), cause="The photo is being deleted.")


def arn(run_id: str) -> str:
    """The ARN of a run's execution, from the state machine's."""
    return f"{settings.STATE_MACHINE_ARN.replace(':stateMachine:', ':execution:')}:{run_id}"
