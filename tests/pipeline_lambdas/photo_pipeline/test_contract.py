from __future__ import annotations

import json
import math
from dataclasses import asdict
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lambdas.photo_pipeline import contract
from tests import photo_files

UUIDS = st.uuids().map(str)
PERCENT = st.floats(0, 100)
FRACTION = st.floats(0, 1)
TEXT = st.text(max_size=30)
BOXES = st.builds(contract.Box, FRACTION, FRACTION, FRACTION, FRACTION)
LABELS = st.builds(
    contract.Label,
    name=TEXT,
    confidence=PERCENT,
    parents=st.lists(TEXT, max_size=3),
    categories=st.lists(TEXT, max_size=2),
    instances=st.lists(st.builds(contract.Instance, BOXES, PERCENT), max_size=2),
)
RECORDS = st.builds(
    contract.Photo,
    owner_id=UUIDS,
    photo_id=UUIDS,
    status=st.sampled_from([status.value for status in contract.Status]),
    uploaded_at=TEXT,
    updated_at=TEXT,
    key=TEXT,
    original=st.builds(contract.Original, bytes=st.integers(0, 10**9), width=st.integers(0, 10**5)),
    reason=st.none() | st.builds(contract.Reason, TEXT, TEXT, TEXT),
    renditions=st.dictionaries(TEXT, st.builds(contract.Rendition, TEXT, *[st.integers(0, 10**6)] * 3), max_size=3),
    exif=st.builds(contract.Exif, exposure=st.floats(0, 1000)),
    labels=st.lists(LABELS, max_size=3),
    denied_labels=st.sets(TEXT, max_size=3),
    added_labels=st.sets(TEXT, max_size=3),
    place=st.none() | st.builds(contract.Place, st.floats(-90, 90), st.floats(-180, 180)),
    steps=st.lists(st.builds(contract.Step, TEXT, TEXT, st.integers(0, 10**6), st.integers(1, 3)), max_size=3),
    usage=st.lists(
        st.builds(
            contract.Usage, st.dictionaries(TEXT, st.integers(0, 10**6), max_size=3), gb_seconds=st.floats(0, 900)
        ),
        max_size=3,
    ),
)


def _close(one: object, other: object) -> bool:
    if isinstance(one, float):
        return math.isclose(one, float(other), abs_tol=1e-6)  # type: ignore[arg-type]
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_close(one[key], other[key]) for key in one)  # type: ignore[attr-defined,index]
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_close, one, other))  # type: ignore[arg-type]
    return one == other


@given(RECORDS)
def test_record_survives_the_way_to_dynamodb_and_back(record: contract.Photo) -> None:
    back = contract.from_item(contract.Photo, contract.to_item(record))
    assert _close(asdict(record), asdict(back))


@given(RECORDS)
def test_record_survives_the_way_through_json(record: contract.Photo) -> None:
    assert contract.from_item(contract.Photo, json.loads(json.dumps(asdict(record), default=sorted))) == record


def test_item_holds_no_float_and_no_empty_set() -> None:
    batch = contract.to_item(contract.Batch(batch_id="b", owner_id="o", expected=3))
    assert "ready" not in batch
    assert contract.to_attribute(contract.Place(48.5, 16.25))["latitude"] == Decimal("48.5")


def test_labels_and_boxes_are_stored_without_the_names_of_their_fields() -> None:
    dog = contract.Label("Dog", 99.5, instances=[contract.Instance(contract.Box(0.1, 0.2, 0.3, 0.4), 98)])
    stored = contract.to_attribute(contract.LabelsAnswer([dog, contract.Label("Cat", 55)]))["labels"]
    box = [Decimal("0.1"), Decimal("0.2"), Decimal("0.3"), Decimal("0.4")]
    assert stored == [["Dog", Decimal("99.5"), [], [], [[box, 98]]], ["Cat", 55]]


