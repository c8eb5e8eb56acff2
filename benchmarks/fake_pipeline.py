"""The pipeline's own handlers on a fake AWS within this process, so that a benchmark judges what really runs."""

from __future__ import annotations

import functools
import io
import json
import os
import uuid
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from moto import mock_aws
from PIL import Image
from samtranslator.yaml_helper import yaml_parse

from pipeline_lambdas.photo_pipeline.contract import (
    Original,
    Photo,
    Status,
    from_item,
    new_run,
    original_key,
    photo_item_key,
    to_item,
)

_TEMPLATE = Path(__file__).resolve().parent.parent / "infra" / "template.yaml"
REGION, ORIGINALS, RENDITIONS, TABLE = "eu-west-1", "originals", "renditions", "photos"
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "ORIGINALS_BUCKET": ORIGINALS,
    "RENDITIONS_BUCKET": RENDITIONS,
    "PHOTO_TABLE": TABLE,
    "MIN_CONFIDENCE": "55",
    "MAX_LABELS": "25",
    "DETECT_FACES": "off",  # moto answers DetectLabels alone
    "DETECT_MODERATION_LABELS": "off",
    "POWERTOOLS_LOG_LEVEL": "ERROR",
}


def set_environment() -> None:
    """What Lambda would set for ResizeImage, before libvips is loaded; and nobody's credentials."""
    os.environ.update(_ENVIRONMENT | _variables_of_resize_image())
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        os.environ.pop(name, None)


def start() -> None:
    """Make the fake AWS, for the rest of this process's life and for every child forked from it."""
    set_environment()
    mock_aws().start()
    for bucket in (ORIGINALS, RENDITIONS):
        _s3().create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    names = {"pk": "HASH", "sk": "RANGE"}
    boto3.resource("dynamodb").create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in names.items()],
    )
    assert process(_tiny_photo()).status == Status.REJECTED


def process(data: bytes) -> Photo:
    """Upload `data`, let the handlers work as the state machine does, and read the photo's record back.

    They are imported only here, since libvips reads the function's environment as it is loaded.
    """
    from pipeline_lambdas.photo_pipeline.handlers import rekognition_labels, resize_image, store_metadata

    photo = _upload(data)
    etag = _s3().head_object(Bucket=ORIGINALS, Key=photo.key)["ETag"]
    run = new_run(owner_id=photo.owner_id, photo_id=photo.photo_id, key=photo.key, etag=etag)
    state: dict[str, Any] = {"run": asdict(run)}
    state["resize"] = _as_json(resize_image.handler(state, None))
    if state["resize"]["outcome"] == "resized":
        state["analysis"] = _as_json(rekognition_labels.handler(state, _Invocation()))
    store_metadata.handler(state, None)
    item = _table().get_item(Key=photo_item_key(photo.owner_id, photo.photo_id), ConsistentRead=True)["Item"]
    return from_item(Photo, item)


def rendition(photo: Photo, name: str) -> bytes:
    """The bytes of one of the renditions that a photo's record names."""
    return _s3().get_object(Bucket=RENDITIONS, Key=photo.renditions[name].key)["Body"].read()


class _Invocation:
    """What Lambda would call a function with."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def _variables_of_resize_image() -> dict[str, str]:
    function = yaml_parse(_TEMPLATE.read_text())["Resources"]["ResizeImage"]["Properties"]
    return function.get("Environment", {}).get("Variables", {})


def _as_json(result: dict[str, Any]) -> Any:
    """As Step Functions carries it: text that is no Unicode, or a number that is none, is an error."""
    return json.loads(json.dumps(result, allow_nan=False, ensure_ascii=False).encode())


def _upload(data: bytes) -> Photo:
    owner_id, photo_id, now = str(uuid.uuid4()), str(uuid.uuid4()), datetime.now(UTC).isoformat()
    photo = Photo(
        owner_id=owner_id,
        photo_id=photo_id,
        status=Status.UPLOADING,
        uploaded_at=now,
        updated_at=now,
        key=original_key(owner_id, photo_id, "jpg"),
        original=Original(bytes=len(data)),
    )
    _table().put_item(Item=to_item(photo))
    _s3().put_object(Bucket=ORIGINALS, Key=photo.key, Body=data)
    return photo


def _tiny_photo() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    return file.getvalue()


@functools.cache
def _s3() -> Any:
    return boto3.client("s3")


@functools.cache
def _table() -> Any:
    return boto3.resource("dynamodb").Table(TABLE)


def warm() -> None:
    """Draw one photo, so that libraries have started their threads and taken their memory."""
    assert process(_small_photo()).status == Status.READY


@functools.cache
def _small_photo() -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((160, 120)).convert("RGB").save(file, "JPEG")
    return file.getvalue()
