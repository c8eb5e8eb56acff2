"""The real state machine, template and IAM, from an upload to its notice."""

from __future__ import annotations

import io
import json
import subprocess
import uuid
from pathlib import Path

import pytest
from PIL import Image

from infra.local.package import Template
from pipeline_lambdas.photo_pipeline.contract import new_run
from tests import photo_files

from .pipeline import Pipeline, mails_to, until, variant
from .running import RunningStack, without_statement


@pytest.fixture
def pipeline(stack: RunningStack) -> Pipeline:
    return Pipeline(stack)


def _address() -> str:
    return f"{uuid.uuid4().hex}@example.org"


@pytest.mark.exiftool
def test_five_photos_of_five_kinds_become_ready_with_one_notice(
    stack: RunningStack, pipeline: Pipeline, exiftool: str, tmp_path: Path
) -> None:
    address = _address()
    batch, photos = pipeline.upload(photo_files.five_photos(), email=address)
    records = pipeline.wait(photos)
    assert {name: record.status for name, record in records.items()} == dict.fromkeys(photos, "ready")
    assert (records["IMG_0001.JPG"].renditions["thumb"].width, records["IMG_0001.JPG"].renditions["thumb"].height) == (
        451,
        300,
    )
    for record in records.values():
        for name in record.renditions:
            file = tmp_path / name
            file.write_bytes(pipeline.rendition(record, name))
            assert "GPS" not in subprocess.run([exiftool, "-G", str(file)], capture_output=True, text=True).stdout
    until(lambda: pipeline.read_batch(batch).sent_at)
    (mail,) = mails_to(stack, address)
    assert mail["Subject"] == "5 photos ready"


def test_labels_say_what_the_photo_shows_with_its_parents(pipeline: Pipeline) -> None:
    _, photos = pipeline.upload({"cat.jpg": photo_files.phone_jpeg()})
    record = pipeline.wait(photos)["cat.jpg"]
    labels = {label.name: label for label in record.labels}
    assert {"Cat", "Animal"} <= set(labels)
    assert "Animal" in labels["Cat"].parents
    assert labels["Animal"].confidence >= labels["Cat"].confidence
    assert record.label_model


def test_a_person_is_found_by_their_face(pipeline: Pipeline) -> None:
    _, photos = pipeline.upload({"astronaut.webp": photo_files.webp("astronaut"), "cat.jpg": photo_files.phone_jpeg()})
    records = pipeline.wait(photos)
    (face,) = records["astronaut.webp"].faces
    assert 0.3 < face.box.left + face.box.width / 2 < 0.6
    assert {"Person", "Face"} <= {label.name for label in records["astronaut.webp"].labels}
    assert records["cat.jpg"].faces == []
    assert records["cat.jpg"].moderation == []
    assert records["cat.jpg"].moderation_model


def test_bad_files_are_rejected_in_words_and_the_good_one_beside_them_is_ready(
    stack: RunningStack, pipeline: Pipeline
) -> None:
    address = _address()
    files = {
        "good.jpg": photo_files.phone_jpeg(),
        "diary.jpg": photo_files.text_named_jpg(),
        "cut.jpg": photo_files.truncated_jpeg(),
        "empty.jpg": b"",
        "drawing.svg": photo_files.svg(),
        "bomb.png": photo_files.png(20_000, 20_000),
        "huge.jpg": photo_files.too_large(),
    }
    batch, photos = pipeline.upload(files, email=address)
    records = pipeline.wait(photos)
    assert records.pop("good.jpg").status == "ready"
    reasons = {name: record.reason.code for name, record in records.items() if record.reason}
    assert reasons == {
        "diary.jpg": "not_a_photo",
        "cut.jpg": "damaged",
        "empty.jpg": "empty",
        "drawing.svg": "not_a_photo",
        "bomb.png": "too_many_pixels",
        "huge.jpg": "too_large",
    }
    assert {record.status for record in records.values()} == {"rejected"}
    until(lambda: pipeline.read_batch(batch).sent_at)
    (mail,) = mails_to(stack, address)
    assert mail["Subject"] == "1 photo ready, 6 could not be read"
    text = mail.get_body(("plain",))
    assert text is not None
    assert "60.0 MB" in text.get_content()