def test_labels_and_boxes_of_an_older_record_are_read() -> None:
    box = {"left": 0.1, "top": 0.2, "width": 0.3, "height": 0.4}
    old = {"labels": [{"name": "Dog", "confidence": Decimal("99.5"), "instances": [{"box": box, "confidence": 98}]}]}
    (dog,) = contract.from_item(contract.LabelsAnswer, old).labels
    assert dog == contract.Label("Dog", 99.5, instances=[contract.Instance(contract.Box(0.1, 0.2, 0.3, 0.4), 98.0)])


def test_what_a_newer_version_adds_to_a_label_is_left_aside() -> None:
    assert contract.from_item(contract.Label, ["Dog", 99.5, [], [], [], "added later"]) == contract.Label("Dog", 99.5)


def test_unknown_attributes_of_a_newer_version_are_left_aside() -> None:
    item = contract.to_item(contract.Preferences(owner_id="o")) | {"added_later": 1}
    assert contract.from_item(contract.Preferences, item) == contract.Preferences(owner_id="o")


@given(UUIDS, UUIDS, st.sampled_from([format.extension for format in contract.FORMATS.values()]))
def test_original_key_parses_back(owner: str, photo: str, extension: str) -> None:
    assert contract.parse_original_key(contract.original_key(owner, photo, extension)) == (owner, photo)


@pytest.mark.parametrize("key", ["", "originals/a/b.jpg", "renditions/x", "originals/../x.jpg"])
def test_other_keys_are_no_originals(key: str) -> None:
    assert contract.parse_original_key(key) is None


@given(UUIDS, UUIDS, st.sampled_from(list(contract.RENDITION_FILES)))
def test_rendition_key_parses_back(owner: str, photo: str, name: str) -> None:
    run_id = f"{photo}-0123456789-1"
    assert contract.parse_rendition_key(contract.rendition_key(owner, photo, run_id, name)) == (owner, photo, run_id)


@pytest.mark.parametrize("key", ["", "exports/x.zip", "renditions/a/b/c/thumb.webp", "originals/../x.jpg"])
def test_other_keys_are_no_renditions(key: str) -> None:
    assert contract.parse_rendition_key(key) is None


@given(UUIDS, st.text(max_size=40), st.integers(1, 9))
def test_run_name_fits_step_functions_and_repeats(photo: str, sequencer: str, attempt: int) -> None:
    facts = {"owner_id": "o", "photo_id": photo, "key": "k", "etag": "e", "sequencer": sequencer, "attempt": attempt}
    run = contract.new_run(**facts)  # type: ignore[arg-type]
    assert run == contract.new_run(**facts)  # type: ignore[arg-type]
    assert len(run.run_id) <= 80
    assert set(run.run_id) <= set("0123456789abcdef-")


def test_another_version_or_attempt_is_another_run() -> None:
    def name(**changes: object) -> str:
        return contract.new_run(**{"owner_id": "o", "photo_id": "p", "key": "k", "etag": "e"} | changes).run_id  # type: ignore[arg-type]

    assert len({name(), name(etag="f"), name(version_id="v"), name(attempt=2)}) == 4


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (photo_files.phone_jpeg(), "JPEG"),
        (photo_files.heic(), "HEIF"),
        (photo_files.transparent_png(), "PNG"),
        (photo_files.webp(), "WEBP"),
        (photo_files.encode(photo_files.photo(), "AVIF"), "AVIF"),
        (photo_files.encode(photo_files.photo(), "GIF"), "GIF"),
        (photo_files.encode(photo_files.photo(), "TIFF"), "TIFF"),
        (photo_files.encode(photo_files.photo(), "BMP"), "BMP"),
    ],
)
def test_format_is_told_from_the_first_bytes(data: bytes, name: str) -> None:
    found = contract.sniff_format(data[: contract.SNIFF_BYTES])
    assert found == contract.FORMATS[name]


@pytest.mark.parametrize("data", [b"", b"\xff", photo_files.svg(), photo_files.text_named_jpg(), b"\0\0\0\x18ftypmp42"])
def test_anything_else_is_no_photo(data: bytes) -> None:
    assert contract.sniff_format(data[: contract.SNIFF_BYTES]) is None


@given(st.binary(max_size=contract.SNIFF_BYTES))
def test_sniffing_never_breaks(head: bytes) -> None:
    contract.sniff_format(head)


