"""The real ResizeImage handler on S3 and DynamoDB that always answer the same, some tens of times faster than moto."""

from __future__ import annotations

import functools
import io
import json
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from benchmarks.fake_pipeline import TABLE, set_environment
from pipeline_lambdas.photo_pipeline.contract import Original, Photo, Status, new_run, original_key, to_item

_OWNER, _PHOTO = "1b4e28ba-2fa1-11d2-883f-0016d3cca427", "01890a5d-ac96-774b-bcce-b302099a8057"
_original = b""


def start() -> None:
    """Answer the pipeline's requests here, for the rest of this process's life."""
    set_environment()
    from pipeline_lambdas.photo_pipeline import aws

    aws.s3().meta.events.register("before-send.s3.GetObject", lambda request, **_: _answer(request, _original))
    aws.s3().meta.events.register("before-send.s3.PutObject", lambda request, **_: _answer(request, b""))
    table = aws.table(TABLE).meta.client.meta.events
    table.register("before-send.dynamodb", lambda request, **_: _answer(request, _record()))


def resize(data: bytes) -> str:
    """What ResizeImage says of `data`: `resized`, or `rejected` with its code. Raises what it raises."""
    from pipeline_lambdas.photo_pipeline.handlers import resize_image

    global _original
    _original = data
    result = resize_image.handler({"run": _run()}, None)
    json.dumps(result, allow_nan=False, ensure_ascii=False).encode()
    reason = result["reason"]
    return result["outcome"] + (f" {reason['code']}" if reason else "")


def _answer(request: AWSPreparedRequest, body: bytes) -> AWSResponse:
    headers = {"content-length": str(len(body)), "etag": '"e"'}
    return AWSResponse(request.url, 200, headers, _Raw(body))


class _Raw(io.BytesIO):
    """What urllib3 would hand over."""

    def stream(self, **_: object) -> Any:
        yield self.read()


@functools.cache
def _run() -> dict[str, Any]:
    key = original_key(_OWNER, _PHOTO, "jpg")
    return vars(new_run(owner_id=_OWNER, photo_id=_PHOTO, key=key, etag='"e"'))


@functools.cache
def _record() -> bytes:
    """The photo's record as DynamoDB returns it after a claim."""
    photo = Photo(
        owner_id=_OWNER,
        photo_id=_PHOTO,
        status=Status.PROCESSING,
        uploaded_at="2026-11-23T10:00:00.000+00:00",
        updated_at="2026-11-23T10:00:00.000+00:00",
        key=original_key(_OWNER, _PHOTO, "jpg"),
        original=Original(bytes=1),
        run_id=_run()["run_id"],
    )
    attributes = {name: TypeSerializer().serialize(value) for name, value in to_item(photo).items()}
    return json.dumps({"Attributes": attributes}).encode()
