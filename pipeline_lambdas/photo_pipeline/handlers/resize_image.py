"""Claim a photo, check its original, draw and store its renditions."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from aws_lambda_powertools import Logger

from .. import aws, config, photo_table, relabelling
from ..contract import Original, Place, Rendition, Run, StepOutcome, from_item, refuse_size, rendition_key
from ..decoding import Decoded
from ..errors import Overtaken, Refused
from ..inspection import Facts, inspect
from ..metering import metered
from ..renditions import Picture, open_original, render
from ..results import OVERTAKEN, REJECTED, RESIZED, ResizeResult, Stopwatch, to_state, utc_now

logger = Logger()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{"run": Run, "retries": …}` to a ResizeResult."""
    with metered(event) as meter:
        result = _claim_and_resize(from_item(Run, event["run"]))
        return to_state(replace(result, usage=meter.read()))


def _claim_and_resize(run: Run) -> ResizeResult:
    settings = config.load(config.ResizeConfig)
    stopwatch = Stopwatch("ResizeImage", run)
    try:
        if run.relabel:
            return relabelling.take_up(aws.table(settings.photo_table), run)
        photo = photo_table.claim_photo(aws.table(settings.photo_table), run, now=utc_now())
        result = _resize_or_reject(run, settings, stopwatch)
        return replace(result, has_batch=bool(photo.batch_id), asked_anew=photo.asked_anew)
    except Overtaken:
        logger.info("overtaken", extra={"run": run.run_id})
        return ResizeResult(OVERTAKEN)


def _resize_or_reject(run: Run, settings: config.ResizeConfig, stopwatch: Stopwatch) -> ResizeResult:
    try:
        return _resize(run, settings, stopwatch)
    except Refused as refused:
        return ResizeResult(REJECTED, step=stopwatch.step(StepOutcome.REJECTED), reason=refused.reason)


def _resize(run: Run, settings: config.ResizeConfig, stopwatch: Stopwatch) -> ResizeResult:
    facts, original, decoded = _open(run, settings.originals_bucket)
    if facts.place:
        _keep_place_if_asked(aws.table(settings.photo_table), run, facts.place)
    drawing = render(decoded)
    renditions = {
        name: _store(run, name, picture, settings.renditions_bucket) for name, picture in drawing.pictures.items()
    }
    return ResizeResult(
        RESIZED,
        step=stopwatch.step(),
        original=original,
        renditions=renditions,
        placeholder=drawing.placeholder,
        exif=facts.exif,
        analysis_content=drawing.analysis_content,
    )


def _open(run: Run, bucket: str) -> tuple[Facts, Original, Decoded]:
    """What there is to know of the original, and its pixels. Its bytes are let go of, to make room for the drawing."""
    data = _read_original(run, bucket)
    facts = inspect(data)
    decoded = open_original(data, facts.format)
    original = Original(
        bytes=len(data),
        width=facts.width,
        height=facts.height,
        format=facts.format,
        sha256=hashlib.sha256(data).hexdigest(),
        incomplete=decoded.incomplete,
    )
    return facts, original, decoded


def _keep_place_if_asked(table: Any, run: Run, place: Place) -> None:
    preferences = photo_table.get_preferences(table, run.owner_id)
    if preferences and preferences.keep_place:
        photo_table.keep_place(table, run, place)


def _read_original(run: Run, bucket: str) -> bytes:
    """The very version that the run is about. Raises Refused, before reading it, when it is too large or empty."""
    version = {"VersionId": run.version_id} if run.version_id else {"IfMatch": run.etag}
    answer = aws.s3().get_object(Bucket=bucket, Key=run.key, **version)
    if refusal := refuse_size(answer["ContentLength"]):
        answer["Body"].close()
        raise Refused(refusal)
    return answer["Body"].read()


def _store(run: Run, name: str, picture: Picture, bucket: str) -> Rendition:
    key = rendition_key(run.owner_id, run.photo_id, run.run_id, name)
    aws.s3().put_object(
        Bucket=bucket,
        Key=key,
        Body=picture.data,
        ContentType=picture.media_type,
        CacheControl="private, max-age=31536000, immutable",
    )
    return Rendition(key=key, width=picture.width, height=picture.height, bytes=len(picture.data))
