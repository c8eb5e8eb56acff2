"""Identical photos are analysed once; and when labels cannot be had, that is told at once or tried again."""

from __future__ import annotations

import json
import re

import pytest
from boto3.dynamodb.conditions import Key

from pipeline_lambdas.photo_pipeline.contract import (
    Analysis,
    Photo,
    analysis_item_key,
    from_item,
    new_run,
    request_run_update,
)
from tests import photo_files

from .pipeline import Pipeline, until, variant
from .running import RunningStack, without_statement
from .site import Site
from .test_main_job import records

ANSWERED = re.compile(r"Detect(?:Labels|Faces|ModerationLabels) 200 ok")
NOW = "2026-11-23T10:00:00.000+00:00"


@pytest.fixture
def pipeline(stack: RunningStack) -> Pipeline:
    return Pipeline(stack)


class Asked:
    """What the local Rekognition has answered since this was made, by its log."""

    def __init__(self, stack: RunningStack) -> None:
        self._log = stack.log
        self._from = self._log.stat().st_size

    def __call__(self) -> list[str]:
        with self._log.open("rb") as log:
            log.seek(self._from)
            return sorted(found.split()[0] for found in ANSWERED.findall(log.read().decode()))

    def after(self, count: int) -> list[str]:
        """All of them once there are so many: the log is written by another process."""
        until(lambda: len(self()) >= count)
        return self()


@pytest.fixture
def asked(stack: RunningStack) -> Asked:
    return Asked(stack)


ONCE_EACH = ["DetectFaces", "DetectLabels", "DetectModerationLabels"]


def read_analysis(pipeline: Pipeline, photo: Photo) -> Analysis:
    key = analysis_item_key(photo.owner_id, photo.original.sha256, "labels-55-25")
    return from_item(Analysis, pipeline.table.get_item(Key=key, ConsistentRead=True)["Item"])


def test_two_identical_photos_of_a_batch_are_analysed_once(pipeline: Pipeline, asked: Asked) -> None:
    data = photo_files.webp("astronaut")
    _, photos = pipeline.upload({"first.webp": data, "again.webp": data}, channel="none")
    first, again = pipeline.wait(photos).values()
    assert (first.status, again.status) == ("ready", "ready")
    assert asked.after(3) == ONCE_EACH
    assert first.labels
    assert first.label_model
    assert (again.labels, again.faces, again.label_model) == (first.labels, first.faces, first.label_model)
    analysis = read_analysis(pipeline, first)
    assert analysis.photos == {first.photo_id, again.photo_id}
    assert analysis.claimed_by == ""


def test_a_ready_photo_that_is_run_again_pays_nothing(pipeline: Pipeline, asked: Asked) -> None:
    _, photos = pipeline.upload({"cat.jpg": photo_files.phone_jpeg()}, channel="none")
    before = pipeline.wait(photos)["cat.jpg"]
    head = pipeline.s3.head_object(Bucket=pipeline.outputs["OriginalsBucketName"], Key=before.key)
    run = new_run(
        owner_id=before.owner_id, photo_id=before.photo_id, key=before.key, etag=head["ETag"].strip('"'), attempt=2
    )
    pipeline.table.update_item(**request_run_update(before, run, now=NOW))
    pipeline.step_functions.start_execution(
        stateMachineArn=pipeline.outputs["StateMachineArn"], name=run.run_id, input=json.dumps({"run": vars(run)})
    )
    until(lambda: pipeline.read(before).run_id == run.run_id)
    after = pipeline.wait(photos)["cat.jpg"]
    assert (after.status, after.attempt) == ("ready", 2)
    assert after.labels == before.labels
    assert asked.after(3) == ONCE_EACH


def analyses_of(stack: RunningStack, photo: Photo) -> list[Analysis]:
    key = analysis_item_key(photo.owner_id, photo.original.sha256, "")
    found = stack.aws.table(stack.outputs["PhotoTableName"]).query(
        KeyConditionExpression=Key("pk").eq(key["pk"]) & Key("sk").begins_with(key["sk"]), ConsistentRead=True
    )
    return [from_item(Analysis, item) for item in found["Items"]]


def test_an_analysis_stays_until_the_last_of_its_photos_is_deleted(stack: RunningStack) -> None:
    """With the rights of the site's own user, which the template gives it."""
    person = Site(stack).sign_up()
    data = photo_files.webp("coffee")
    person.upload({"first.webp": data, "again.webp": data})
    person.wait_until_processed()
    (photo, other) = records(person)

    assert person.delete(photo.photo_id)
    until(lambda: person.photo_ids() == [other.photo_id])
    until(lambda: [each.photos for each in analyses_of(stack, photo)] == [{other.photo_id}])

    assert person.delete(other.photo_id)
    until(lambda: analyses_of(stack, photo) == [])


def test_what_is_denied_fails_the_photo_at_once_and_is_not_tried_for_minutes(stack: RunningStack) -> None:
    pipeline = variant(stack, "no-analyses", without_statement("RekognitionLabels", "KeepAnalyses"))
    _, photos = pipeline.upload({"good.webp": photo_files.webp()}, channel="none")
    failed = pipeline.wait(photos)["good.webp"]
    assert (failed.status, failed.reason and failed.reason.code) == ("failed", "labels_failed")
    assert "TaskFailed" not in history(pipeline, photos["good.webp"])


def history(pipeline: Pipeline, photo: Photo) -> list[str]:
    run_id = pipeline.read(photo).run_id
    arn = f"{pipeline.outputs['StateMachineArn'].replace(':stateMachine:', ':execution:')}:{run_id}"
    events = pipeline.step_functions.get_execution_history(executionArn=arn, maxResults=1000)["events"]
    return [event["type"] for event in events]
