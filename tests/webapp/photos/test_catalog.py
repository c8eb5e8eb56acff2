from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_batch, make_photo, make_record, put_batch, put_record
from webapp import aws as site_aws
from webapp.photos import catalog

pytestmark = pytest.mark.django_db


def test_a_record_comes_back_as_it_was_written(aws: Any, me: Any) -> None:
    photo = make_photo(me)
    record = put_record(aws.table, photo)
    assert catalog.get(photo) == record


def test_many_records_take_one_call_for_each_hundred(aws: Any, me: Any, calls: Counter[str]) -> None:
    photos = [make_photo(me) for _ in range(130)]
    for photo in photos[:120]:
        put_record(aws.table, photo, status="uploading")

    records = catalog.get_many(photos)

    assert set(records) == {photo.pk for photo in photos[:120]}
    assert calls == {"BatchGetItem": 2}


def test_no_photos_ask_for_nothing(calls: Counter[str]) -> None:
    assert catalog.get_many([]) == {}
    assert not calls


def test_keys_left_unprocessed_are_asked_for_again(aws: Any, me: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = [make_photo(me) for _ in range(4)]
    for photo in photos:
        put_record(aws.table, photo)
    monkeypatch.setattr(catalog.time, "sleep", lambda _seconds: None)
    throttled = []

    def leave_half(parsed: dict[str, Any], **_: Any) -> None:
        for table, items in parsed["Responses"].items():
            if len(items) > 1 and len(throttled) < 2:
                kept, left = items[::2], items[1::2]
                parsed["Responses"][table] = kept
                parsed["UnprocessedKeys"] = {table: {"Keys": [{"pk": item["pk"], "sk": item["sk"]} for item in left]}}
                throttled.append(len(left))

    site_aws.table().meta.client.meta.events.register("after-call.dynamodb.BatchGetItem", leave_half)

    assert len(catalog.get_many(photos)) == 4
    assert throttled == [2, 1]


def test_a_second_put_of_a_record_changes_nothing(aws: Any, me: Any) -> None:
    photo = make_photo(me)
    assert catalog.put_photo(photo)
    put_record(aws.table, photo, status="processing")
    assert not catalog.put_photo(photo)
    assert catalog.get(photo).status == "processing"


def test_a_run_is_asked_for_only_while_the_record_is_as_seen(aws: Any, me: Any) -> None:
    photo = make_photo(me)
    seen = put_record(aws.table, photo, status="failed")
    run = contract.new_run(owner_id=str(me.pk), photo_id=str(photo.pk), key=photo.key, etag="e", attempt=2)

    first, second = catalog.request_run(seen, run), catalog.request_run(seen, run)

    assert first is not None
    assert (first.requested_run, first.attempt) == (run.run_id, 2)
    assert second is None


def test_a_photo_that_finished_meanwhile_is_not_closed(aws: Any, me: Any) -> None:
    photo = make_photo(me)
    seen = make_record(photo, status="processing")
    put_record(aws.table, photo, status="ready")
    assert catalog.close(seen, contract.reason(contract.Failure.STOPPED)) is None
    assert catalog.get(photo).status == "ready"


def test_a_photo_leaves_its_batch_once(aws: Any, me: Any) -> None:
    batch = make_batch(me, expected=3)
    photo = make_photo(me, batch=batch)
    put_batch(aws.table, batch)
    assert catalog.leave_batch(batch.pk, photo.pk).expected == 2
    assert catalog.leave_batch(batch.pk, photo.pk) is None
    assert catalog.get_batches([batch])[batch.pk].expected == 2


@pytest.mark.parametrize(
    ("status", "requested", "shown"),
    [
        ("ready", "", "ready"),
        ("failed", "run-2", "processing"),
        ("failed", "run-1", "failed"),  # the run that was asked for is the one that failed
        ("uploading", "run-2", "processing"),
        ("deleting", "run-2", "deleting"),
    ],
)
def test_where_a_photo_stands(me: Any, status: str, requested: str, shown: str) -> None:
    record = make_record(make_photo(me), status=status, requested_run=requested, run_id="run-1")
    assert catalog.status_of(record) == shown


def test_an_outline_says_what_a_tile_shows_of_either_form_of_labels(aws: Any) -> None:
    photo = make_photo()
    box = contract.Instance(contract.Box(0.1, 0.2, 0.3, 0.4), 99.0)
    label = contract.Label("Cat", 91.5, parents=["Animal"], instances=[box])
    record = put_record(aws.table, photo, labels=[label])
    outline = catalog.get_outlines([photo])[photo.pk]
    assert outline.labels == [contract.Label("Cat", 91.5)]
    assert (outline.renditions, outline.placeholder) == (
        {contract.THUMB: record.renditions[contract.THUMB]},
        record.placeholder,
    )
    assert (outline.steps, outline.exif) == ([], contract.Exif())
    assert (outline.status, outline.run_id, outline.original) == (record.status, record.run_id, record.original)

    older = {"name": "Cat", "confidence": Decimal("91.5"), "parents": ["Animal"]}
    aws.table.update_item(
        Key=contract.photo_item_key(str(photo.owner_id), str(photo.pk)),
        UpdateExpression="SET labels = :labels",
        ExpressionAttributeValues={":labels": [older]},
    )
    assert catalog.get_outlines([photo])[photo.pk].labels == [contract.Label("Cat", 91.5)]


def test_an_outline_has_the_surest_labels_that_were_not_denied(aws: Any) -> None:
    photo = make_photo()
    sureness = {"Pet": 60.0, "Cat": 91.0, "Animal": 99.0, "Tree": 98.0, "Plant": 70.0, "Dog": 55.0}
    labels = [contract.Label(name, confidence) for name, confidence in sureness.items()]
    put_record(aws.table, photo, labels=labels, denied_labels={"Tree"}, added_labels={"Animal"})
    outline = catalog.get_outlines([photo])[photo.pk]
    assert [label.name for label in outline.labels] == ["Cat", "Plant", "Pet"]
