"""A run that looks for labels anew in a photo that stays ready."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline_lambdas.photo_pipeline import contract
from pipeline_lambdas.photo_pipeline.contract import Label, Original, Photo, Rendition, Run
from pipeline_lambdas.photo_pipeline.handlers import rekognition_labels, resize_image, store_metadata
from tests.pipeline_lambdas.invocation import Invocation
from tests.pipeline_lambdas.records import make_batch, make_photo
from tests.pipeline_lambdas.rekognition import LABELS, FakeRekognition

SHA256 = "5f" * 32


def make_ready(aws: SimpleNamespace, **overrides: Any) -> Photo:
    """A ready photo that was told about, and is asked for labels anew by no run yet."""
    batch = make_batch(aws, "ada", ready={"told"})
    sizes = {"display": (2048, 1536), "analysis": (1280, 960), "thumb": (480, 360)}
    fields = {
        "owner_id": "ada",
        "status": "ready",
        "run_id": "first",
        "batch_id": batch.batch_id,
        "original": Original(bytes=1, width=4000, height=3000, format="JPEG", sha256=SHA256),
        "renditions": {name: Rendition(f"renditions/first/{name}", *size, bytes=1) for name, size in sizes.items()},
        "labels": [Label("Old", 90.0)],
        "label_model": "Old 1",
    }
    return make_photo(aws, **fields | overrides)


def asked(aws: SimpleNamespace, photo: Photo, *, tag: str = "c1-1", **parameters: Any) -> Run:
    run = contract.new_relabel_run(photo, tag=tag, **parameters)
    aws.table.update_item(**contract.request_relabel_update(photo, run))
    return run


def read(aws: SimpleNamespace, photo: Photo) -> Photo:
    item = aws.table.get_item(Key=contract.photo_item_key("ada", photo.photo_id))["Item"]
    return contract.from_item(Photo, item)


def go(run: Run, *, until: str = "stored") -> dict[str, Any]:
    """What the state machine does of it, its state as JSON in between."""
    state: dict[str, Any] = json.loads(json.dumps({"run": asdict(run)}))
    state["resize"] = resize_image.handler(state, None)
    if state["resize"]["outcome"] != "resized" or until == "resize":
        return state
    state["analysis"] = rekognition_labels.handler(json.loads(json.dumps(state)), Invocation())
    if until == "analysis":
        return state
    return {**state, "stored": store_metadata.handler(json.loads(json.dumps(state)), None)}


def test_new_labels_are_stored_and_nothing_else_is_changed(aws: SimpleNamespace, rekognition: FakeRekognition) -> None:
    photo = make_ready(aws)
    run = asked(aws, photo)
    assert read(aws, photo).status == "ready"

    state = go(run)

    assert state["stored"] == {"outcome": "ready", "batch_id": "", "batch_due": False}
    after = read(aws, photo)
    assert (after.labelled_by, after.relabel_run, after.label_model) == (run.run_id, "", "Rekognition 2.0")
    assert "Old" not in {label.name for label in after.labels}
    assert (after.run_id, after.status, after.renditions, after.batch_id) == (
        "first", "ready", photo.renditions, photo.batch_id)  # fmt: skip
    assert [(step.name, step.outcome, step.run_id) for step in after.steps] == [("Relabel", "done", run.run_id)]
    assert rekognition.asked == {LABELS: 1}
    assert aws.s3.list_objects_v2(Bucket="renditions-test").get("KeyCount") == 0


@pytest.mark.parametrize(
    ("parameters", "named"),
    [({}, "labels-70-25"), ({"min_confidence": 40}, "labels-40-25"), ({"anew": "c1"}, "labels-70-25-c1")],
)
def test_a_run_brings_its_own_parameters(
    aws: SimpleNamespace, rekognition: FakeRekognition, parameters: dict[str, Any], named: str
) -> None:
    assert go(asked(aws, make_ready(aws), **parameters))["analysis"]["parameters"] == named


def test_asked_anew_no_answer_from_before_is_taken_and_identical_photos_share_one(
    aws: SimpleNamespace, rekognition: FakeRekognition
) -> None:
    go(asked(aws, make_ready(aws)))
    go(asked(aws, make_ready(aws)))
    assert rekognition.asked == {LABELS: 1}
    go(asked(aws, make_ready(aws), anew="c1"))
    go(asked(aws, make_ready(aws), anew="c1"))
    assert rekognition.asked == {LABELS: 2}


def test_a_full_run_takes_no_answer_from_before_one_that_was_asked_anew(
    aws: SimpleNamespace, rekognition: FakeRekognition
) -> None:
    photo = make_ready(aws)
    go(asked(aws, photo))  # keeps an answer to the pipeline's own parameters
    go(asked(aws, read(aws, photo), tag="c2-1", anew="c2"))
    assert read(aws, photo).asked_anew == "c2"
    go(asked(aws, read(aws, photo), tag="c3-1"))
    assert rekognition.asked == {LABELS: 2}, "the answer that was asked anew is kept as well"

    etag = aws.s3.put_object(Bucket="originals-test", Key=photo.key, Body=b"no photo, which is no matter here")["ETag"]
    again = contract.new_run(owner_id="ada", photo_id=photo.photo_id, key=photo.key, etag=etag, attempt=2)
    aws.table.update_item(**contract.request_run_update(read(aws, photo), again, now="2026"))
    taken = resize_image.handler({"run": asdict(again)}, None)
    assert taken["asked_anew"] == "c2"


def test_a_higher_threshold_takes_what_is_kept_and_pays_nothing(
    aws: SimpleNamespace, rekognition: FakeRekognition
) -> None:
    photo = make_ready(aws)
    go(asked(aws, photo))
    found = read(aws, photo).labels
    highest = max(label.confidence for label in found)
    state = go(asked(aws, read(aws, photo), tag="c2-1", min_confidence=highest))
    assert state["analysis"]["parameters"] == "labels-70-25"
    assert rekognition.asked == {LABELS: 1}
    assert read(aws, photo).labels == [label for label in found if label.confidence >= highest] != found


def test_a_higher_threshold_asks_where_nothing_is_kept_and_a_lower_one_always(
    aws: SimpleNamespace, rekognition: FakeRekognition
) -> None:
    photo = make_ready(aws)
    assert go(asked(aws, photo, min_confidence=80))["analysis"]["parameters"] == "labels-80-25"
    assert go(asked(aws, read(aws, photo), tag="c2-1", min_confidence=60))["analysis"]["parameters"] == "labels-60-25"
    assert rekognition.asked == {LABELS: 2}


@pytest.mark.parametrize("where", ["resize", "analysis", "store"])
def test_a_run_that_is_overtaken_stores_nothing(aws: SimpleNamespace, rekognition: FakeRekognition, where: str) -> None:
    photo = make_ready(aws)
    run = asked(aws, photo)
    state = {} if where == "resize" else go(run, until="resize" if where == "analysis" else "analysis")
    aws.table.put_item(Item=contract.to_item(replace(read(aws, photo), run_id="second")))
    if where == "resize":
        assert go(run)["resize"]["outcome"] == "overtaken"
    elif where == "analysis":
        assert rekognition_labels.handler(state, Invocation())["outcome"] == "overtaken"
    else:
        assert store_metadata.handler(state, None)["outcome"] == "overtaken"
    assert (read(aws, photo).labels, rekognition.asked[LABELS]) == (photo.labels, int(where == "store"))


@pytest.mark.parametrize("broken", [{"error": {"Error": "States.Timeout", "Cause": "90 s"}}, {}])
def test_a_run_that_fails_leaves_the_photo_ready_with_the_labels_it_had(aws: SimpleNamespace, broken: Any) -> None:
    photo = make_ready(aws)
    run = asked(aws, photo)
    state = go(run, until="resize")
    refusal = asdict(contract.reason(contract.Failure.LABELS_REFUSED, detail="no"))
    step = asdict(contract.Step("RekognitionLabels", "2026", 1, 1, "failed"))
    result = broken or {"analysis": {"outcome": "refused", "step": step, "reason": refusal}}
    assert store_metadata.handler({**state, **result}, None)["batch_due"] is False
    after = read(aws, photo)
    assert (after.status, after.labels, after.steps, after.relabel_run) == ("ready", photo.labels, [], "")
    assert after.relabel_failure is not None
    assert after.relabel_failure.run_id == run.run_id


def test_what_is_stored_twice_is_stored_once(aws: SimpleNamespace, rekognition: FakeRekognition) -> None:
    photo = make_ready(aws)
    state = go(asked(aws, photo), until="analysis")
    outcomes = [store_metadata.handler(state, None)["outcome"] for _ in range(2)]
    assert outcomes == ["ready", "ready"]
    assert len(read(aws, photo).steps) == 1


def test_a_padded_panorama_has_its_photo_in_the_middle(aws: SimpleNamespace) -> None:
    sizes = {"display": (2048, 64), "analysis": (1280, 80), "thumb": (480, 15)}
    renditions = {name: Rendition(name, *size, bytes=1) for name, size in sizes.items()}
    state = go(asked(aws, make_ready(aws, renditions=renditions)), until="resize")
    assert state["resize"]["analysis_content"] == {"left": 0, "top": 0.25, "width": 1, "height": 0.5}
