from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from pipeline_lambdas.photo_pipeline import aws as pipeline_aws
from tests.conftest import TABLE
from tests.pipeline_lambdas.wire import NOWHERE


class Body:
    """An error of DynamoDB as it comes over the wire."""

    def stream(self, **_: Any) -> Any:
        yield b'{"__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException", "message": "in progress"}'


def conflict(times: int) -> list[int]:
    """DynamoDB says for so many writes that a transaction is at work on their item; the list grows with each."""
    met: list[int] = []

    def answer(request: Any, **_: Any) -> AWSResponse | None:
        if len(met) == times:
            return None
        met.append(1)
        request.url = NOWHERE
        return AWSResponse(request.url, 400, {"content-type": "application/x-amz-json-1.0"}, Body())

    pipeline_aws.table(TABLE).meta.client.meta.events.register_first("before-send.dynamodb.PutItem", answer)
    return met


def test_a_write_that_meets_a_transaction_is_made_again(aws: SimpleNamespace) -> None:
    met = conflict(times=2)
    pipeline_aws.table(TABLE).put_item(Item={"pk": "a", "sk": "b"})
    assert len(met) == 2
    assert "Item" in aws.table.get_item(Key={"pk": "a", "sk": "b"})


def test_a_write_that_meets_transactions_without_end_is_an_error(
    aws: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline_aws, "CONFLICTS", 3)
    met = conflict(times=100)
    client = pipeline_aws.table(TABLE).meta.client
    with pytest.raises(client.exceptions.TransactionConflictException):
        pipeline_aws.table(TABLE).put_item(Item={"pk": "a", "sk": "b"})
    assert len(met) == 3
