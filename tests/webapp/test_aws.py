from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from botocore.awsrequest import AWSResponse

from tests.pipeline_lambdas.wire import NOWHERE
from webapp import aws as site_aws


class Body:
    """An error of DynamoDB as it comes over the wire."""

    def stream(self, **_: Any) -> Any:
        yield b'{"__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException", "message": "in progress"}'


def test_a_write_that_meets_a_transaction_of_the_pipeline_is_made_again(aws: SimpleNamespace) -> None:
    met: list[int] = []

    def conflict_twice(request: Any, **_: Any) -> AWSResponse | None:
        if len(met) == 2:
            return None
        met.append(1)
        request.url = NOWHERE
        return AWSResponse(request.url, 400, {"content-type": "application/x-amz-json-1.0"}, Body())

    site_aws.table().meta.client.meta.events.register_first("before-send.dynamodb.PutItem", conflict_twice)
    site_aws.table().put_item(Item={"pk": "a", "sk": "b"})
    assert len(met) == 2
    assert "Item" in aws.table.get_item(Key={"pk": "a", "sk": "b"})
