"""The pause where the pipeline reads it."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline_lambdas.photo_pipeline import contract
from webapp import aws


def put(until: datetime) -> None:
    """Let no new analysis be paid for until then. Safe to repeat."""
    text = until.astimezone(UTC).isoformat(timespec="milliseconds")
    aws.table().put_item(Item=contract.to_item(contract.Pause(until=text)))


def remove() -> None:
    """Let analysis go on; none is as good."""
    aws.table().delete_item(Key=contract.pause_item_key())
