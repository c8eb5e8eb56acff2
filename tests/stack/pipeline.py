"""What the site does for a batch of photos, done by a test: records first, then bytes, then waiting."""

from __future__ import annotations

import base64
import email
import email.policy
import json
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from infra.local.package import TemplateTransform
from pipeline_lambdas.photo_pipeline.contract import (
    TERMINAL,
    Batch,
    Original,
    Photo,
    Preferences,
    batch_item_key,
    from_item,
    original_key,
    photo_item_key,
    put_new,
    to_item,
)

from .running import RunningStack

PATIENCE = 300  # seconds; a limit for a broken stack, not a measurement


class Pipeline:
    """A deployed pipeline: the stack's own, or a variant with `outputs` of its own."""

    def __init__(self, stack: RunningStack, outputs: Mapping[str, str] | None = None) -> None:
        self.outputs = outputs or stack.outputs
        self.s3 = stack.aws.client("s3")
        self.step_functions = stack.aws.client("stepfunctions")
        self.table = stack.aws.table(self.outputs["PhotoTableName"])

    def upload(self, files: Mapping[str, bytes], **preferences: Any) -> tuple[Batch, dict[str, Photo]]:
        """One batch of `files`, by name, of a new person."""
        owner_id, batch_id = str(uuid.uuid4()), str(uuid.uuid4())
        self.table.put_item(Item=to_item(Preferences(owner_id=owner_id, **preferences)))
        batch = Batch(batch_id=batch_id, owner_id=owner_id, expected=len(files))
        self.table.put_item(**put_new(batch))
        photos = {name: self._upload_one(batch, data) for name, data in files.items()}
        return batch, photos

    def _upload_one(self, batch: Batch, data: bytes) -> Photo:
        photo_id, now = str(uuid.uuid4()), datetime.now(UTC).isoformat()
        key = original_key(batch.owner_id, photo_id, "jpg")
        photo = Photo(
            owner_id=batch.owner_id,
            photo_id=photo_id,
            status="uploading",
            uploaded_at=now,
            updated_at=now,
            key=key,
            original=Original(bytes=len(data)),
            batch_id=batch.batch_id,
        )
        self.table.put_item(**put_new(photo))
        self.s3.put_object(Bucket=self.outputs["OriginalsBucketName"], Key=key, Body=data, IfNoneMatch="*")
        return photo

    def read(self, photo: Photo) -> Photo:
        key = photo_item_key(photo.owner_id, photo.photo_id)
        return from_item(Photo, self.table.get_item(Key=key, ConsistentRead=True)["Item"])

    def read_batch(self, batch: Batch) -> Batch:
        return from_item(Batch, self.table.get_item(Key=batch_item_key(batch.batch_id), ConsistentRead=True)["Item"])

    def wait(self, photos: Mapping[str, Photo]) -> dict[str, Photo]:
        """The records once every photo is at its end and every execution of theirs has ended."""
        until(lambda: all(self.read(photo).status in TERMINAL for photo in photos.values()))
        until(lambda: not self._running({photo.photo_id for photo in photos.values()}))
        return {name: self.read(photo) for name, photo in photos.items()}

    def _running(self, photo_ids: set[str]) -> list[str]:
        pages = self.step_functions.get_paginator("list_executions")
        found = pages.paginate(stateMachineArn=self.outputs["StateMachineArn"], statusFilter="RUNNING")
        return [each["name"] for page in found for each in page["executions"] if each["name"][:36] in photo_ids]

    def rendition(self, photo: Photo, name: str) -> bytes:
        answer = self.s3.get_object(Bucket=self.outputs["RenditionsBucketName"], Key=photo.renditions[name].key)
        return answer["Body"].read()


def variant(stack: RunningStack, name: str, transform: TemplateTransform | None = None, **parameters: str) -> Pipeline:
    """The pipeline of a changed template, whose renditions the stack's Rekognition server may read as well."""
    outputs = stack.deploy_variant(name, transform, **parameters).outputs
    readable = f"arn:aws:s3:::{outputs['RenditionsBucketName']}/*"
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": readable}
    stack.aws.client("iam").put_user_policy(
        UserName=f"{stack.started.deployment.name}-rekognition",
        PolicyName=name,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    return Pipeline(stack, outputs)


def mails_to(stack: RunningStack, address: str) -> list[EmailMessage]:
    """Mails sent to an address, newest first."""
    found = (base64.b64decode(each.mime) for each in stack.messages() if each.mime and address in each.recipients)
    return [email.message_from_bytes(mime, policy=email.policy.default) for mime in found]


def wishes_of(stack: RunningStack, address: str) -> Preferences:
    """What the pipeline knows of how the person with this address wants to be told, which is mail that arrives."""
    items = stack.aws.table(stack.outputs["PhotoTableName"]).scan()["Items"]
    (found,) = [item for item in items if item["sk"] == "PREFERENCES" and item.get("email") == address]
    return from_item(Preferences, found)


def until(condition: Any, *, patience: float = PATIENCE) -> None:
    """Wait until `condition()` is true; fail when it never is, in so many seconds."""
    give_up = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.2)
