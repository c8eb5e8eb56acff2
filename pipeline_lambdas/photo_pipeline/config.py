"""Each function's environment as a value, read once. The template sets it."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, fields
from typing import TypeVar

from .contract import from_item
from .errors import NotConfigured


@dataclass(frozen=True)
class TriggerConfig:
    state_machine_arn: str


@dataclass(frozen=True)
class ResizeConfig:
    originals_bucket: str
    renditions_bucket: str
    photo_table: str


@dataclass(frozen=True)
class LabelsConfig:
    """min_confidence in percent; the two questions beside the labels are `on` or `off`."""

    renditions_bucket: str
    photo_table: str
    min_confidence: float
    max_labels: int
    detect_faces: str
    detect_moderation_labels: str


@dataclass(frozen=True)
class StoreConfig:
    renditions_bucket: str
    photo_table: str


@dataclass(frozen=True)
class NotifyConfig:
    """site_url without a slash at its end; sms_a_day: text messages to everybody together; mail_configuration_set: by
    which SES tells what came back."""

    renditions_bucket: str
    photo_table: str
    mail_sender: str
    mail_configuration_set: str
    site_url: str
    sms_a_day: int


def memory_megabytes() -> int:
    """What Lambda gives to the function, which it says itself."""
    return int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"))


Values = TypeVar("Values")


@functools.cache
def load(cls: type[Values]) -> Values:
    """`cls` from the variables that its fields name, in upper case. Raises NotConfigured with every one missing."""
    names = {field.name: field.name.upper() for field in fields(cls)}  # type: ignore[arg-type]
    missing = [variable for variable in names.values() if not os.environ.get(variable)]
    if missing:
        raise NotConfigured(f"not set: {', '.join(missing)}")
    return from_item(cls, {name: os.environ[variable] for name, variable in names.items()})
