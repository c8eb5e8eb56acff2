"""The pipeline's only boto3: one client a service and process, metered, and as patient as `calls.py` says."""

from __future__ import annotations

import functools
import random
from typing import Any

import boto3
from botocore.config import Config as ClientConfig

from .calls import BRIEF, CLIENTS, CONFLICTS, Patience, longest_conflict
from .metering import watch


def client_config(service: str) -> ClientConfig:
    """How long a service's client waits, and how often it tries."""
    return _config(CLIENTS[service])


def _config(patience: Patience) -> ClientConfig:
    return ClientConfig(
        connect_timeout=patience.connect,
        read_timeout=patience.read,
        retries={"mode": "standard", "total_max_attempts": patience.attempts},
    )


@functools.cache
def s3() -> Any:
    return watch(boto3.client("s3", config=client_config("s3")))


@functools.cache
def s3_briefly() -> Any:
    """For what one can do without: it tries once, and not for long."""
    return watch(boto3.client("s3", config=_config(BRIEF)))


@functools.cache
def table(name: str) -> Any:
    """The DynamoDB table as a resource: numbers come as Decimal, sets as set."""
    found = boto3.resource("dynamodb", config=client_config("dynamodb")).Table(name)
    watch(found.meta.client).meta.events.register("needs-retry.dynamodb", _try_again_after_conflict)
    return found


def _try_again_after_conflict(attempts: int, response: Any, **_: Any) -> float | None:
    """Seconds to wait, or None. A write that meets a transaction on its item is refused, and botocore lets it be."""
    code = response[1].get("Error", {}).get("Code") if response else ""
    conflict = code == "TransactionConflictException" and attempts < CONFLICTS
    return random.uniform(0, longest_conflict(attempts)) if conflict else None  # noqa: S311 - spreads retries


@functools.cache
def step_functions() -> Any:
    return watch(boto3.client("stepfunctions", config=client_config("stepfunctions")))


@functools.cache
def rekognition() -> Any:
    """What botocore gives up on is waited for by `questions.py`, as long as the function has time."""
    return watch(boto3.client("rekognition", config=client_config("rekognition")))


@functools.cache
def mail() -> Any:
    return watch(boto3.client("sesv2", config=client_config("sesv2")))


@functools.cache
def sms() -> Any:
    return watch(boto3.client("sns", config=client_config("sns")))
