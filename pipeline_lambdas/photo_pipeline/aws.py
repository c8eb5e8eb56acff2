"""The pipeline's only boto3: one client a service and process, with limits shorter than any function's own."""

from __future__ import annotations

import functools
from typing import Any

import boto3
from botocore.config import Config as ClientConfig

_DEFAULT = ClientConfig(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})
_PATIENT = ClientConfig(connect_timeout=3, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 8})


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
    """Its quotas are a few calls a second, so a throttle is waited out longer than elsewhere."""
    return boto3.client("rekognition", config=_PATIENT)


@functools.cache
def mail() -> Any:
    return boto3.client("sesv2", config=_DEFAULT)


@functools.cache
def sms() -> Any:
    return boto3.client("sns", config=_DEFAULT)
