"""The table of calls: it has every call that the code makes, and the clients are as patient as it says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from pipeline_lambdas.photo_pipeline import aws as pipeline_aws
from pipeline_lambdas.photo_pipeline import calls
from pipeline_lambdas.photo_pipeline.calls import CALLS, CLIENTS, CONFLICTS, Fault
from tests.conftest import TABLE
from tests.pipeline_lambdas.wire import spoil

SOURCE = Path(calls.__file__).parent
# One call of each service, made as simply as it can be.
ASK = {
    "s3": ("GetObject", lambda: pipeline_aws.s3().get_object(Bucket="b", Key="k")),
    "dynamodb": ("GetItem", lambda: pipeline_aws.table(TABLE).get_item(Key={"pk": "a", "sk": "b"})),
    "stepfunctions": ("StartExecution", lambda: pipeline_aws.step_functions().start_execution(stateMachineArn="arn")),
    "rekognition": ("DetectFaces", lambda: pipeline_aws.rekognition().detect_faces(Image={"Bytes": b"x"})),
    "sesv2": ("SendEmail", lambda: pipeline_aws.mail().send_email(Content={})),
    "sns": ("Publish", lambda: pipeline_aws.sms().publish(Message="m", PhoneNumber="+1")),
}
LASTS = {Fault.THROTTLE, Fault.SERVER_ERROR, Fault.TIMEOUT}


def client_of(service: str) -> Any:
    made = {
        "s3": pipeline_aws.s3,
        "dynamodb": lambda: pipeline_aws.table(TABLE).meta.client,
        "stepfunctions": pipeline_aws.step_functions,
        "rekognition": pipeline_aws.rekognition,
        "sesv2": pipeline_aws.mail,
        "sns": pipeline_aws.sms,
    }
    return made[service]()


def operations() -> dict[str, str]:
    """Every operation of the services that the pipeline has clients of, by the name of its method."""
    session = botocore.session.get_session()
    models = [session.get_service_model(service) for service in CLIENTS]
    return {xform_name(name): f"{model.service_id}.{name}" for model in models for name in model.operation_names}


def methods_called() -> Iterator[str]:
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield node.func.attr


def test_the_table_has_every_operation_that_the_code_calls_and_no_other() -> None:
    known = operations()
    called = {known[method] for method in methods_called() if method in known}
    assert called == {operation for functions in CALLS.values() for operation in functions}


def test_every_call_has_an_answer_to_every_fault() -> None:
    for operations_of in CALLS.values():
        for answers in operations_of.values():
            assert set(answers) == set(Fault)


def test_every_client_is_made_from_the_table(aws: SimpleNamespace) -> None:
    made = {
        value().meta.service_model.service_name
        for name, value in vars(pipeline_aws).items()
        if hasattr(value, "cache_clear") and name != "table"
    }
    assert made | {"dynamodb"} == set(CLIENTS) == set(ASK)
    for service, patience in CLIENTS.items():
        config = client_of(service).meta.config
        assert (config.connect_timeout, config.read_timeout) == (patience.connect, patience.read)
        assert config.retries["total_max_attempts"] == patience.attempts


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("service", CLIENTS)
def test_a_client_tries_again_what_may_pass_and_nothing_else(
    aws: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, service: str, fault: Fault
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=waits.append))
    monkeypatch.setattr("botocore.retries.standard.random.random", lambda: 1.0)
    operation, ask = ASK[service]
    with spoil(client_of(service), operation, fault) as sent, pytest.raises((ClientError, BotoCoreError)):
        ask()
    patience = CLIENTS[service]
    assert len(sent) == (patience.attempts if fault in LASTS else 1)
    assert len(sent) * (patience.connect + patience.read) + sum(waits) <= patience.longest


def test_a_write_that_meets_a_transaction_waits_no_longer_than_the_table_says() -> None:
    error = {"Error": {"Code": "TransactionConflictException"}}
    for attempt in range(1, CONFLICTS):
        wait = pipeline_aws._try_again_after_conflict(attempt, (None, error))
        assert wait is not None
        assert 0 <= wait <= calls.longest_conflict(attempt)
