"""The history on a photo's page, beside what Step Functions says of the same runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from pipeline_lambdas.photo_pipeline.contract import Photo, Step, from_item
from tests import photo_files

from .pipeline import until
from .running import RunningStack
from .site import Site

WORDS = {
    ("ResizeImage", "resized"): "Previews made",
    ("RekognitionLabels", "analysed"): "Labels found",
    ("RekognitionLabels", "refused"): "Labels could not be found",
    ("StoreMetadata", "ready"): "Result saved",
    ("StoreMetadata", "failed"): "Result saved",
}
RESULTS = {"ResizeImage": "resize", "RekognitionLabels": "analysis", "StoreMetadata": "stored"}


@contextmanager
def no_labels_can_be_asked_for(stack: RunningStack) -> Iterator[None]:
    """Take the right away from the labels function, for a while."""
    iam, role = stack.aws.client("iam"), stack.started.deployment.resources["RekognitionLabelsRole"]
    deny = {"Effect": "Deny", "Action": "rekognition:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam.put_role_policy(RoleName=role, PolicyName="for-a-while", PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="for-a-while")


def told(page: str) -> list[list[str]]:
    """The words of the events of every attempt on the page, newest first."""
    return [re.findall(r"<li[^>]*>\s*<span>([^<]+)</span>", part) for part in page.split('class="attempt-steps"')[1:]]


def read(stack: RunningStack, photo_id: str) -> Photo:
    table = stack.aws.table(stack.outputs["PhotoTableName"])
    (item,) = [item for item in table.scan(ConsistentRead=True)["Items"] if item["sk"] == f"PHOTO#{photo_id}"]
    return from_item(Photo, item)


def executions_of(stack: RunningStack, photo_id: str) -> list[dict[str, Any]]:
    """What Step Functions says of every run of a photo, newest first."""
    states = stack.aws.client("stepfunctions")
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=stack.outputs["StateMachineArn"])
    found = [each for page in pages for each in page["executions"] if each["name"].startswith(photo_id)]
    described = [states.describe_execution(executionArn=each["executionArn"]) for each in found]
    return sorted(described, key=lambda each: each["startDate"], reverse=True)


def happened(stack: RunningStack, execution: dict[str, Any]) -> list[str]:
    """The tasks that an execution made, in the words of the page."""
    states = stack.aws.client("stepfunctions")
    pages = states.get_paginator("get_execution_history").paginate(executionArn=execution["executionArn"])
    left = [
        event["stateExitedEventDetails"]
        for page in pages
        for event in page["events"]
        if event["type"] == "TaskStateExited"
    ]
    tasks = [(each["name"], json.loads(each["output"])[RESULTS[each["name"]]]["outcome"]) for each in left if
             each["name"] in RESULTS]  # fmt: skip
    return [WORDS[task] for task in tasks]


def is_within(step: Step, execution: dict[str, Any]) -> bool:
    return execution["startDate"].timestamp() - 1 <= datetime.fromisoformat(step.started).timestamp() <= (
        execution["stopDate"].timestamp() + 1
    )  # fmt: skip


def assert_agree(stack: RunningStack, person: Site, photo_id: str) -> list[list[str]]:
    """The page tells each run of the photo as Step Functions does; returns what it tells, newest first."""
    page, record, executions = (
        person.get(f"/photos/{photo_id}/").text,
        read(stack, photo_id),
        executions_of(stack, photo_id),
    )
    attempts = told(page)
    assert attempts[-1].pop(0) == "Uploaded"
    assert attempts == [happened(stack, execution) for execution in executions]
    assert [each["status"] for each in executions] == ["SUCCEEDED"] * len(attempts)
    for number, execution in enumerate(reversed(executions), start=1):
        steps = [step for step in record.steps if step.attempt == number]
        assert all(is_within(step, execution) for step in steps)
        assert {step.run_id or record.run_id for step in steps} == {execution["name"]}
    return attempts


def test_page_agrees_with_step_functions_on_a_good_photo_and_on_one_that_was_tried_again(stack: RunningStack) -> None:
    ana = Site(stack).sign_up()
    ana.upload({"rocket.jpg": photo_files.webp()})
    ana.wait_until_processed()
    with no_labels_can_be_asked_for(stack):
        ana.upload({"cat.jpg": photo_files.phone_jpeg()})
        ana.wait_until_processed()
    rocket, cat = ana.photo_ids()  # by when they were taken, or else uploaded
    until(lambda: not any(each["status"] == "RUNNING" for each in executions_of(stack, cat)))
    assert assert_agree(stack, ana, cat) == [["Previews made", "Labels could not be found", "Result saved"]]

    answer = ana.post(f"/photos/{cat}/retry/", {"attempt": "1"})
    assert "It is being processed again." in answer.text
    until(lambda: read(stack, cat).status == "ready")
    until(lambda: not any(each["status"] == "RUNNING" for each in executions_of(stack, cat)))

    well = ["Previews made", "Labels found", "Result saved"]
    assert assert_agree(stack, ana, cat) == [well, ["Previews made", "Labels could not be found", "Result saved"]]
    assert assert_agree(stack, ana, rocket) == [well]
    page = ana.get(f"/photos/{cat}/").text
    assert re.findall(r'<h3 class="attempt">\s*Attempt (\d)\s*<span class="status status-(\w+)">', page) == [
        ("2", "ready"),
        ("1", "failed"),
    ]
    assert "The service that finds labels did not take this photo." in page
