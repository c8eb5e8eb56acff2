"""The site's only way to AWS: one cached client a service. boto3 learns from the environment where and as whom."""

import random
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from django.conf import settings

# What any call may raise: no answer, a refusal, or a connection that broke while bytes were read.
ERRORS = (BotoCoreError, ClientError, OSError)

CONFIG = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=20,
)
# us-east-1 would otherwise be signed for s3.amazonaws.com, which the site's policy for browsers does not name.
S3_ADDRESSES = {"addressing_style": "path", "us_east_1_regional_endpoint": "regional"}
S3_CONFIG = CONFIG.merge(Config(signature_version="s3v4", s3=S3_ADDRESSES))
CONFLICTS = 6
PROBE_CONFIG = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})


def _session() -> boto3.Session:
    # One for each client: making two from a shared session at once is not safe across threads.
    return boto3.Session(region_name=settings.AWS_REGION)


@lru_cache(maxsize=1)
def table() -> Any:
    """The photo table; `table().meta.client` for what one table cannot do, such as BatchGetItem."""
    found = _session().resource("dynamodb", config=CONFIG).Table(settings.PHOTO_TABLE)
    found.meta.client.meta.events.register("needs-retry.dynamodb", _try_again_after_conflict)
    return found


def _try_again_after_conflict(attempts: int, response: Any, **_: Any) -> float | None:
    """Seconds to wait, or None. A write that meets a transaction of the pipeline on its item is refused, and botocore
    lets it be."""
    code = response[1].get("Error", {}).get("Code") if response else ""
    conflict = code == "TransactionConflictException" and attempts < CONFLICTS
    return random.uniform(0, 0.05 * 2**attempts) if conflict else None  # noqa: S311 - spreads retries


@lru_cache(maxsize=1)
def probe_table() -> Any:
    """The photo table, for a probe that must answer within about a second."""
    return _session().resource("dynamodb", config=PROBE_CONFIG).Table(settings.PHOTO_TABLE)


@lru_cache(maxsize=1)
def s3() -> Any:
    return _session().client("s3", config=S3_CONFIG)


@lru_cache(maxsize=1)
def stepfunctions() -> Any:
    return _session().client("stepfunctions", config=CONFIG)


@lru_cache(maxsize=1)
def lambda_() -> Any:
    return _session().client("lambda", config=CONFIG)


@lru_cache(maxsize=1)
def sqs() -> Any:
    return _session().client("sqs", config=CONFIG)


@lru_cache(maxsize=1)
def probe_sqs() -> Any:
    """For a count beside other things, which must answer within about a second."""
    return _session().client("sqs", config=PROBE_CONFIG)


@lru_cache(maxsize=1)
def sms() -> Any:
    """SNS, tried once: a text message whose answer got lost may have been sent, and costs money."""
    return _session().client("sns", config=CONFIG.merge(Config(retries={"total_max_attempts": 1})))


@lru_cache(maxsize=1)
def _credentials() -> Any:
    return _session().get_credentials()


def signing_credentials() -> Any:
    """`.access_key`, `.secret_key` and `.token` to sign with now; those of a role are renewed before they end."""
    found = _credentials()
    if found is None:
        raise NoCredentialsError
    return found.get_frozen_credentials()
