"""The pipeline's only boto3: one client a service and process, with limits shorter than any function's own."""

from __future__ import annotations

import functools
import random
from typing import Any

import boto3
from botocore.config import Config as ClientConfig

_DEFAULT = ClientConfig(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})
_BRIEF = ClientConfig(connect_timeout=3, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})
CONFLICTS = 6
_ONCE = ClientConfig(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 1})


@functools.cache
def s3() -> Any:
    return boto3.client("s3", config=_DEFAULT)


@functools.cache
def table(name: str) -> Any:
    """The DynamoDB table as a resource: numbers come as Decimal, sets as set."""
    found = boto3.resource("dynamodb", config=_DEFAULT).Table(name)
    found.meta.client.meta.events.register("needs-retry.dynamodb", _try_again_after_conflict)
    return found


def _try_again_after_conflict(attempts: int, response: Any, **_: Any) -> float | None:
    """Seconds to wait, or None. A write that meets a transaction on its item is refused, and botocore lets it be."""
    code = response[1].get("Error", {}).get("Code") if response else ""
    conflict = code == "TransactionConflictException" and attempts < CONFLICTS
    return random.uniform(0, 0.05 * 2**attempts) if conflict else None  # noqa: S311 - spreads retries


@functools.cache
def step_functions() -> Any:
    return boto3.client("stepfunctions", config=_DEFAULT)


@functools.cache
def rekognition() -> Any:
    """What botocore gives up on is waited for by `questions.py`, as long as the function has time."""
    return boto3.client("rekognition", config=_BRIEF)


@functools.cache
def mail() -> Any:
    """Asked once: a mail whose answer got lost may have been sent."""
    return boto3.client("sesv2", config=_ONCE)


@functools.cache
def sms() -> Any:
    return boto3.client("sns", config=_ONCE)
