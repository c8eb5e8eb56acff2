from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_user
from webapp import aws as site_aws


@pytest.fixture
def me(db: None) -> Any:
    return make_user()


@pytest.fixture
def mine(me: Any, client: Client) -> Client:
    """A browser in which `me` is logged in."""
    client.force_login(me)
    return client


@pytest.fixture
def calls(aws: SimpleNamespace) -> Counter[str]:
    """Counts what the site asks of AWS, by operation, as it goes over the wire."""
    made: Counter[str] = Counter()

    def count(model: Any, **_: Any) -> None:
        made[model.name] += 1

    for client in (site_aws.table().meta.client, site_aws.s3(), site_aws.stepfunctions(), site_aws.lambda_()):
        client.meta.events.register("before-call", count)
    return made


@pytest.fixture
def breaks(aws: SimpleNamespace) -> Callable[..., None]:
    """`breaks("s3", "PutObject", times=1, when=predicate on parameters)`: the service answers 503 from then on."""

    def install(
        service: str, operation: str, *, times: int = 1_000, when: Callable[[dict[str, Any]], bool] = bool
    ) -> None:
        client = {"s3": site_aws.s3(), "dynamodb": site_aws.table().meta.client, "lambda": site_aws.lambda_(),
                  "stepfunctions": site_aws.stepfunctions(),
                  "probe": site_aws.probe_table().meta.client}[service]  # fmt: skip
        left = iter(range(times))

        def fail(params: dict[str, Any], **_: Any) -> None:
            if when(params) and next(left, None) is not None:
                error = {"Code": "ServiceUnavailable", "Message": "test"}
                raise client.exceptions.ClientError(
                    {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 503}}, operation
                )

        name = client.meta.service_model.service_id.hyphenize()  # Step Functions goes by another name here
        client.meta.events.register(f"provide-client-params.{name}.{operation}", fail)

    return install


@pytest.fixture
def states(aws: SimpleNamespace) -> SimpleNamespace:
    """A state machine of the name that the site knows, whose executions stay RUNNING; `.end(run_id)` ends one."""
    client = aws.client("stepfunctions")
    name = settings.STATE_MACHINE_ARN.rpartition(":")[2]
    passes = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    made = client.create_state_machine(
        name=name, definition=json.dumps(passes), roleArn="arn:aws:iam::123456789012:role/x"
    )
    assert made["stateMachineArn"] == settings.STATE_MACHINE_ARN

    def execution(run_id: str) -> Any:
        return client.describe_execution(
            executionArn=f"{settings.STATE_MACHINE_ARN.replace('stateMachine', 'execution')}:{run_id}"
        )

    def names() -> list[str]:
        listed = client.list_executions(stateMachineArn=settings.STATE_MACHINE_ARN)["executions"]
        return sorted(each["name"] for each in listed)

    def run_of(run_id: str) -> contract.Run:
        return contract.from_item(contract.Run, json.loads(execution(run_id)["input"])["run"])

    def end(run_id: str) -> None:
        client.stop_execution(executionArn=execution(run_id)["executionArn"])

    return SimpleNamespace(names=names, run_of=run_of, end=end, status=lambda run_id: execution(run_id)["status"])


@pytest.fixture
def notices(aws: SimpleNamespace) -> list[str]:
    """Batches whose notice the site asks NotifyUser for, as they go over the wire."""
    asked: list[str] = []

    def answer(params: dict[str, Any], **_: Any) -> Any:
        assert params["headers"]["X-Amz-Invocation-Type"] == "Event"
        assert f"/functions/{settings.NOTIFY_USER_FUNCTION}/invocations" in params["url_path"]
        asked.append(json.loads(params["body"])["batch_id"])
        return SimpleNamespace(status_code=202, headers={}, content=b""), {"StatusCode": 202}

    site_aws.lambda_().meta.events.register("before-call.lambda.Invoke", answer)
    return asked


@pytest.fixture
def keep_original(aws: SimpleNamespace) -> Callable[[Any], str]:
    """Put a photo's original into S3; returns its ETag."""

    def put(photo: Any) -> str:
        answer = aws.s3.put_object(Bucket=settings.ORIGINALS_BUCKET, Key=photo.key, Body=b"original")
        return answer["ETag"].strip('"')

    return put
