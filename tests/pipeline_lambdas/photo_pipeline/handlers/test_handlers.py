"""The five handlers, each given what the state machine gives it, against a fake AWS."""

from __future__ import annotations

import base64
import io
import json
import urllib.parse
import uuid
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from email import message_from_string, policy
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from PIL import Image

from pipeline_lambdas.photo_pipeline import aws as pipeline_aws
from pipeline_lambdas.photo_pipeline import config, photo_table
from pipeline_lambdas.photo_pipeline.calls import Fault
from pipeline_lambdas.photo_pipeline.contract import (
    SMS_A_DAY_EACH,
    Batch,
    Box,
    Failure,
    Instance,
    Label,
    ModerationLabel,
    Photo,
    Preferences,
    Refusal,
    Rendition,
    Run,
    Status,
    analysis_item_key,
    batch_item_key,
    deleting_update,
    from_item,
    leave_batch_update,
    photo_item_key,
    reason,
    request_run_update,
    to_item,
)
from pipeline_lambdas.photo_pipeline.errors import AnswersMissing
from pipeline_lambdas.photo_pipeline.handlers import (
    notify_user,
    rekognition_labels,
    resize_image,
    store_metadata,
    trigger_step_function,
)
from pipeline_lambdas.photo_pipeline.labels import MAX_BOXES, MAX_INSTANCES
from pipeline_lambdas.photo_pipeline.results import OVERTAKEN, LabelsResult, to_state
from tests import photo_files
from tests.conftest import ORIGINALS, RENDITIONS, TABLE
from tests.pipeline_lambdas.invocation import Invocation
from tests.pipeline_lambdas.records import NOW, make_batch, make_photo, make_run
from tests.pipeline_lambdas.rekognition import FACES, LABELS, MODERATION, FakeRekognition
from tests.pipeline_lambdas.sizes import item_size
from tests.pipeline_lambdas.wire import spoil


def _state(run: Run) -> dict[str, Any]:
    return {"run": asdict(run)}


def _record(aws: SimpleNamespace, photo: Photo) -> Photo:
    return from_item(Photo, aws.table.get_item(Key=photo_item_key(photo.owner_id, photo.photo_id))["Item"])


def _renditions(aws: SimpleNamespace) -> set[str]:
    return {each["Key"].rsplit("/", 1)[1] for each in aws.s3.list_objects_v2(Bucket=RENDITIONS).get("Contents", [])}


def _through_json(state: dict[str, Any]) -> dict[str, Any]:
    """As Step Functions carries it; what a step adds must be JSON, and small."""
    carried = json.dumps(state)
    assert len(carried) < 32_000
    return json.loads(carried)


def run_steps(aws: SimpleNamespace, photo: Photo) -> dict[str, Any]:
    """What the state machine does when nothing breaks, up to StoreMetadata's answer."""
    state = _state(make_run(aws, photo))
    state["resize"] = resize_image.handler(_through_json(state), None)
    if state["resize"]["outcome"] == "resized":
        state["analysis"] = rekognition_labels.handler(_through_json(state), Invocation())
    return store_metadata.handler(_through_json(state), None)


# --- trigger_step_function ------------------------------------------------------------------------------------------


def make_event(key: str, **overrides: Any) -> dict[str, Any]:
    quoted = urllib.parse.quote_plus(key)
    stored = {"key": quoted, "size": 10, "eTag": "abc", "sequencer": "0055AED6DCD90281E5"} | overrides
    bucket = {"name": ORIGINALS, "arn": f"arn:aws:s3:::{ORIGINALS}", "ownerIdentity": {"principalId": "A"}}
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": "eu-west-1",
                "eventTime": "2026-11-23T10:00:00.000Z",
                "eventName": "ObjectCreated:Put",
                "s3": {"s3SchemaVersion": "1.0", "bucket": bucket, "object": stored},
            }
        ]
    }


@pytest.fixture
def state_machine(aws: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> str:
    arn = aws.client("stepfunctions").create_state_machine(
        name="photos-test",
        roleArn="arn:aws:iam::123456789012:role/states",
        definition=json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}),
    )["stateMachineArn"]
    monkeypatch.setenv("STATE_MACHINE_ARN", arn)
    return arn


def _executions(aws: SimpleNamespace, arn: str) -> list[dict[str, Any]]:
    return aws.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"]


def test_an_original_that_arrives_starts_its_run(aws: SimpleNamespace, state_machine: str) -> None:
    photo = make_photo(aws)
    (run_id,) = trigger_step_function.handler(make_event(photo.key), None)["started"]
    (execution,) = _executions(aws, state_machine)
    assert execution["name"] == run_id
    started = aws.client("stepfunctions").describe_execution(executionArn=execution["executionArn"])
    run = from_item(Run, json.loads(started["input"])["run"])
    assert (run.photo_id, run.key, run.etag, run.attempt) == (photo.photo_id, photo.key, "abc", 1)


def test_the_same_event_twice_starts_one_execution(aws: SimpleNamespace, state_machine: str) -> None:
    event = make_event(make_photo(aws).key)
    assert trigger_step_function.handler(event, None) == trigger_step_function.handler(event, None)
    assert len(_executions(aws, state_machine)) == 1


