"""The pipeline's only boto3: one client a service and process, with limits shorter than any function's own."""

from __future__ import annotations

import functools
from typing import Any

import boto3
from botocore.config import Config as ClientConfig

_DEFAULT = ClientConfig(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})
_PATIENT = ClientConfig(connect_timeout=3, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 20})
_ONCE = ClientConfig(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 1})


@functools.cache
def s3() -> Any:
    return boto3.client("s3", config=_DEFAULT)


@functools.cache
def table(name: str) -> Any:
    """The DynamoDB table as a resource: numbers come as Decimal, sets as set."""
    return boto3.resource("dynamodb", config=_DEFAULT).Table(name)


@functools.cache
def step_functions() -> Any:
    return boto3.client("stepfunctions", config=_DEFAULT)


@functools.cache
def rekognition() -> Any:
    """Its quotas are a few calls a second, so a throttle is waited out as long as the function has time. One that
    lasts longer ends in the function's timeout, which the state machine tries again."""
    return boto3.client("rekognition", config=_PATIENT)


@functools.cache
def mail() -> Any:
    """Asked once: a mail whose answer got lost may have been sent."""
    return boto3.client("sesv2", config=_ONCE)


@functools.cache
def sms() -> Any:
    return boto3.client("sns", config=_ONCE)
