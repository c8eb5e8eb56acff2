from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline_lambdas.photo_pipeline import photo_table
from pipeline_lambdas.photo_pipeline.contract import (
    MAX_REFUSALS,
    WHOLE_RUN,
    Batch,
    Photo,
    Refusal,
    Run,
    Status,
    Step,
    Usage,
    batch_item_key,
    batch_outcome_update,
    deleting_update,
    from_item,
    leave_batch_update,
    photo_item_key,
    reason,
    request_run_update,
    sms_of_all_key,
    sms_of_person_key,
)
from pipeline_lambdas.photo_pipeline.errors import Overtaken
from pipeline_lambdas.photo_pipeline.results import Ending
from tests import cloudformation
from tests.pipeline_lambdas.records import NOW, make_batch, make_photo, make_run

STEP = Step("ResizeImage", NOW, 12, 1)
USED = Usage({"S3.GetObject": 2, "DynamoDB.UpdateItem": 1}, 0.5, 3, 2, 0.25, 6)


def _claim(aws: SimpleNamespace, run: Run) -> Photo:
    return photo_table.claim_photo(aws.table, run, now=NOW)


def _finish(aws: SimpleNamespace, run: Run, status: Status = Status.READY, **attributes: Any) -> Photo:
    return photo_table.finish_photo(aws.table, run, Ending(status, attributes, [STEP]), now=NOW, usage=USED)


def _read(aws: SimpleNamespace, photo: Photo) -> Photo:
    return from_item(Photo, aws.table.get_item(Key=photo_item_key(photo.owner_id, photo.photo_id))["Item"])


def test_a_waiting_photo_is_claimed_and_by_the_same_run_again(aws: SimpleNamespace) -> None:
    photo = make_photo(aws)
    run = make_run(aws, photo)
    assert _claim(aws, run) == _claim(aws, run)
    assert _read(aws, photo).run_id == run.run_id
    assert _read(aws, photo).status == Status.PROCESSING


def test_a_second_run_is_overtaken(aws: SimpleNamespace) -> None:
    photo = make_photo(aws)
    first, late = make_run(aws, photo), make_run(aws, photo, sequencer="2")
    _claim(aws, first)
    with pytest.raises(Overtaken):
        _claim(aws, late)
    with pytest.raises(Overtaken):
        _finish(aws, late)
    assert _read(aws, photo).run_id == first.run_id


@pytest.mark.parametrize("status", [Status.READY, Status.REJECTED, Status.FAILED, Status.DELETING])
def test_an_event_that_comes_again_later_changes_nothing(aws: SimpleNamespace, status: Status) -> None:
    photo = make_photo(aws, status=status.value, run_id="earlier")
    with pytest.raises(Overtaken):
        _claim(aws, make_run(aws, photo))
    assert _read(aws, photo) == photo


def test_nothing_is_created_for_a_photo_that_is_gone(aws: SimpleNamespace) -> None:
    photo = make_photo(aws)
    run = make_run(aws, photo)
    aws.table.delete_item(Key=photo_item_key(photo.owner_id, photo.photo_id))
    with pytest.raises(Overtaken):
        _claim(aws, run)
    with pytest.raises(Overtaken):
        _finish(aws, run)
    assert "Item" not in aws.table.get_item(Key=photo_item_key(photo.owner_id, photo.photo_id))


@pytest.mark.parametrize("status", [Status.UPLOADING, Status.PROCESSING, Status.FAILED, Status.READY])
def test_a_run_the_site_asked_for_takes_over_and_the_one_before_is_fenced(aws: SimpleNamespace, status: Status) -> None:
    photo = make_photo(aws, status=status.value, run_id="dead", batch_id="b")
    again = make_run(aws, photo, attempt=2)
    aws.table.update_item(**request_run_update(photo, again, now=NOW))
    claimed = _claim(aws, again)
    assert (claimed.run_id, claimed.attempt, claimed.requested_run) == (again.run_id, 2, "")
    assert claimed.batch_id == ("b" if status in (Status.UPLOADING, Status.PROCESSING) else "")
    with pytest.raises(Overtaken):
        _finish(aws, make_run(aws, photo))
    assert _finish(aws, again).status == Status.READY