@pytest.mark.parametrize(
    ("function", "sid", "code", "words"),
    [
        ("ResizeImage", "ReadOriginals", "resize_failed", "AccessDenied"),
        ("ResizeImage", "WriteRenditions", "resize_failed", "AccessDenied"),
        ("ResizeImage", "ClaimPhotos", "resize_failed", "AccessDenied"),
        ("RekognitionLabels", "DetectLabels", "labels_refused", "AccessDenied"),
        ("RekognitionLabels", "LetRekognitionRead", "labels_refused", "InvalidS3Object"),
    ],
)
def test_a_role_without_one_permission_fails_the_photo_with_the_reason(
    stack: RunningStack, function: str, sid: str, code: str, words: str
) -> None:
    pipeline = variant(stack, f"without-{sid.lower()}", without_statement(function, sid))
    _, photos = pipeline.upload({"good.jpg": photo_files.webp()})
    record = pipeline.wait(photos)["good.jpg"]
    assert record.status == "failed"
    assert record.reason is not None
    assert record.reason.code == code
    assert words in record.reason.detail


def test_a_run_that_may_not_store_its_result_fails_and_leaves_the_photo_to_the_sweep(stack: RunningStack) -> None:
    pipeline = variant(stack, "without-store", without_statement("StoreMetadata", "StorePhotosAndBatches"))
    _, photos = pipeline.upload({"good.jpg": photo_files.webp()})
    until(lambda: _ended(pipeline))
    assert pipeline.read(photos["good.jpg"]).status == "processing"


def _ended(pipeline: Pipeline) -> bool:
    found = pipeline.step_functions.list_executions(stateMachineArn=pipeline.outputs["StateMachineArn"])["executions"]
    return bool(found) and all(each["status"] != "RUNNING" for each in found)


def _with_a_sender_ses_does_not_know(template: Template) -> Template:
    del template["Resources"]["SenderIdentity"]
    return template


@pytest.mark.parametrize("refusal", ["unknown sender", "no permission"])
def test_a_mail_that_is_refused_leaves_its_photos_ready(stack: RunningStack, refusal: str) -> None:
    if refusal == "unknown sender":
        pipeline = variant(stack, "nobody", _with_a_sender_ses_does_not_know, MailSender="nobody@elsewhere.example")
    else:
        pipeline = variant(stack, "without-sendmail", without_statement("NotifyUser", "SendMail"))
    address = _address()
    batch, photos = pipeline.upload({"good.jpg": photo_files.webp()}, email=address)
    (record,) = pipeline.wait(photos).values()
    assert record.status == "ready", record.reason
    until(lambda: pipeline.read_batch(batch).refusals == 1)
    assert pipeline.read_batch(batch).claimed_at == ""
    assert mails_to(stack, address) == []


def test_an_sms_is_sent_to_whoever_prefers_it(stack: RunningStack, pipeline: Pipeline) -> None:
    batch, photos = pipeline.upload({"good.jpg": photo_files.webp()}, channel="sms", phone="+34600700800")
    pipeline.wait(photos)
    until(lambda: pipeline.read_batch(batch).sent_at)
    (sms,) = [each for each in stack.messages() if "+34600700800" in each.recipients]
    assert "1 photo ready" in sms.text


def test_an_event_that_comes_again_after_the_end_changes_nothing(stack: RunningStack, pipeline: Pipeline) -> None:
    _, photos = pipeline.upload({"good.jpg": photo_files.webp()}, channel="none")
    before = pipeline.wait(photos)["good.jpg"]
    late = new_run(owner_id=before.owner_id, photo_id=before.photo_id, key=before.key, etag="x", sequencer="late")
    started = pipeline.step_functions.start_execution(
        stateMachineArn=pipeline.outputs["StateMachineArn"], name=late.run_id, input=json.dumps({"run": vars(late)})
    )
    arn = started["executionArn"]
    until(lambda: pipeline.step_functions.describe_execution(executionArn=arn)["status"] == "SUCCEEDED")
    assert pipeline.read(photos["good.jpg"]) == before


def test_renditions_are_pictures_that_open(pipeline: Pipeline) -> None:
    _, photos = pipeline.upload({"launch.png": photo_files.transparent_png()})
    record = pipeline.wait(photos)["launch.png"]
    for name, rendition in record.renditions.items():
        assert Image.open(io.BytesIO(pipeline.rendition(record, name))).size == (rendition.width, rendition.height)