@pytest.mark.parametrize(
    "event",
    [
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": ORIGINALS},
        make_event("originals/not+an%20id/x.jpg"),
    ],
)
def test_events_about_no_original_start_nothing(
    aws: SimpleNamespace, state_machine: str, event: dict[str, Any]
) -> None:
    assert trigger_step_function.handler(event, None) == {"started": []}
    assert _executions(aws, state_machine) == []


def test_a_run_that_cannot_be_started_is_an_error_so_that_lambda_tries_again(aws: SimpleNamespace) -> None:
    with pytest.raises(ClientError):
        trigger_step_function.handler(make_event(make_photo(aws).key), None)


# --- resize_image to store_metadata ---------------------------------------------------------------------------------


def test_a_photo_becomes_ready_with_all_that_is_known_of_it(aws: SimpleNamespace) -> None:
    photo = make_photo(aws, data=photo_files.phone_jpeg())
    assert run_steps(aws, photo) == {"outcome": "ready", "batch_id": "", "batch_due": False}
    record = _record(aws, photo)
    assert record.status == Status.READY
    assert (record.original.format, record.original.width, record.original.height) == ("JPEG", 451, 300)
    assert len(record.original.sha256) == 64
    assert record.exif.camera == "Apple iPhone 12"
    assert base64.b64decode(record.placeholder).startswith(b"RIFF")
    assert record.labels
    assert record.label_model
    assert [step.name for step in record.steps] == ["ResizeImage", "RekognitionLabels", "StoreMetadata"]
    for rendition in record.renditions.values():
        stored = aws.s3.head_object(Bucket=RENDITIONS, Key=rendition.key)
        assert stored["ContentLength"] == rendition.bytes
        assert "immutable" in stored["CacheControl"]


@pytest.mark.parametrize("keep_place", [None, False, True])
def test_place_is_kept_in_the_record_of_those_who_asked_for_it_alone(
    aws: SimpleNamespace, keep_place: bool | None
) -> None:
    photo = make_photo(aws, data=photo_files.phone_jpeg())
    if keep_place is not None:
        aws.table.put_item(Item=to_item(Preferences(owner_id=photo.owner_id, keep_place=keep_place)))
    run_steps(aws, photo)
    assert (_record(aws, photo).place is not None) == bool(keep_place)


def test_place_is_not_told_to_the_state_machine(aws: SimpleNamespace) -> None:
    photo = make_photo(aws, data=photo_files.phone_jpeg())
    aws.table.put_item(Item=to_item(Preferences(owner_id=photo.owner_id, keep_place=True)))
    answer = json.dumps(resize_image.handler(_state(make_run(aws, photo)), None))
    place = _record(aws, photo).place
    assert place is not None
    assert "place" not in answer.replace("placeholder", "")
    assert str(place.latitude)[:5] not in answer


def test_what_there_is_of_a_photo_that_was_cut_off_becomes_ready(aws: SimpleNamespace) -> None:
    photo = make_photo(aws, data=photo_files.cut_off(0.91))
    assert run_steps(aws, photo)["outcome"] == "ready"
    assert _record(aws, photo).original.incomplete


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (photo_files.text_named_jpg(), "not_a_photo"),
        (photo_files.truncated_jpeg(), "damaged"),
        (photo_files.svg(), "not_a_photo"),
        (photo_files.png(20_000, 20_000), "too_many_pixels"),
        (photo_files.too_large(), "too_large"),
    ],
)
def test_a_file_that_is_no_photo_is_rejected_with_a_sentence(aws: SimpleNamespace, data: bytes, code: str) -> None:
    photo = make_photo(aws, data=data)
    assert run_steps(aws, photo)["outcome"] == "rejected"
    record = _record(aws, photo)
    assert record.reason is not None
    assert record.reason.code == code
    assert record.reason.text.endswith(".")
    assert _renditions(aws) == set()


def test_an_empty_object_is_rejected(aws: SimpleNamespace) -> None:
    photo = make_photo(aws)
    aws.s3.put_object(Bucket=ORIGINALS, Key=photo.key, Body=b"")
    run_steps(aws, photo)
    record = _record(aws, photo)
    assert record.reason is not None
    assert record.reason.code == "empty"


def test_the_very_bytes_of_the_event_are_read(aws: SimpleNamespace) -> None:
    photo = make_photo(aws, data=photo_files.webp())
    run = make_run(aws, photo)
    aws.s3.put_object(Bucket=ORIGINALS, Key=photo.key, Body=photo_files.transparent_png())
    with pytest.raises(ClientError, match="PreconditionFailed"):
        resize_image.handler(_state(run), None)


def test_a_run_overtaken_before_it_began_draws_nothing(aws: SimpleNamespace) -> None:
    photo = make_photo(aws, data=photo_files.webp(), status="processing", run_id="another")
    answer = resize_image.handler(_state(make_run(aws, photo)), None)
    assert answer["outcome"] == "overtaken"
    assert _renditions(aws) == set()


def test_a_run_overtaken_on_the_way_removes_its_renditions(aws: SimpleNamespace) -> None:
    photo = make_photo(aws, data=photo_files.webp())
    state = _state(make_run(aws, photo))
    state["resize"] = resize_image.handler(state, None)
    state["analysis"] = rekognition_labels.handler(state, Invocation())
    assert _renditions(aws) == {"thumb.webp", "display.webp", "analysis.jpg"}
    aws.table.update_item(**deleting_update(photo.owner_id, photo.photo_id, now=NOW))
    assert store_metadata.handler(state, None)["outcome"] == "overtaken"
    assert _renditions(aws) == set()
    assert _record(aws, photo).status == Status.DELETING