def test_two_who_ask_for_a_run_at_once_get_one(aws: SimpleNamespace) -> None:
    photo = make_photo(aws, status="failed")
    aws.table.update_item(**request_run_update(photo, make_run(aws, photo, attempt=2), now=NOW))
    with pytest.raises(aws.table.meta.client.exceptions.ConditionalCheckFailedException):
        aws.table.update_item(**request_run_update(photo, make_run(aws, photo, attempt=2), now=NOW))


def test_a_deletion_shuts_the_fence(aws: SimpleNamespace) -> None:
    photo = make_photo(aws)
    run = make_run(aws, photo)
    _claim(aws, run)
    aws.table.update_item(**deleting_update(photo.owner_id, photo.photo_id, now=NOW))
    with pytest.raises(Overtaken):
        _finish(aws, run)
    assert _read(aws, photo).status == Status.DELETING


def test_finishing_again_changes_nothing_and_counts_once(aws: SimpleNamespace) -> None:
    photo = make_photo(aws, batch_id="b")
    make_batch(aws, photo.owner_id, batch_id="b", expected=2)
    run = make_run(aws, photo)
    _claim(aws, run)
    for _ in range(2):
        finished = _finish(aws, run, Status.REJECTED, reason=reason(Refusal.DAMAGED))
        batch = photo_table.count_in_batch(aws.table, finished)
    assert _read(aws, photo).steps == [STEP]
    assert batch is not None
    assert batch.rejected == {photo.photo_id}
    assert not batch.is_due


def test_history_of_an_earlier_attempt_is_kept_with_its_reason(aws: SimpleNamespace) -> None:
    photo = make_photo(aws)
    first = make_run(aws, photo)
    _claim(aws, first)
    failed = _finish(aws, first, Status.FAILED, reason=reason(Refusal.DAMAGED))
    second = make_run(aws, photo, attempt=2)
    aws.table.update_item(**request_run_update(failed, second, now=NOW))
    _claim(aws, second)
    ready = _finish(aws, second)
    assert [(step.name, step.run_id) for step in ready.steps] == [
        ("ResizeImage", first.run_id),
        (WHOLE_RUN, first.run_id),
        ("ResizeImage", ""),
    ]
    assert ready.steps[1].reason == reason(Refusal.DAMAGED)
    assert ready.reason is None


def test_a_photo_that_left_its_batch_lowers_it_once(aws: SimpleNamespace) -> None:
    batch = make_batch(aws, "o", expected=3)
    aws.table.update_item(**batch_outcome_update(batch.batch_id, "1", "ready"))
    aws.table.update_item(**leave_batch_update(batch.batch_id, "1"))
    with pytest.raises(aws.table.meta.client.exceptions.ConditionalCheckFailedException):
        aws.table.update_item(**leave_batch_update(batch.batch_id, "1"))
    with pytest.raises(aws.table.meta.client.exceptions.ConditionalCheckFailedException):
        aws.table.update_item(**batch_outcome_update(batch.batch_id, "1", "ready"))
    left = photo_table.get_batch(aws.table, batch.batch_id)
    assert left is not None
    assert (left.expected, left.ready) == (2, set())


def _claim_notice(aws: SimpleNamespace, batch: Batch, token: str) -> Batch | None:
    return photo_table.claim_notice(aws.table, batch.batch_id, token=token, now=NOW, told_by="mail", usage=USED)


def _release_notice(aws: SimpleNamespace, batch: Batch, token: str, *, refused: bool = True) -> Batch:
    photo_table.release_notice(aws.table, batch.batch_id, token=token, refused=refused, usage=USED)
    left = photo_table.get_batch(aws.table, batch.batch_id)
    assert left is not None
    return left


def test_one_notice_is_claimed_once_and_a_refusal_gives_it_back_a_few_times(aws: SimpleNamespace) -> None:
    batch = make_batch(aws, "o", ready={"1"})
    left = batch
    for token in map(str, range(MAX_REFUSALS)):
        assert left.is_due
        assert _claim_notice(aws, batch, token) is not None
        assert _claim_notice(aws, batch, "theirs") is None
        left = _release_notice(aws, batch, token)
    assert not left.is_due


