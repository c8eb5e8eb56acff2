"""The witness lets pass what the contract allows, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_label, make_record
from tests.faults.moto_table import light, watched
from tests.faults.witness import Witness, faults
from webapp.photos.models import Photo

UPLOADED = datetime(2026, 3, 1, tzinfo=UTC)
FIRST, OTHER, SECOND = "p-aaaaaaaaaa-1", "p-bbbbbbbbbb-1", "p-aaaaaaaaaa-2"


def make(status: str, run_id: str = FIRST, **overrides: Any) -> contract.Photo:
    photo = Photo(owner_id=1, uploaded_at=UPLOADED, bytes=10)
    return replace(make_record(photo, status=status, run_id=run_id, **overrides), updated_at="", steps=[])


UPLOADING = make("uploading", "")
WORKING, READY = make("processing"), make("ready")
ASKED = replace(READY, requested_run=SECOND, attempt=2)
AGAIN = replace(READY, status="processing", run_id=SECOND, attempt=2)


@pytest.mark.parametrize(
    ("before", "after", "writer"),
    [
        (None, UPLOADING, ""),
        (UPLOADING, WORKING, FIRST),
        (WORKING, WORKING, FIRST),
        (WORKING, READY, FIRST),
        (WORKING, make("failed"), ""),
        (UPLOADING, make("failed", ""), ""),
        (READY, ASKED, ""),
        (ASKED, AGAIN, SECOND),
        (READY, replace(READY, denied_labels={"Cat"}), ""),
        (READY, replace(READY, status="deleting", run_id=""), ""),
        (replace(READY, status="deleting", run_id=""), None, ""),
    ],
)
def test_a_write_of_the_contract_passes(before: Any, after: Any, writer: str) -> None:
    assert list(faults(before, after, writer)) == []


@pytest.mark.parametrize(
    ("before", "after", "writer"),
    [
        pytest.param(WORKING, make("ready", OTHER), OTHER, id="another run's result"),
        pytest.param(READY, replace(WORKING, run_id=OTHER), OTHER, id="an end is left, unasked"),
        pytest.param(ASKED, replace(AGAIN, run_id=OTHER), OTHER, id="an end is left by who was not asked"),
        pytest.param(AGAIN, replace(WORKING, attempt=2), FIRST, id="an earlier run takes it back"),
        pytest.param(READY, replace(READY, labels=[make_label("Dog")]), FIRST, id="a result is written twice"),
        pytest.param(AGAIN, replace(AGAIN, labels=[]), FIRST, id="an earlier run writes"),
        pytest.param(ASKED, replace(ASKED, attempt=1), "", id="an attempt fewer"),
        pytest.param(WORKING, replace(READY, denied_labels={"Cat"}), FIRST, id="a correction made up"),
        pytest.param(WORKING, make("failed"), OTHER, id="closed by another run"),
        pytest.param(READY, make("failed"), "", id="closed after its end"),
        pytest.param(None, WORKING, FIRST, id="made by the pipeline"),
        pytest.param(replace(READY, status="deleting"), WORKING, FIRST, id="back from deletion"),
    ],
)
def test_a_write_that_may_never_be_is_told(before: Any, after: Any, writer: str) -> None:
    assert list(faults(before, after, writer))


@pytest.fixture
def witness() -> Iterator[Witness]:
    made = Witness(lambda: FIRST)
    with watched(made.see):
        yield made


def test_every_write_is_seen(aws: SimpleNamespace, witness: Witness) -> None:
    aws.table.put_item(Item=contract.to_item(WORKING))
    assert (witness.writes, len(witness.wrong)) == (1, 1)
    aws.table.delete_item(Key=contract.photo_item_key(WORKING.owner_id, WORKING.photo_id))
    assert (witness.writes, len(witness.wrong)) == (2, 2)


def test_claims_of_a_batch_are_counted(aws: SimpleNamespace, witness: Witness) -> None:
    batch = contract.Batch("b1", "o1", expected=1)
    for claimed_at in ("", "now", "", "later"):
        aws.table.put_item(Item=contract.to_item(replace(batch, claimed_at=claimed_at)))
    assert witness.claims == {"b1": 2}


@pytest.mark.parametrize(("state", "number"), [("a", 1), ("b", 0)])
def test_a_light_transaction_is_made_whole_or_not_at_all(aws: SimpleNamespace, state: str, number: int) -> None:
    for sk in ("one", "two", "three"):
        aws.table.put_item(Item={"pk": "p", "sk": sk, "state": "a", "number": 0})
    client = aws.table.meta.client
    updates = [
        {"Update": {"TableName": aws.table.name, "Key": {"pk": "p", "sk": sk}, "UpdateExpression": "SET #n = :one",
                    "ExpressionAttributeNames": {"#n": "number"}, "ExpressionAttributeValues": {":one": 1},
                    **condition}}
        for sk, condition in [("one", {}), ("two", _only_if(state))]
    ]  # fmt: skip
    with light():
        if number:
            client.transact_write_items(TransactItems=updates)
        else:
            with pytest.raises(client.exceptions.TransactionCanceledException):
                client.transact_write_items(TransactItems=updates)
    items = aws.table.scan(FilterExpression=Attr("pk").eq("p"))["Items"]
    assert {item["sk"]: int(item["number"]) for item in items} == {"one": number, "two": number, "three": 0}


def test_a_light_answer_is_the_same(aws: SimpleNamespace) -> None:
    aws.table.put_item(Item=contract.to_item(replace(READY, denied_labels={"Cat"})) | {"none": None, "yes": True})
    whole = aws.table.scan()["Items"]
    with light():
        assert aws.table.scan()["Items"] == whole
    assert contract.from_item(contract.Photo, whole[0]).labels == READY.labels


def _only_if(state: str) -> dict[str, Any]:
    return {
        "ConditionExpression": "#s = :state",
        "ExpressionAttributeNames": {"#n": "number", "#s": "state"},
        "ExpressionAttributeValues": {":one": 1, ":state": state},
    }