@pytest.mark.parametrize(
    ("steps", "code", "broken"),
    [
        ([], "resize_failed", "ResizeImage"),
        (["resize"], "labels_failed", "RekognitionLabels"),
        (["resize", "analysis"], "store_failed", "StoreMetadata"),
    ],
)
def test_what_breaks_is_stored_with_its_step_and_cause(
    aws: SimpleNamespace, steps: list[str], code: str, broken: str
) -> None:
    photo = make_photo(aws, data=photo_files.webp())
    state = _state(make_run(aws, photo))
    resized = resize_image.handler(state, None)
    results = {"resize": resized, "analysis": rekognition_labels.handler(state | {"resize": resized}, Invocation())}
    state |= {name: results[name] for name in steps}
    state["error"] = {"Error": "Runtime.HandlerError", "Cause": "AccessDenied on PutObject"}
    assert store_metadata.handler(_through_json(state), None)["outcome"] == "failed"
    record = _record(aws, photo)
    assert record.reason is not None
    assert record.reason.code == code
    assert "AccessDenied" in record.reason.detail
    assert "AccessDenied" not in record.reason.text
    assert (broken, "failed") in [(step.name, step.outcome) for step in record.steps]
    assert bool(record.renditions) == bool(steps)


def test_a_refusal_that_cannot_be_stored_is_blamed_on_storing(aws: SimpleNamespace) -> None:
    photo = make_photo(aws, data=photo_files.truncated_jpeg())
    state = _state(make_run(aws, photo))
    state["resize"] = resize_image.handler(state, None)
    state["error"] = {"Error": "States.Timeout", "Cause": ""}
    store_metadata.handler(state, None)
    record = _record(aws, photo)
    assert record.reason is not None
    assert record.reason.code == "store_failed"


def test_what_breaks_before_the_claim_is_told_and_counted_once(aws: SimpleNamespace) -> None:
    photo = make_photo(aws, batch_id="b")
    make_batch(aws, photo.owner_id, batch_id="b")
    state = _state(make_run(aws, photo)) | {"error": {"Error": "Lambda.TooManyRequestsException", "Cause": "Rate"}}
    for _ in range(2):
        answer = store_metadata.handler(state, None)
        assert answer == {"outcome": "failed", "batch_id": "b", "batch_due": True}
    record = _record(aws, photo)
    assert record.reason is not None
    assert record.reason.code == "resize_failed"
    assert [step.outcome for step in record.steps] == ["failed", "done"]


def test_a_failure_of_a_late_run_does_not_touch_the_one_that_has_the_photo(aws: SimpleNamespace) -> None:
    photo = make_photo(aws, status="processing", run_id="another")
    state = _state(make_run(aws, photo)) | {"error": {"Error": "States.Timeout", "Cause": ""}}
    assert store_metadata.handler(state, None)["outcome"] == "overtaken"
    assert _record(aws, photo) == photo


def test_storing_again_after_a_crash_before_the_batch_still_counts_it(aws: SimpleNamespace) -> None:
    photo = make_photo(aws, data=photo_files.webp(), batch_id="b")
    state = _state(make_run(aws, photo))
    state["resize"] = resize_image.handler(state, None)
    state["analysis"] = rekognition_labels.handler(state, Invocation())
    store_metadata.handler(state, None)  # there was no batch yet to count in, as if the function had died before
    make_batch(aws, photo.owner_id, batch_id="b")
    state["error"] = {"Error": "States.Timeout", "Cause": ""}
    assert store_metadata.handler(state, None) == {"outcome": "ready", "batch_id": "b", "batch_due": True}


# --- rekognition_labels to store_metadata ---------------------------------------------------------------------------


def _switch(monkeypatch: pytest.MonkeyPatch, faces: str, moderation: str, **variables: str) -> None:
    switched = {"DETECT_FACES": faces, "DETECT_MODERATION_LABELS": moderation} | variables
    for name, value in switched.items():
        monkeypatch.setenv(name, value)
    config.load.cache_clear()


def test_faces_and_moderation_are_kept_beside_the_labels(
    aws: SimpleNamespace, rekognition: FakeRekognition, monkeypatch: pytest.MonkeyPatch
) -> None:
    _switch(monkeypatch, "on", "on")
    photo = make_photo(aws, data=photo_files.webp())
    run_steps(aws, photo)
    record = _record(aws, photo)
    assert record.faces == [Instance(Box(0.5901, 0.1601, 0.1237, 0.2514), 100.0)]
    assert record.moderation == [
        ModerationLabel("Drugs & Tobacco", 99.45),
        ModerationLabel("Drugs & Tobacco Paraphernalia & Use", 99.45, "Drugs & Tobacco"),
        ModerationLabel("Smoking", 99.45, "Drugs & Tobacco Paraphernalia & Use"),
    ]
    assert (record.label_model, record.moderation_model) == ("Rekognition 2.0", "Rekognition 7.0")
    assert {"Car", "Person"} <= {label.name for label in record.labels}


