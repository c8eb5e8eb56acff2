"""DynamoDB as the site asks it for the records of a page, answered at the wire from the rows themselves."""

from __future__ import annotations

import io
import json
import math
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from pipeline_lambdas.photo_pipeline import contract

PLACEHOLDER = "UklGRkQAAABXRUJQVlA4IDgAAADQAQCdASoQAAwABUB8JZgCdADNmIueAADMFKyf7iNk1hI49UA8jeDvFamBe8zHDRcJqmU3OiAAAA=="
UNIT = 4096  # bytes; half a unit each where a read need not be consistent

seen: dict[str, float] = defaultdict(float)
_items: dict[str, bytes] = {}


def start(*, token: int) -> None:
    """Answer the site's reads here for the rest of this process's life; sign with a token of so many characters."""
    from botocore.credentials import ReadOnlyCredentials

    from webapp import aws

    client = aws.table().meta.client
    client.batch_get_item = _timed(client.batch_get_item)
    client.meta.events.register("before-send.dynamodb.BatchGetItem", lambda request, **_: _answer(request))
    credentials = ReadOnlyCredentials(
        "ASIAABCDEFGHIJKLMNOP", "secret", ("IQoJb3JpZ2luX2VjE/b+" * (token // 20 + 1))[:token]
    )
    aws.signing_credentials = lambda: credentials


def _timed(call: Callable[..., Any]) -> Callable[..., Any]:
    """What boto3 makes of an answer is part of the call: it parses as much again as the site does."""

    def timed(**arguments: Any) -> Any:
        start = time.process_time()
        try:
            return call(**arguments)
        finally:
            seen["seconds"] += time.process_time() - start

    return timed


def forget() -> None:
    seen.clear()


def _answer(request: AWSPreparedRequest) -> AWSResponse:
    """Every answer is made once: making it would otherwise be most of what is measured."""
    body = request.body if isinstance(request.body, bytes) else str(request.body).encode()
    ((table, wanted),) = json.loads(body)["RequestItems"].items()
    ids = [key["sk"]["S"].rpartition("#")[2] for key in wanted["Keys"]]
    _make([photo_id for photo_id in ids if photo_id not in _items])
    seen["calls"] += 1
    seen["units"] += sum(math.ceil(len(_items[photo_id]) / UNIT) for photo_id in ids) / 2
    found = b",".join(_items[photo_id] for photo_id in ids)
    answer = b'{"Responses":{"%s":[%s]},"UnprocessedKeys":{}}' % (table.encode(), found)
    headers = {"content-length": str(len(answer)), "content-type": "application/x-amz-json-1.0"}
    return AWSResponse(request.url, 200, headers, _Raw(answer))


def _make(photo_ids: list[str]) -> None:
    from webapp.photos.models import Photo

    for photo in Photo.objects.filter(pk__in=photo_ids).prefetch_related("labels"):
        serialize = TypeSerializer().serialize
        attributes = {name: serialize(value) for name, value in contract.to_item(_record(photo)).items()}
        _items[str(photo.pk)] = json.dumps(attributes).encode()


def _record(photo: Any) -> contract.Photo:
    """What the pipeline leaves of such a photo: labels with parents and boxes, EXIF and steps."""
    labels = [
        contract.Label(name=label.name, confidence=label.confidence, parents=["Animal", "Mammal"])
        for label in photo.labels.all()
    ]
    owner, name = str(photo.owner_id), str(photo.pk)
    shrink = 480 / max(photo.width, photo.height)
    sizes = {contract.THUMB: shrink, contract.DISPLAY: shrink * 4.27, contract.ANALYSIS: shrink * 2.67}
    is_ready = photo.status == contract.Status.READY
    renditions = {
        kind: contract.Rendition(
            contract.rendition_key(owner, name, photo.run_id, kind),
            round(photo.width * by),
            round(photo.height * by),
            bytes=20_000,
        )
        for kind, by in sizes.items()
    }
    moment = photo.uploaded_at.isoformat()
    return contract.Photo(
        owner_id=owner,
        photo_id=name,
        status=photo.status,
        uploaded_at=moment,
        updated_at=moment,
        key=photo.key,
        original=contract.Original(bytes=photo.bytes, width=photo.width, height=photo.height, format="JPEG"),
        run_id=photo.run_id,
        reason=None if is_ready else contract.reason(contract.Refusal.DAMAGED),
        renditions=renditions if is_ready else {},
        placeholder=PLACEHOLDER if is_ready else "",
        labels=labels,
        exif=contract.Exif(taken_at=photo.taken_at.isoformat(), camera=photo.camera),
        steps=[contract.Step(step, moment, ms=400, attempt=1) for step in ("ResizeImage", "DetectLabels", "Save")],
    )


class _Raw(io.BytesIO):
    """What urllib3 would hand over."""

    def stream(self, **_: object) -> Any:
        yield self.read()