@pytest.mark.parametrize(
    ("size", "code"), [(0, "empty"), (1, None), (contract.MAX_BYTES, None), (contract.MAX_BYTES + 1, "too_large")]
)
def test_size_limits(size: int, code: str | None) -> None:
    refusal = contract.refuse_size(size)
    assert (refusal.code if refusal else None) == code


def test_refusals_say_the_numbers() -> None:
    assert "61.2 MB" in contract.refuse_size(61_200_000).text  # type: ignore[union-attr]
    assert "20000 × 20000" in contract.refuse_dimensions(20_000, 20_000).text  # type: ignore[union-attr]
    assert "79 × 400" in contract.refuse_dimensions(79, 400).text  # type: ignore[union-attr]
    assert contract.refuse_dimensions(10_000, 10_000) is None


def test_every_code_has_a_sentence() -> None:
    assert set(contract.SENTENCES) == {*contract.Refusal, *contract.Failure}


def test_batch_is_due_once_all_are_in_and_nobody_has_claimed_it() -> None:
    batch = contract.Batch(batch_id="b", owner_id="o", expected=3, ready={"1"}, failed={"2"})
    assert not batch.is_due
    complete = contract.Batch(batch_id="b", owner_id="o", expected=3, ready={"1"}, failed={"2"}, rejected={"3"})
    assert complete.is_due
    claimed = contract.Batch(batch_id="b", owner_id="o", expected=1, ready={"1"}, claimed_at="2026-01-01")
    assert not claimed.is_due


def _photo_of(*names: str, denied: set[str], added: set[str]) -> contract.Photo:
    item = {"owner_id": "o", "photo_id": "p", "status": "ready", "uploaded_at": "", "updated_at": "", "key": ""}
    labels = [{"name": name, "confidence": 90} for name in names]
    sets = {"denied_labels": denied, "added_labels": added}
    return contract.from_item(contract.Photo, item | {"original": {"bytes": 1}, "labels": labels} | sets)


def test_labels_shown_are_those_added_then_those_found_and_not_denied() -> None:
    photo = _photo_of("Dog", "Cat", "Beach", denied={"Cat"}, added={"Summer"})
    assert [label.name for label in contract.shown_labels(photo)] == ["Summer", "Dog", "Beach"]


def test_label_that_was_added_and_is_found_later_is_shown_once() -> None:
    photo = _photo_of("Dog", denied=set(), added={"Dog"})
    assert [(label.name, label.confidence) for label in contract.shown_labels(photo)] == [("Dog", 100.0)]


def test_a_record_of_before_usage_was_noted_is_read() -> None:
    old = {"owner_id": "o", "photo_id": "p", "status": "ready", "uploaded_at": "", "updated_at": "", "key": "k"}
    record = contract.from_item(contract.Photo, {**old, "original": {"bytes": Decimal(1)}})
    assert record.usage == []
    assert contract.from_item(contract.Batch, {"batch_id": "b", "owner_id": "o", "expected": 1}).usage is None


def test_usages_add_up_and_the_left_one_says_of_which_run() -> None:
    one = contract.Usage({"S3.GetObject": 1, "S3.PutObject": 3}, 1, 2, 1, 0.5, 6, run_id="a", at="now")
    other = contract.Usage({"S3.GetObject": 1}, 0.5, 1, 1, 0.25, 0, run_id="b")
    assert one + other == contract.Usage({"S3.GetObject": 2, "S3.PutObject": 3}, 1.5, 3, 2, 0.75, 6, "a", "now")


def test_asking_for_runs_without_end_keeps_what_the_last_ones_used() -> None:
    used = [contract.Usage(run_id=str(at)) for at in range(contract.KEPT_ATTEMPTS)]
    seen = contract.Photo("o", "p", "failed", "", "", "k", contract.Original(1), usage=used)
    run = contract.new_run(owner_id="o", photo_id="p", key="k", etag="e", attempt=11)
    kept = contract.request_run_update(seen, run, now="now")["ExpressionAttributeValues"][":used"]
    assert [each["run_id"] for each in kept] == [str(at) for at in range(1, contract.KEPT_ATTEMPTS)]
