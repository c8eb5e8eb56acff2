"""Deploys the real template to the local AWS through CloudFormation, by a change set, as `sam deploy` does.

MiniStack's CloudFormation expands the SAM transform with aws-sam-translator. What it leaves out of a resource is set
afterwards through the services' own calls, read from the same template.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from .aws import Aws
from .left_out import set_what_is_left_out
from .package import Package, TemplateTransform, build_package
from .stack import ACCOUNT, MAIL_SENDER, REGION, ROOT, Stack, StackError

TEMPLATE = ROOT / "infra" / "template.yaml"
NOTHING_CHANGED = "didn't contain changes"
WAIT = {"Delay": 1, "MaxAttempts": 120}


class DeployError(StackError):
    """CloudFormation refused the template, or could not create something in it."""


@dataclass(frozen=True)
class Deployment:
    """What a deployed stack gave: its outputs by name, physical names by logical id, and whether it changed."""

    name: str
    outputs: Mapping[str, str]
    resources: Mapping[str, str]
    changed: bool


def deploy_pipeline(stack: Stack, *, transform: TemplateTransform | None = None, **parameters: str) -> Deployment:
    """Deploy infra/template.yaml under the stack's name, or bring what is deployed up to date.

    `transform` may change the parsed template first, and `parameters` replace the local ones. Raises `DeployError`.
    """
    given = local_parameters(stack) | parameters
    return deploy(Aws(stack.aws_url), TEMPLATE, name=stack.name, parameters=given, transform=transform)


def local_parameters(stack: Stack) -> dict[str, str]:
    """The template's parameters on this machine."""
    return {
        "Environment": "local",
        "SiteUrl": stack.site_url,
        "MailSender": MAIL_SENDER,
        "RekognitionEndpoint": stack.rekognition_url,
    }


def deploy(
    aws: Aws, path: Path, *, name: str, parameters: Mapping[str, str], transform: TemplateTransform | None = None
) -> Deployment:
    """Create or update the CloudFormation stack `name` from the SAM template at `path`. Raises `DeployError`."""
    bucket = f"{name}-artifacts-{ACCOUNT}"
    package = build_package(path, bucket, transform)
    upload_artifacts(aws, bucket, package.artifacts)
    changed = apply_change_set(aws.client("cloudformation"), name, package, parameters)
    deployment = read_deployment(aws, name, changed=changed)
    set_what_is_left_out(aws, json.loads(package.template), deployment.resources)
    return deployment


def upload_artifacts(aws: Aws, bucket: str, artifacts: Mapping[str, bytes]) -> None:
    """Put what the bucket does not have; the names tell the contents."""
    s3 = aws.client("s3")
    if bucket not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    there = {each["Key"] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", [])}
    for key in artifacts.keys() - there:
        s3.put_object(Bucket=bucket, Key=key, Body=artifacts[key])


def apply_change_set(cloudformation: Any, name: str, package: Package, parameters: Mapping[str, str]) -> bool:
    """Make the stack what the package says; whether anything changed. Raises `DeployError`."""
    exists = stack_exists(cloudformation, name)
    change_set = f"change-{uuid.uuid4().hex[:8]}"
    try:
        cloudformation.create_change_set(
            StackName=name,
            ChangeSetName=change_set,
            ChangeSetType="UPDATE" if exists else "CREATE",
            TemplateBody=package.template,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
    except ClientError as error:
        raise DeployError(f"The template was refused: {error.response['Error']['Message']}") from error
    if not has_changes(cloudformation, name, change_set):
        cloudformation.delete_change_set(StackName=name, ChangeSetName=change_set)
        return False
    execute(cloudformation, name, change_set, waiter="stack_update_complete" if exists else "stack_create_complete")
    return True


def stack_exists(cloudformation: Any, name: str) -> bool:
    """Whether the stack can be updated; one whose creation failed is removed first, as it cannot be."""
    try:
        status = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return False
        raise
    if status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"):
        cloudformation.delete_stack(StackName=name)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=WAIT)
        return False
    return status != "REVIEW_IN_PROGRESS"


def has_changes(cloudformation: Any, name: str, change_set: str) -> bool:
    """Wait for a change set; whether it holds a change. Raises `DeployError` when it could not be made."""
    while True:
        found = cloudformation.describe_change_set(StackName=name, ChangeSetName=change_set)
        if found["Status"] == "CREATE_COMPLETE":
            return True
        if found["Status"] == "FAILED":
            reason = found.get("StatusReason", "no reason was given")
            if NOTHING_CHANGED in reason or "No updates" in reason:
                return False
            raise DeployError(f"The template was refused: {reason}")
        time.sleep(0.1)


def execute(cloudformation: Any, name: str, change_set: str, *, waiter: str) -> None:
    """Carry a change set out. Raises `DeployError` with the first reason that its events give."""
    earlier = {each["EventId"] for each in read_events(cloudformation, name)}
    cloudformation.execute_change_set(StackName=name, ChangeSetName=change_set)
    try:
        cloudformation.get_waiter(waiter).wait(StackName=name, WaiterConfig=WAIT)
    except WaiterError as error:
        new = [each for each in read_events(cloudformation, name) if each["EventId"] not in earlier]
        raise DeployError(f"The stack could not be deployed: {first_failure(new) or error}") from error


def read_events(cloudformation: Any, name: str) -> list[dict[str, Any]]:
    """A stack's events, newest first; after them what was wrong before anything was made."""
    try:
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        failed = cloudformation.describe_events(StackName=name, Filters={"FailedEvents": True})["OperationEvents"]
    except ClientError:
        return []
    return events + [each for each in failed if each["EventType"] == "VALIDATION_ERROR"]


def first_failure(events: list[dict[str, Any]]) -> str:
    """Which resource failed first, and why; empty when none did. `events` are newest first."""
    for event in reversed(events):
        if event.get("ResourceStatus", "_FAILED").endswith("_FAILED"):
            reason = event.get("ValidationStatusReason") or event.get("ResourceStatusReason")
            return f"{event['LogicalResourceId']}: {reason or 'no reason was given'}"
    return ""


def read_deployment(aws: Aws, name: str, *, changed: bool) -> Deployment:
    """Outputs and names of a deployed stack. Queue addresses are those of today's port."""
    cloudformation = aws.client("cloudformation")
    found = cloudformation.describe_stacks(StackName=name)["Stacks"][0].get("Outputs", [])
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found}
    summaries = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    resources = {
        each["LogicalResourceId"]: each.get("PhysicalResourceId", "")
        for page in summaries
        for each in page["StackResourceSummaries"]
    }
    queues = {key: queue_url(aws, value) for key, value in outputs.items() if key.endswith("QueueUrl")}
    return Deployment(name, outputs | queues, resources, changed)


def queue_url(aws: Aws, url: str) -> str:
    """The address of a queue at the endpoint in use; CloudFormation keeps the one of when it was made."""
    return aws.client("sqs").get_queue_url(QueueName=url.rsplit("/", 1)[-1])["QueueUrl"]