def test_a_second_try_of_the_same_claim_is_no_other_claim(aws: SimpleNamespace) -> None:
    batch = make_batch(aws, "o", ready={"1"})
    claimed = _claim_notice(aws, batch, "mine")
    assert claimed is not None
    assert _claim_notice(aws, batch, "mine") == claimed


def test_a_second_try_of_the_same_release_counts_one_refusal(aws: SimpleNamespace) -> None:
    batch = make_batch(aws, "o", ready={"1"})
    _claim_notice(aws, batch, "mine")
    assert _release_notice(aws, batch, "mine") == _release_notice(aws, batch, "mine")


def test_a_notice_that_is_given_back_without_a_refusal_stays_due_for_ever(aws: SimpleNamespace) -> None:
    batch = make_batch(aws, "o", ready={"1"})
    for _ in range(MAX_REFUSALS + 1):
        assert _claim_notice(aws, batch, "mine") is not None
        assert _release_notice(aws, batch, "mine", refused=False).is_due


def test_a_claim_without_a_token_is_somebody_elses(aws: SimpleNamespace) -> None:
    """So it was written before there were tokens."""
    batch = make_batch(aws, "o", ready={"1"}, claimed_at=NOW)
    assert _claim_notice(aws, batch, "mine") is None
    assert _release_notice(aws, batch, "mine") == batch


def test_what_another_has_claimed_is_neither_given_back_nor_marked_as_sent(aws: SimpleNamespace) -> None:
    batch = make_batch(aws, "o", ready={"1"})
    _claim_notice(aws, batch, "theirs")
    photo_table.mark_sent(aws.table, batch.batch_id, token="mine", now=NOW, usage=USED)
    left = _release_notice(aws, batch, "mine")
    assert (left.claimed_at, left.sent_at, left.refusals) == (NOW, "", 0)


def test_a_sent_notice_is_not_given_back(aws: SimpleNamespace) -> None:
    batch = make_batch(aws, "o", ready={"1"})
    _claim_notice(aws, batch, "mine")
    photo_table.mark_sent(aws.table, batch.batch_id, token="mine", now=NOW, usage=USED)
    _release_notice(aws, batch, "mine")
    assert _claim_notice(aws, batch, "theirs") is None


def test_the_notice_of_an_unknown_batch_is_not_claimed(aws: SimpleNamespace) -> None:
    assert photo_table.claim_notice(aws.table, "unknown", token="mine", now=NOW, told_by="mail", usage=USED) is None
    assert "Item" not in aws.table.get_item(Key=batch_item_key("unknown"))


ENDINGS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["ready", "rejected", "failed"])), max_size=12)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(endings=ENDINGS)
def test_a_batch_holds_each_photo_once_under_its_last_end(aws: SimpleNamespace, endings: list[tuple[str, str]]) -> None:
    batch = make_batch(aws, "o", expected=3)
    for photo_id, status in endings:
        aws.table.update_item(**batch_outcome_update(batch.batch_id, photo_id, status))
    stored = photo_table.get_batch(aws.table, batch.batch_id)
    assert isinstance(stored, Batch)
    held = {photo: status for status in ("ready", "rejected", "failed") for photo in getattr(stored, status)}
    assert held == dict(endings)
    assert stored.is_complete == (len(held) == 3)


def test_text_messages_are_counted_by_the_day_and_the_table_forgets_the_counts_by_itself(aws: SimpleNamespace) -> None:
    late, next_day = "2026-05-12T23:59:59.000+00:00", "2026-05-13T00:00:00.000+00:00"
    counted = [photo_table.count_sms(aws.table, "o", a_day=2, now=now) for now in (late, late, late, next_day)]
    assert counted == [True, True, False, True]
    items = [aws.table.get_item(Key=key)["Item"] for key in (sms_of_person_key("o", late), sms_of_all_key(late))]
    assert [item["sent"] for item in items] == [3, 2], "a person's own count is asked first"
    assert {int(item["forget_at"]) for item in items} == {1_778_803_199}, "two days later"
    declared = cloudformation.resources("AWS::DynamoDB::Table")["PhotoTable"]["TimeToLiveSpecification"]
    assert declared == {"AttributeName": "forget_at", "Enabled": True}
