"""Units, time and threads; that requests are counted right is in tests/faults/test_metering.py."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from decimal import Decimal
from types import SimpleNamespace

import pytest

from pipeline_lambdas.photo_pipeline import aws as pipeline_aws
from pipeline_lambdas.photo_pipeline import metering, photo_table
from pipeline_lambdas.photo_pipeline.contract import batch_item_key, batch_outcome_update
from tests.conftest import TABLE
from tests.pipeline_lambdas.records import NOW, make_batch
from tests.pipeline_lambdas.sizes import item_size


def test_units_are_what_dynamodb_says_that_it_consumed(aws: SimpleNamespace) -> None:
    table = pipeline_aws.table(TABLE)
    with metering.metered({}) as meter:
        table.put_item(Item={"pk": "a", "sk": "b"})
        table.get_item(Key={"pk": "a", "sk": "b"})
    told = table.get_item(Key={"pk": "a", "sk": "b"})["ConsumedCapacity"]["CapacityUnits"]
    assert meter.read().read_units == told
    assert meter.read().write_units > 0


def test_a_write_that_its_condition_refuses_takes_a_unit(aws: SimpleNamespace) -> None:
    batch = make_batch(aws, "o", gone={"1"})
    with metering.metered({}) as meter:
        photo_table._conditional(pipeline_aws.table(TABLE), **batch_outcome_update(batch.batch_id, "1", "ready"))
    assert (meter.read().write_units, meter.read().requests) == (1, {"DynamoDB.UpdateItem": 1})


def test_time_is_charged_by_the_memory_that_the_function_has(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([100.0, 102.0])
    monkeypatch.setattr(metering, "time", SimpleNamespace(monotonic=lambda: next(now)))
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769")
    with metering.metered({}) as meter:
        assert meter.read().gb_seconds == pytest.approx(2 * 1769 / 1024)


def test_threads_count_for_the_invocation_that_made_them_and_for_no_other(aws: SimpleNamespace) -> None:
    table = pipeline_aws.table(TABLE)
    with metering.metered({}) as outer, ThreadPoolExecutor() as pool:
        with metering.metered({}) as inner:
            pool.submit(copy_context().run, table.get_item, Key={"pk": "a", "sk": "b"}).result()
        table.get_item(Key={"pk": "a", "sk": "b"})
    table.get_item(Key={"pk": "a", "sk": "b"})
    assert (inner.read().requests, outer.read().requests) == ({"DynamoDB.GetItem": 1},) * 2


@pytest.mark.parametrize("count", [1, 20, 30, 500])
def test_a_write_of_a_batch_is_computed_by_its_size(aws: SimpleNamespace, count: int) -> None:
    batch = make_batch(aws, "o" * 36, expected=count, ready={f"{at:036}" for at in range(count)}, claimed_at=NOW)
    item = aws.table.get_item(Key=batch_item_key(batch.batch_id))["Item"]
    units = photo_table.noting(batch).write_units
    assert units == pytest.approx(item_size(item) / 1024, abs=1)
    assert photo_table.counting_surplus(batch).write_units <= (units - 1) * count


def test_values_are_about_as_large_as_dynamodb_finds_them() -> None:
    item = {
        "labels": [["Skateboard", Decimal(99)]] * 25,
        "renditions": {"thumb": {"key": "k" * 100, "bytes": Decimal(1000)}},
        "s": {"a"},
    }
    assert metering.size(item) == pytest.approx(item_size(item), rel=0.1)
    assert metering.update_units("x" * 1024) == 1
    assert metering.update_units("x" * 1024, beside=1) == 2
