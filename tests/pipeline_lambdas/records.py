"""Records in the fake AWS, as the site leaves them before a run."""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

from pipeline_lambdas.photo_pipeline.contract import Batch, Original, Photo, Run, new_run, original_key, to_item
from tests.conftest import ORIGINALS

NOW = "2026-11-23T10:00:00.000+00:00"


def make_photo(aws: SimpleNamespace, *, data: bytes = b"", **overrides: Any) -> Photo:
    """A photo whose record is `uploading` and whose original, if there is `data`, has arrived."""
    owner_id, photo_id = overrides.pop("owner_id", str(uuid.uuid4())), str(uuid.uuid4())
    key = original_key(owner_id, photo_id, "jpg")
    values = {"status": "uploading", "uploaded_at": NOW, "updated_at": NOW, "original": Original(bytes=len(data))}
    record = Photo(owner_id=owner_id, photo_id=photo_id, key=key, **values | overrides)
    aws.table.put_item(Item=to_item(record))
    if data:
        aws.s3.put_object(Bucket=ORIGINALS, Key=key, Body=data)
    return record


def make_batch(aws: SimpleNamespace, owner_id: str, **overrides: Any) -> Batch:
    values = {"batch_id": str(uuid.uuid4()), "owner_id": owner_id, "expected": 1}
    batch = Batch(**values | overrides)
    aws.table.put_item(Item=to_item(batch))
    return batch


def make_run(aws: SimpleNamespace, photo: Photo, **overrides: Any) -> Run:
    try:
        etag = aws.s3.head_object(Bucket=ORIGINALS, Key=photo.key)["ETag"]
    except aws.s3.exceptions.ClientError:
        etag = "none"
    values = {"owner_id": photo.owner_id, "photo_id": photo.photo_id, "key": photo.key, "etag": etag, "sequencer": "1"}
    return new_run(**values | overrides)