@pytest.mark.parametrize(
    ("faces", "moderation", "questions"),
    [("off", "off", {LABELS}), ("on", "off", {LABELS, FACES}), ("off", "on", {LABELS, MODERATION})],
)
def test_what_is_switched_off_is_not_asked(
    aws: SimpleNamespace,
    rekognition: FakeRekognition,
    monkeypatch: pytest.MonkeyPatch,
    faces: str,
    moderation: str,
    questions: set[str],
) -> None:
    _switch(monkeypatch, faces, moderation)
    assert run_steps(aws, make_photo(aws, data=photo_files.webp()))["outcome"] == "ready"
    assert set(rekognition.asked) == questions


def test_what_is_switched_off_is_not_shown_although_it_was_answered_once(
    aws: SimpleNamespace, rekognition: FakeRekognition, monkeypatch: pytest.MonkeyPatch
) -> None:
    _switch(monkeypatch, "on", "on")
    run_steps(aws, make_photo(aws, data=photo_files.webp(), owner_id="ada"))
    _switch(monkeypatch, "off", "off")
    photo = make_photo(aws, data=photo_files.webp(), owner_id="ada")
    run_steps(aws, photo)
    record = _record(aws, photo)
    assert (record.faces, record.moderation, record.moderation_model) == ([], [], "")
    assert record.labels
    assert rekognition.asked == {LABELS: 1, FACES: 1, MODERATION: 1}


def test_a_photo_that_rekognition_refuses_has_failed_and_keeps_its_previews(
    aws: SimpleNamespace, rekognition: FakeRekognition
) -> None:
    rekognition.refuse(LABELS, "InvalidImageFormatException")
    photo = make_photo(aws, data=photo_files.webp())
    assert run_steps(aws, photo)["outcome"] == "failed"
    record = _record(aws, photo)
    assert record.reason is not None
    assert record.reason.code == "labels_refused"
    assert set(record.renditions) == {"thumb", "display", "analysis"}
    assert record.placeholder
    assert [(step.name, step.outcome) for step in record.steps] == [
        ("ResizeImage", "done"),
        ("RekognitionLabels", "failed"),
        ("StoreMetadata", "done"),
    ]


def test_a_run_that_stored_its_end_and_is_tried_again_after_another_began_leaves_what_is_shown(
    aws: SimpleNamespace, rekognition: FakeRekognition
) -> None:
    photo = make_photo(aws, data=photo_files.webp())
    state = _state(make_run(aws, photo))
    state["resize"] = resize_image.handler(_through_json(state), None)
    state["analysis"] = rekognition_labels.handler(_through_json(state), Invocation())
    assert store_metadata.handler(_through_json(state), None)["outcome"] == "ready"
    again = make_run(aws, photo, attempt=2)
    aws.table.update_item(**request_run_update(_record(aws, photo), again, now=NOW, by_person=True))
    photo_table.claim_photo(aws.table, again, now=NOW)

    assert store_metadata.handler(_through_json(state), None)["outcome"] == "overtaken"

    failed = _state(again) | {"error": {"Error": "States.Timeout", "Cause": ""}}
    assert store_metadata.handler(_through_json(failed), None)["outcome"] == "failed"
    assert set(_record(aws, photo).renditions) == {"thumb", "display", "analysis"}
    assert len(_renditions(aws)) == 3


def test_a_run_that_lost_its_photo_while_labels_were_due_removes_its_renditions(aws: SimpleNamespace) -> None:
    photo = make_photo(aws, data=photo_files.webp())
    state = _state(make_run(aws, photo))
    state["resize"] = resize_image.handler(state, None)
    aws.table.update_item(**deleting_update(photo.owner_id, photo.photo_id, now=NOW))
    state["analysis"] = rekognition_labels.handler(_through_json(state), Invocation())
    assert state["analysis"]["outcome"] == "overtaken"
    assert store_metadata.handler(_through_json(state), None)["outcome"] == "overtaken"
    assert _renditions(aws) == set()


def test_a_run_that_was_told_to_end_stores_nothing_whatever_the_record_says_by_then(aws: SimpleNamespace) -> None:
    photo = make_photo(aws, data=photo_files.webp())
    state = _state(make_run(aws, photo))
    state["resize"] = resize_image.handler(state, None)
    state["analysis"] = to_state(LabelsResult(OVERTAKEN))
    assert store_metadata.handler(_through_json(state), None)["outcome"] == "overtaken"
    assert _record(aws, photo).status == Status.PROCESSING


def test_answers_that_are_gone_before_they_are_stored_are_an_error(aws: SimpleNamespace) -> None:
    photo = make_photo(aws, data=photo_files.webp())
    state = _state(make_run(aws, photo))
    state["resize"] = resize_image.handler(state, None)
    state["analysis"] = rekognition_labels.handler(state, Invocation())
    found = state["analysis"]
    aws.table.delete_item(Key=analysis_item_key(photo.owner_id, found["sha256"], found["parameters"]))
    with pytest.raises(AnswersMissing, match="labels"):
        store_metadata.handler(state, None)


