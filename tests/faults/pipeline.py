"""The pipeline in this process: the five real handlers, called as S3, Step Functions and the site call them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote_plus

from moto.core import DEFAULT_ACCOUNT_ID
from moto.stepfunctions.models import stepfunctions_backends

from pipeline_lambdas.photo_pipeline.handlers import (
    notify_user,
    rekognition_labels,
    resize_image,
    store_metadata,
    trigger_step_function,
)
from tests.conftest import ORIGINALS, REGION
from tests.faults import state_machine
from tests.faults.injection import Crash, Injector
from tests.pipeline_lambdas.invocation import Invocation

HANDLERS: dict[str, Callable[[dict[str, Any], Any], Any]] = {
    "TriggerStepFunction": trigger_step_function.handler,
    "ResizeImage": resize_image.handler,
    "RekognitionLabels": rekognition_labels.handler,
    "StoreMetadata": store_metadata.handler,
    "NotifyUser": notify_user.handler,
}
ASYNCHRONOUS_TRIES = 3  # Lambda tries an event again twice


class Pipeline:
    """`.executions` holds how each execution went, by its name."""

    def __init__(self, injector: Injector) -> None:
        self.executions: dict[str, state_machine.Execution] = {}
        self._injector = injector
        self._definition = state_machine.load()
        self._context = Invocation()

    def sleep(self, seconds: float) -> None:
        """Time passes for the function that waits, and for nobody else."""
        self._context.sleep(seconds)

    def arrive(self, key: str, etag: str, *, sequencer: str = "1") -> None:
        """S3 tells of an original, and what that starts is run to its end."""
        self.hand_over("TriggerStepFunction", make_event(key, etag, sequencer))
        self.run_executions()

    def hand_over(self, function: str, event: dict[str, Any]) -> bool:
        """An asynchronous event: tried three times and dropped. Whether it was taken."""
        for _ in range(ASYNCHRONOUS_TRIES):
            try:
                self.invoke(function, event)
            except state_machine.TaskFailed:
                continue
            return True
        return False

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """A function's answer. Raises TaskFailed with the name that Lambda gives to an error."""
        self._context = Invocation()
        with self._injector.invocation(function):
            try:
                return HANDLERS[function](event, self._context)
            except Crash as crash:
                raise state_machine.TaskFailed("Runtime.ExitError", "the process is gone") from crash
            except Exception as error:
                raise state_machine.TaskFailed(type(error).__name__, str(error)) from error

    def run_executions(self) -> None:
        """Run every execution that was started to its end."""
        for execution in self._running():
            ran = state_machine.run(self._definition, json.loads(execution.execution_input), self.run_task)
            self.executions[execution.name] = ran
            execution.stop(stop_date=execution.start_date, error="", cause="")
            execution.status = ran.status

    def run_task(self, resource: str, given: Any) -> Any:
        return self.invoke(resource.removesuffix("Arn"), given)

    def _running(self) -> list[Any]:
        (machine,) = stepfunctions_backends[DEFAULT_ACCOUNT_ID][REGION].state_machines
        return [each for each in machine.executions if each.status == "RUNNING"]

    def answer_invoke(self, params: dict[str, Any], **_: Any) -> Any:
        """What the site asks of Lambda: NotifyUser, with an event."""
        self.hand_over("NotifyUser", json.loads(params["body"]))
        return SimpleNamespace(status_code=202, headers={}, content=b""), {"StatusCode": 202}


def make_event(key: str, etag: str, sequencer: str) -> dict[str, Any]:
    stored = {"key": quote_plus(key), "size": 10, "eTag": etag, "sequencer": sequencer}
    bucket = {"name": ORIGINALS, "arn": f"arn:aws:s3:::{ORIGINALS}", "ownerIdentity": {"principalId": "A"}}
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": REGION,
                "eventTime": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
                "eventName": "ObjectCreated:Put",
                "s3": {"s3SchemaVersion": "1.0", "bucket": bucket, "object": stored},
            }
        ]
    }
