"""What photos use on the running stack, and a pause of analysis."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline_lambdas.photo_pipeline import contract
from tests import photo_files

from .pipeline import Pipeline
from .running import RunningStack

PAID = {f"Rekognition.{name}" for name in ("DetectLabels", "DetectFaces", "DetectModerationLabels")}


def test_photos_tell_what_they_used_and_of_two_alike_one_has_paid(stack: RunningStack) -> None:
    pipeline, data = Pipeline(stack), photo_files.phone_jpeg()
    batch, photos = pipeline.upload({"one": data, "two": data}, email="costs@example.org")
    ended = pipeline.wait(photos).values()
    for photo in ended:
        (used,) = photo.usage
        assert used.run_id == photo.run_id
        assert (used.requests["SFN.StartExecution"], used.requests["S3.PutObject"]) == (1, 3)
        assert used.transitions >= 6  # a step that was tried again is one more
        assert (used.invocations, used.read_units > 0, used.write_units > 0) == (4, True, True)
        # As much memory as the template gives: for a second of ResizeImage 1.7 gigabyte-seconds.
        assert used.gb_seconds > 1.7 * sum(step.ms for step in photo.steps if step.name == "ResizeImage") / 1000
    paid = sum((photo.usage[0] for photo in ended), contract.Usage()).requests
    assert {name: paid[name] for name in PAID} == dict.fromkeys(PAID, 1)

    told = pipeline.read_batch(batch).usage
    assert told is not None
    assert told.requests["SESv2.SendEmail"] == 1


def test_while_analysis_is_paused_a_photo_keeps_its_previews_and_says_until_when(stack: RunningStack) -> None:
    pipeline = Pipeline(stack)
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="milliseconds")
    pipeline.table.put_item(Item=contract.to_item(contract.Pause(until=until)))
    try:
        _, photos = pipeline.upload({"one": photo_files.webp()}, channel="none")
        one = pipeline.wait(photos)["one"]
    finally:
        pipeline.table.delete_item(Key=contract.pause_item_key())
    assert one.reason is not None
    assert (one.status, one.reason.code, len(one.renditions)) == ("failed", "paused", 3)
    assert contract.name_day(until) in one.reason.text
    assert not PAID & one.usage[0].requests.keys()