def test_the_fullest_answers_fit_the_state_and_the_record(
    aws: SimpleNamespace, rekognition: FakeRekognition, monkeypatch: pytest.MonkeyPatch
) -> None:
    _switch(monkeypatch, "on", "on", MAX_LABELS="100")
    box = {"Left": 0.123456, "Top": 0.234567, "Width": 0.345678, "Height": 0.456789}
    instances = [{"BoundingBox": box, "Confidence": 98.7654}] * 100
    names = [{"Name": "Personal Care and Household Products"}] * 5
    rekognition.answers[LABELS] = {
        "Labels": [
            {"Name": f"A label with quite a long name, {number}", "Confidence": 98.7654, "Parents": names,
             "Categories": names[:2], "Instances": instances}
            for number in range(100)
        ],
        "LabelModelVersion": "3.0",
    }  # fmt: skip
    rekognition.answers[FACES] = {"FaceDetails": instances}
    photo = make_photo(aws, data=photo_files.phone_jpeg())
    assert run_steps(aws, photo)["outcome"] == "ready"  # which holds the state between steps to 32 KB
    record = _record(aws, photo)
    assert (len(record.labels), len(record.faces)) == (100, 100)
    assert all(label.instances for label in record.labels[: MAX_BOXES // MAX_INSTANCES])
    assert item_size(aws.table.get_item(Key=photo_item_key(photo.owner_id, photo.photo_id))["Item"]) <= 100_000


# --- notify_user ----------------------------------------------------------------------------------------------------


@pytest.fixture
def mailbox(aws: SimpleNamespace) -> SimpleNamespace:
    """SES that may send for the site's address, and SNS; `.mails()` and `.texts()` count what went out."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.ses.models import ses_backends
    from moto.sns.models import sns_backends

    aws.client("sesv2").create_email_identity(EmailIdentity="shoebox@example.org")
    ses = ses_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"]
    sns = sns_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"]
    return SimpleNamespace(
        mails=lambda: list(map(_Mail, ses.sent_messages)), texts=lambda: [*sns.sms_messages.values()]
    )


class _Mail:
    """A mail as SES was given it, and as a program for mail reads it."""

    def __init__(self, sent: Any) -> None:
        self.raw = sent.raw_data
        self.read = message_from_string(sent.raw_data, policy=policy.SMTP)
        self.to, self.subject = self.read["To"], self.read["Subject"]
        self.body = self.read.get_body(("plain",)).get_content()
        self.html = self.read.get_body(("html",)).get_content()
        self.pictures = [part for part in self.read.walk() if part.get_content_maintype() == "image"]


def _prefer(aws: SimpleNamespace, owner_id: str, **overrides: Any) -> None:
    values = {"owner_id": owner_id, "email": "ada@example.org", "phone": "+34600000000"} | overrides
    aws.table.put_item(Item=to_item(Preferences(**values)))


def _batch(aws: SimpleNamespace, batch: Batch) -> Batch:
    return from_item(Batch, aws.table.get_item(Key=batch_item_key(batch.batch_id))["Item"])


def test_a_batch_is_told_once_by_mail(aws: SimpleNamespace, mailbox: SimpleNamespace) -> None:
    batch = make_batch(aws, "o", ready={"1"})
    _prefer(aws, "o")
    event = {"batch_id": batch.batch_id}
    assert notify_user.handler(event, None) == {"outcome": "sent"}
    assert notify_user.handler(event, None) == {"outcome": "not_due"}
    (mail,) = mailbox.mails()
    assert mail.to == "ada@example.org"
    assert mail.subject == "1 photo ready"
    assert _batch(aws, batch).sent_at


@pytest.mark.parametrize("ready", [set(), {"1"}])
def test_a_batch_that_is_not_complete_is_not_told_yet(
    aws: SimpleNamespace, mailbox: SimpleNamespace, ready: set[str]
) -> None:
    batch = make_batch(aws, "o", expected=2, ready=ready)
    assert notify_user.handler({"batch_id": batch.batch_id}, None) == {"outcome": "not_due"}
    assert notify_user.handler({"batch_id": "unknown"}, None) == {"outcome": "not_due"}
    assert replace(_batch(aws, batch), usage=None) == batch


def test_a_notice_that_was_claimed_before_there_were_tokens_is_not_sent_again(
    aws: SimpleNamespace, mailbox: SimpleNamespace
) -> None:
    _prefer(aws, "o")
    batch = make_batch(aws, "o", ready={"1"}, claimed_at=NOW)
    assert notify_user.handler({"batch_id": batch.batch_id}, None) == {"outcome": "not_due"}
    assert mailbox.mails() == []


def _before_the_claim(change: Callable[[], object]) -> None:
    """`change` happens when all is read, and nothing claimed."""
    changes = [change]

    def happen(**_: Any) -> None:
        while changes:
            changes.pop()()

    pipeline_aws.table(TABLE).meta.client.meta.events.register("before-call.dynamodb.UpdateItem", happen)


def test_a_photo_deleted_before_the_claim_is_not_told_nor_why_it_was_not_ready(
    aws: SimpleNamespace, mailbox: SimpleNamespace
) -> None:
    _prefer(aws, "o")
    left, stays = (
        make_photo(aws, owner_id="o", status=status, reason=reason(code))
        for status, code in [("rejected", Refusal.DAMAGED), ("failed", Failure.LABELS)]
    )
    batch = make_batch(aws, "o", expected=3, ready={"1"}, rejected={left.photo_id}, failed={stays.photo_id})
    _before_the_claim(lambda: aws.table.update_item(**leave_batch_update(batch.batch_id, left.photo_id)))
    assert notify_user.handler({"batch_id": batch.batch_id}, None) == {"outcome": "sent"}
    (mail,) = mailbox.mails()
    assert mail.subject == "1 photo ready, 1 failed"
    assert reason(Failure.LABELS).text in mail.body
    assert reason(Refusal.DAMAGED).text not in mail.body


@pytest.mark.parametrize(
    ("ready", "rejected", "preferences"), [({"1"}, set(), {}), ({"2"}, {"1"}, {"only_problems": True})]
)
def test_nothing_is_told_when_what_there_was_to_tell_is_deleted_before_the_claim(
    aws: SimpleNamespace,
    mailbox: SimpleNamespace,
    ready: set[str],
    rejected: set[str],
    preferences: dict[str, Any],
) -> None:
    _prefer(aws, "o", **preferences)
    batch = make_batch(aws, "o", expected=len(ready | rejected), ready=ready, rejected=rejected)
    _before_the_claim(lambda: aws.table.update_item(**leave_batch_update(batch.batch_id, "1")))
    assert notify_user.handler({"batch_id": batch.batch_id}, None) == {"outcome": "not_wanted"}
    assert _batch(aws, batch).claimed_at
    assert mailbox.mails() == []


def test_a_batch_is_told_by_sms(aws: SimpleNamespace, mailbox: SimpleNamespace) -> None:
    _prefer(aws, "o", channel="sms")
    batch = make_batch(aws, "o", ready={"1"})
    assert notify_user.handler({"batch_id": batch.batch_id}, None) == {"outcome": "sent"}
    assert mailbox.mails() == []
    ((number, text, *_),) = mailbox.texts()
    assert number == "+34600000000"
    assert "1 photo ready" in text


def _tell_by_sms(aws: SimpleNamespace, owner_id: str, batch_id: str, **preferences: Any) -> str:
    _prefer(aws, owner_id, channel="sms", **preferences)
    make_batch(aws, owner_id, batch_id=batch_id, ready={"1"})
    return str(notify_user.handler({"batch_id": batch_id}, None)["outcome"])


def test_what_is_more_than_a_persons_text_messages_of_a_day_is_told_by_mail(
    aws: SimpleNamespace, mailbox: SimpleNamespace
) -> None:
    outcomes = {_tell_by_sms(aws, "o", f"b{number}") for number in range(SMS_A_DAY_EACH + 2)}
    assert outcomes == {"sent"}
    assert (len(mailbox.texts()), len(mailbox.mails())) == (SMS_A_DAY_EACH, 2)
    _tell_by_sms(aws, "another", "theirs")
    assert len(mailbox.texts()) == SMS_A_DAY_EACH + 1


def test_text_messages_to_everybody_together_are_counted(
    aws: SimpleNamespace, mailbox: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    _switch(monkeypatch, "off", "off", SMS_A_DAY="3")
    for number in range(5):
        assert _tell_by_sms(aws, f"person{number}", f"b{number}") == "sent"
    assert (len(mailbox.texts()), len(mailbox.mails())) == (3, 2)


def test_over_the_cap_nobody_gets_a_mail_who_gets_none(
    aws: SimpleNamespace, mailbox: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    _switch(monkeypatch, "off", "off", SMS_A_DAY="0")
    assert _tell_by_sms(aws, "o", "b", email="") == "not_wanted"
    assert notify_user.handler({"batch_id": "b"}, None) == {"outcome": "not_due"}, "the sweep does not ask for ever"
    assert (mailbox.texts(), mailbox.mails()) == ([], [])


def test_the_notice_names_what_went_wrong(aws: SimpleNamespace, mailbox: SimpleNamespace) -> None:
    photo = make_photo(aws, data=photo_files.truncated_jpeg(), batch_id="b")
    make_batch(aws, photo.owner_id, batch_id="b")
    _prefer(aws, photo.owner_id)
    stored = run_steps(aws, photo)
    assert stored == {"outcome": "rejected", "batch_id": "b", "batch_due": True}
    notify_user.handler({"batch_id": "b"}, None)
    (mail,) = mailbox.mails()
    assert "damaged or incomplete" in mail.body


@pytest.mark.parametrize("preferences", [None, {"channel": "none"}, {"only_problems": True}])
def test_people_who_want_no_notice_get_none(
    aws: SimpleNamespace, mailbox: SimpleNamespace, preferences: dict[str, Any] | None
) -> None:
    if preferences is not None:
        _prefer(aws, "o", **preferences)
    batch = make_batch(aws, "o", ready={"1"})
    assert notify_user.handler({"batch_id": batch.batch_id}, None) == {"outcome": "not_wanted"}
    assert mailbox.mails() == []


@pytest.mark.parametrize(
    ("preferences", "told_by"),
    [
        ({}, "mail"),
        ({"channel": "sms"}, "sms"),
        ({"only_problems": True}, "problems"),
        ({"channel": "none", "digest_channel": "none", "silent": "bounce"}, "bounce"),
    ],
)
def test_the_record_says_by_which_way_a_batch_was_told_or_why_not(
    aws: SimpleNamespace, mailbox: SimpleNamespace, preferences: dict[str, Any], told_by: str
) -> None:
    _prefer(aws, "o", **preferences)
    batch = make_batch(aws, "o", ready={"1"})
    notify_user.handler({"batch_id": batch.batch_id}, None)
    left = _batch(aws, batch)
    assert (left.told_by, bool(left.sent_at)) == (told_by, told_by in ("mail", "sms"))


def _ready(aws: SimpleNamespace, count: int, **overrides: Any) -> tuple[str, set[str]]:
    """So many ready photos with a thumbnail each: whose they are, and their ids."""
    owner, photos = str(uuid.uuid4()), []
    for number in range(count):
        key = f"renditions/{owner}/photo/{number}/thumb.webp"
        thumb = photo_files.webp()
        aws.s3.put_object(Bucket=RENDITIONS, Key=key, Body=thumb)
        renditions = {"thumb": Rendition(key, 480, 360, len(thumb))}
        values = {"status": "ready", "renditions": renditions, "labels": [Label("Cat", 97.0)]} | overrides
        photos.append(make_photo(aws, owner_id=owner, **values))
    return owner, {photo.photo_id for photo in photos}


def test_one_batch_of_200_photos_makes_one_mail_with_six_of_them(
    aws: SimpleNamespace, mailbox: SimpleNamespace
) -> None:
    owner, ids = _ready(aws, 200)
    _prefer(aws, owner, language="de")
    batch = make_batch(aws, owner, expected=200, ready=ids)
    # Whichever photo completes a batch asks for its notice; any of them may be told so twice.
    outcomes = [notify_user.handler({"batch_id": batch.batch_id}, None)["outcome"] for _ in range(200)]
    assert outcomes == ["sent"] + ["not_due"] * 199
    (mail,) = mailbox.mails()
    assert mail.subject == "200 Fotos fertig"
    assert "Was sie zeigen: Cat" in mail.body
    assert len(mail.pictures) == 6
    assert len(mail.raw) <= 330_000
    for picture in mail.pictures:
        cid = picture["Content-ID"].strip("<>")
        assert f'src="cid:{cid}"' in mail.html
        with Image.open(io.BytesIO(picture.get_content())) as drawn:
            assert (drawn.format, drawn.size) == ("JPEG", (320, 320))


@pytest.mark.parametrize("what", ["gone", "broken", "denied"])
def test_pictures_that_cannot_be_read_are_left_out_of_the_mail(
    aws: SimpleNamespace, mailbox: SimpleNamespace, what: str
) -> None:
    owner, ids = _ready(aws, 2)
    for entry in aws.s3.list_objects_v2(Bucket=RENDITIONS, Prefix=f"renditions/{owner}/")["Contents"]:
        if what == "broken":
            aws.s3.put_object(Bucket=RENDITIONS, Key=entry["Key"], Body=b"no picture")
        if what == "gone":
            aws.s3.delete_object(Bucket=RENDITIONS, Key=entry["Key"])
    _prefer(aws, owner)
    batch = make_batch(aws, owner, expected=2, ready=ids)
    with spoil(pipeline_aws.s3_briefly(), "GetObject", Fault.ACCESS_DENIED, when=lambda: what == "denied"):
        assert notify_user.handler({"batch_id": batch.batch_id}, None) == {"outcome": "sent"}
    (mail,) = mailbox.mails()
    assert (mail.subject, mail.pictures) == ("2 photos ready", [])
    assert "cid:" not in mail.html


def test_no_picture_that_moderation_found_something_in_is_in_a_mail(
    aws: SimpleNamespace, mailbox: SimpleNamespace
) -> None:
    owner, ids = _ready(aws, 1, moderation=[ModerationLabel("Nudity", 99.0)])
    _prefer(aws, owner)
    batch = make_batch(aws, owner, ready=ids)
    notify_user.handler({"batch_id": batch.batch_id}, None)
    assert mailbox.mails()[0].pictures == []


def test_every_mail_carries_the_headers_that_unsubscribe_where_there_is_an_address(
    aws: SimpleNamespace, mailbox: SimpleNamespace
) -> None:
    url = f"https://photos.example.org/u/{'x' * 120}/"
    _prefer(aws, "o", unsubscribe_url=url)
    notify_user.handler({"batch_id": make_batch(aws, "o", ready={"1"}).batch_id}, None)
    _prefer(aws, "o", unsubscribe_url="")
    notify_user.handler({"batch_id": make_batch(aws, "o", ready={"1"}).batch_id}, None)
    subscribed, other = mailbox.mails()
    assert f"List-Unsubscribe: <{url}>\r\n" in subscribed.raw, "on one line, as it is"
    assert subscribed.read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert url in subscribed.body
    assert other.read["List-Unsubscribe"] is None
    assert "Unsubscribe" not in other.body + other.html


@pytest.fixture
def at_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        notify_user, "datetime", SimpleNamespace(now=lambda _zone: datetime(2026, 7, 1, 10, tzinfo=UTC))
    )


@pytest.mark.usefixtures("at_ten")
@pytest.mark.parametrize("channel", ["mail", "sms"])
def test_a_notice_in_quiet_hours_is_left_for_later(
    aws: SimpleNamespace, mailbox: SimpleNamespace, channel: str
) -> None:
    _prefer(aws, "o", channel=channel, quiet_from=9, quiet_to=11)
    batch = make_batch(aws, "o", ready={"1"})
    assert notify_user.handler({"batch_id": batch.batch_id}, None) == {"outcome": "quiet"}
    assert _batch(aws, batch) == batch
    _prefer(aws, "o", channel=channel, quiet_from=11, quiet_to=12)
    assert notify_user.handler({"batch_id": batch.batch_id}, None) == {"outcome": "sent"}
    assert len(mailbox.mails()) + len(mailbox.texts()) == 1


@pytest.mark.usefixtures("at_ten")
@pytest.mark.parametrize(
    ("kind", "preferences"),
    [("daily", {"digest_channel": "mail", "channel": "none"}), ("test", {}), ("", {"only_problems": True})],
)
def test_quiet_hours_hold_back_nothing_but_what_is_told_about_a_batch(
    aws: SimpleNamespace, mailbox: SimpleNamespace, kind: str, preferences: dict[str, Any]
) -> None:
    _prefer(aws, "o", quiet_from=9, quiet_to=11, **preferences)
    batch = make_batch(aws, "o", ready={"1"}, kind=kind)
    outcome = "sent" if kind else "not_wanted"
    assert notify_user.handler({"batch_id": batch.batch_id}, None) == {"outcome": outcome}


def test_a_test_notice_says_what_it_is(aws: SimpleNamespace, mailbox: SimpleNamespace) -> None:
    _prefer(aws, "o", channel="none", digest_channel="mail")
    batch = make_batch(aws, "o", expected=0, kind="test")
    assert notify_user.handler({"batch_id": batch.batch_id}, None) == {"outcome": "sent"}
    (mail,) = mailbox.mails()
    assert mail.subject == "A test notice"
    assert "You asked for it" in mail.body
    assert "You asked for it" in mail.html
    assert "because you uploaded" not in mail.body + mail.html


def test_a_mail_whose_answer_is_lost_is_not_sent_again(
    aws: SimpleNamespace, mailbox: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def lose_the_answer(**_: Any) -> None:
        tried.append(1)
        raise ReadTimeoutError(endpoint_url="https://email")

    pipeline_aws.mail().meta.events.register_first("before-send.sesv2.SendEmail", lose_the_answer)
    _prefer(aws, "o")
    batch = make_batch(aws, "o", ready={"1"})
    with pytest.raises(ReadTimeoutError):
        notify_user.handler({"batch_id": batch.batch_id}, None)
    assert tried == [1]
    assert notify_user.handler({"batch_id": batch.batch_id}, None) == {"outcome": "not_due"}


@pytest.fixture
def sent(aws: SimpleNamespace) -> list[dict[str, Any]]:
    """What SES was asked to send, as boto3 was told."""
    calls: list[dict[str, Any]] = []
    pipeline_aws.mail().meta.events.register(
        "provide-client-params.sesv2.SendEmail", lambda params, **_: calls.append(params)
    )
    return calls


def test_a_mail_that_ses_refuses_gives_the_claim_back(aws: SimpleNamespace) -> None:
    """No identity was made, so SES refuses the sender."""
    _prefer(aws, "o")
    batch = make_batch(aws, "o", ready={"1"})
    assert notify_user.handler({"batch_id": batch.batch_id}, None) == {"outcome": "refused"}
    stored = _batch(aws, batch)
    assert (stored.claimed_at, stored.refusals) == ("", 1)


def _answer_mail(*answers: BaseException | tuple[int, str]) -> None:
    """What becomes of the next mails: SES answers with a status and a code, or the connection breaks."""
    left = list(answers)

    def answer(**_: Any) -> Any:
        if not left:
            return None
        if isinstance(left[0], BaseException):
            raise left.pop(0)
        status, code = left.pop(0)
        error = {"Code": code, "Message": "as told"}
        return AWSResponse("", status, {}, None), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}}

    pipeline_aws.mail().meta.events.register_first("before-call.sesv2.SendEmail", answer)


@pytest.mark.parametrize(
    "passing",
    [
        (429, "TooManyRequestsException"),
        (400, "LimitExceededException"),
        ConnectTimeoutError(endpoint_url="https://email"),
        EndpointConnectionError(endpoint_url="https://email"),
    ],
)
def test_a_mail_that_ses_has_no_time_for_is_sent_by_the_next_try_and_counts_as_no_refusal(
    aws: SimpleNamespace, mailbox: SimpleNamespace, passing: Any
) -> None:
    _prefer(aws, "o")
    batch = make_batch(aws, "o", ready={"1"})
    _answer_mail(passing)
    with pytest.raises((ClientError, ConnectTimeoutError, EndpointConnectionError)):
        notify_user.handler({"batch_id": batch.batch_id}, None)
    assert replace(_batch(aws, batch), usage=None, told_by="") == batch
    assert notify_user.handler({"batch_id": batch.batch_id}, None) == {"outcome": "sent"}
    assert len(mailbox.mails()) == 1


def test_a_mail_that_broke_ses_may_have_been_sent_and_is_not_sent_again(
    aws: SimpleNamespace, mailbox: SimpleNamespace
) -> None:
    _prefer(aws, "o")
    batch = make_batch(aws, "o", ready={"1"})
    _answer_mail((500, "InternalServerError"))
    with pytest.raises(ClientError):
        notify_user.handler({"batch_id": batch.batch_id}, None)
    assert notify_user.handler({"batch_id": batch.batch_id}, None) == {"outcome": "not_due"}
    assert mailbox.mails() == []
