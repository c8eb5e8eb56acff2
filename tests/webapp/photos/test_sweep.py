from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_batch, make_photo, put_batch, put_record
from webapp.accounts import preferences
from webapp.photos import catalog, clock, originals, runs, tasks
from webapp.photos.errors import OUT_OF_TIME
from webapp.photos.index import note_progress
from webapp.photos.models import Batch, LabelCount, Photo
from webapp.photos.sweep import settle, sweep

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("states")]
OLD, ABANDONED = timedelta(minutes=3), timedelta(minutes=31)


@pytest.fixture
def photo(me: Any) -> Photo:
    """One that has been waiting for three minutes, in a batch of its own."""
    batch = make_batch(me, created_at=_ago(OLD))
    return make_photo(me, batch=batch, age=OLD)


def _ago(age: timedelta) -> Any:
    return timezone.now() - age


def make_ended(aws: Any, owner: Any, batch: Batch, status: str) -> Photo:
    photo = make_photo(owner, batch=batch, status=status)
    put_record(aws.table, photo, status=status)
    return photo


def run_of(photo: Photo, etag: str, attempt: int) -> contract.Run:
    return contract.new_run(
        owner_id=str(photo.owner_id), photo_id=str(photo.pk), key=photo.key, etag=etag, attempt=attempt
    )


def run_name(photo: Photo, etag: str, attempt: int) -> str:
    return run_of(photo, etag, attempt).run_id


# --- Photos whose event was lost ---


def test_an_upload_that_arrived_and_was_never_started_is_set_going(
    aws: Any, photo: Photo, states: SimpleNamespace, keep_original: Callable[[Any], str]
) -> None:
    etag = keep_original(photo)
    put_record(aws.table, photo, status="uploading")

    assert sweep()["photos set going"] == 1

    run_id = run_name(photo, etag, 1)
    assert states.names() == [run_id]
    assert states.run_of(run_id).key == photo.key
    assert catalog.get(photo).requested_run == run_id
    assert "photos set going" not in sweep(), "it was given its time"


def test_a_photo_that_was_just_uploaded_is_left_alone(
    aws: Any, me: Any, states: SimpleNamespace, keep_original: Any
) -> None:
    photo = make_photo(me)
    keep_original(photo)
    put_record(aws.table, photo, status="uploading")
    assert not sweep()
    assert states.names() == []


def test_a_row_whose_record_is_missing_gets_it_again_and_is_run(
    aws: Any, photo: Photo, states: SimpleNamespace, keep_original: Any
) -> None:
    etag = keep_original(photo)

    sweep()

    record = catalog.get(photo)
    assert (record.status, record.batch_id, record.requested_run) == (
        "uploading",
        str(photo.batch_id),
        run_name(photo, etag, 1),
    )
    assert states.names() == [record.requested_run]


def test_a_row_that_was_deleted_while_the_sweep_looked_gets_no_record(
    aws: Any, photo: Photo, breaks: Any, keep_original: Any
) -> None:
    keep_original(photo)

    def delete(_params: dict[str, Any]) -> bool:
        Photo.objects.filter(pk=photo.pk).delete()
        return False

    breaks("dynamodb", "PutItem", when=delete)
    sweep()
    assert catalog.get(photo) is None
    assert originals.find(photo.key) is None


def test_an_upload_whose_bytes_are_missing_is_given_half_an_hour(aws: Any, photo: Photo) -> None:
    put_record(aws.table, photo, status="uploading")
    assert sweep()["photos not arrived yet"] == 1
    assert catalog.get(photo).status == "uploading"


@pytest.mark.parametrize(("seconds", "open_for"), [(1, 15 * 60), (-1, 15 * 60), (1, 60), (-1, 60)])
def test_a_photo_is_given_up_15_minutes_after_the_address_to_send_it_to_has_ended(
    aws: Any, me: Any, settings: Any, seconds: int, open_for: int
) -> None:
    settings.UPLOAD_SECONDS = open_for
    photo = make_photo(me)
    record = put_record(aws.table, photo, status="uploading")
    given_up = photo.uploaded_at + timedelta(seconds=open_for, minutes=15)

    said = settle(photo, record, now=given_up + timedelta(seconds=seconds))

    assert said == ("photos closed" if seconds > 0 else "photos not arrived yet")
    assert catalog.get(photo).status == ("failed" if seconds > 0 else "uploading")


def test_an_abandoned_upload_is_closed_and_its_batch_told(aws: Any, me: Any, notices: list[str]) -> None:
    batch = make_batch(me, created_at=_ago(ABANDONED))
    photo = make_photo(me, batch=batch, age=ABANDONED)
    put_record(aws.table, photo, status="uploading")
    put_batch(aws.table, batch)

    sweep()

    photo.refresh_from_db()
    assert (photo.status, photo.reason_code) == ("failed", "did_not_arrive")
    assert catalog.get_batches([batch])[batch.pk].failed == {str(photo.pk)}
    assert notices[0] == str(batch.pk)


# --- Photos whose execution died ---


def running(aws: Any, photo: Photo, states: SimpleNamespace, *, attempt: int = 1, status: str = "processing") -> str:
    run = run_of(photo, "first", attempt)
    put_record(aws.table, photo, status=status, run_id=run.run_id, attempt=attempt)
    runs.start(run)
    return run.run_id


def test_a_running_execution_is_left_alone(aws: Any, photo: Photo, states: SimpleNamespace) -> None:
    run_id = running(aws, photo, states)
    assert sweep()["photos still running"] == 1
    assert states.names() == [run_id]


def test_an_execution_that_ended_without_a_result_is_tried_again(
    aws: Any, photo: Photo, states: SimpleNamespace, keep_original: Any
) -> None:
    etag = keep_original(photo)
    first = running(aws, photo, states)
    states.end(first)

    sweep()

    second = run_name(photo, etag, 2)
    record = catalog.get(photo)
    assert (record.requested_run, record.attempt, record.batch_id) == (second, 2, str(photo.batch_id))
    assert states.names() == sorted([first, second])


def test_an_execution_that_nobody_knows_is_tried_again(
    aws: Any, photo: Photo, states: SimpleNamespace, keep_original: Any
) -> None:
    etag = keep_original(photo)
    put_record(aws.table, photo, status="processing", run_id="never-started")
    sweep()
    assert states.names() == [run_name(photo, etag, 2)]


def test_a_run_that_was_asked_for_and_never_started_is_tried_again(
    aws: Any, photo: Photo, states: SimpleNamespace, keep_original: Any
) -> None:
    etag = keep_original(photo)
    put_record(aws.table, photo, status="failed", requested_run="never-started", attempt=2)
    Photo.objects.filter(pk=photo.pk).update(status="processing")
    sweep()
    assert states.names() == [run_name(photo, etag, 3)]


def test_after_the_last_attempt_the_photo_is_closed_and_counted(
    aws: Any, photo: Photo, states: SimpleNamespace, keep_original: Any, notices: list[str]
) -> None:
    keep_original(photo)
    put_batch(aws.table, photo.batch)
    states.end(running(aws, photo, states, attempt=contract.MAX_ATTEMPTS))

    sweep()

    photo.refresh_from_db()
    record = catalog.get(photo)
    assert (photo.status, photo.reason_code, record.status) == ("failed", "stopped", "failed")
    assert notices[0] == str(photo.batch_id)


@pytest.mark.parametrize("attempt", [1, contract.MAX_ATTEMPTS])
def test_a_first_run_whose_name_was_used_up_gets_the_next_name(
    aws: Any, me: Any, states: SimpleNamespace, keep_original: Any, attempt: int
) -> None:
    """Where the trigger and the sweep name a run alike, or a lost record was put again from a row that was run."""
    photo = make_photo(me, batch=make_batch(me), age=OLD, attempt=attempt)
    etag = keep_original(photo)
    used = run_of(photo, etag, attempt)
    runs.start(used)
    states.end(used.run_id)

    assert sweep()["photos set going"] == 1

    record = catalog.get(photo)
    assert (record.status, record.attempt) == ("uploading", attempt + 1)
    assert record.requested_run == run_of(photo, etag, attempt + 1).run_id
    assert states.status(record.requested_run) == "RUNNING"


def test_a_first_run_that_is_running_already_is_asked_for_and_left_to_run(
    aws: Any, photo: Photo, states: SimpleNamespace, keep_original: Any
) -> None:
    run = run_of(photo, keep_original(photo), 1)
    runs.start(run)
    put_record(aws.table, photo, status="uploading")
    sweep()
    assert (catalog.get(photo).requested_run, states.names()) == (run.run_id, [run.run_id])


def test_when_every_name_is_used_up_the_photo_is_closed_in_the_end(
    aws: Any, photo: Photo, states: SimpleNamespace, keep_original: Any, settings: Any
) -> None:
    etag = keep_original(photo)
    for attempt in range(1, 9):
        runs.start(run_of(photo, etag, attempt))
        states.end(run_of(photo, etag, attempt).run_id)
    settings.SWEEP_AFTER_SECONDS = 0
    for _ in range(3):
        sweep()
    assert catalog.get(photo).reason.code == contract.Failure.STOPPED
    assert len(states.names()) == 8


def test_a_result_that_nobody_indexed_is_indexed(aws: Any, photo: Photo, me: Any) -> None:
    put_record(aws.table, photo)
    assert sweep()["photos indexed"] == 1
    assert dict(LabelCount.objects.top(me)) == {"Cat": 1, "Animal": 1}


def test_two_sweeps_at_once_start_one_run(aws: Any, photo: Photo, states: SimpleNamespace, keep_original: Any) -> None:
    from django.utils import timezone

    keep_original(photo)
    seen = put_record(aws.table, photo, status="uploading")
    said = [settle(photo, seen, now=timezone.now()) for _ in range(2)]
    # The second still finds the record as it saw it, asks for the same run, and starts nothing new.
    assert said[0] == "photos set going"
    assert len(states.names()) == 1


def test_one_photo_that_cannot_be_settled_stops_no_other(
    aws: Any, me: Any, photo: Photo, states: SimpleNamespace, keep_original: Any, breaks: Any
) -> None:
    other = make_photo(me, age=OLD)
    for each in (photo, other):
        keep_original(each)
        put_record(aws.table, each, status="uploading")
    breaks("s3", "HeadObject", when=lambda params: params["Key"] == photo.key)

    done = sweep()

    assert (done["photos not settled"], done["photos set going"]) == (1, 1)


def test_a_record_that_nobody_can_read_stops_no_other(
    aws: Any, me: Any, photo: Photo, states: SimpleNamespace, keep_original: Any
) -> None:
    aws.table.put_item(Item={**contract.photo_item_key(str(me.pk), str(photo.pk)), "photo_id": str(photo.pk)})
    other = make_photo(me, age=OLD)
    keep_original(other)

    done = sweep()

    assert (done["photos not settled"], done["photos set going"]) == (1, 1)


def test_where_dynamodb_does_not_answer_everything_is_left_to_the_next_sweep(
    aws: Any, photo: Photo, keep_original: Any, breaks: Any
) -> None:
    keep_original(photo)
    breaks("dynamodb", "BatchGetItem", times=2)
    assert sweep() == {"photos not settled": 1, "batches not settled": 1}
    assert sweep()["photos set going"] == 1


def test_more_than_a_page_is_settled(aws: Any, me: Any) -> None:
    for _ in range(103):
        put_record(aws.table, make_photo(me, age=OLD), status="rejected")
    assert sweep()["photos indexed"] == 103


# --- Batches ---


def test_a_batch_that_is_complete_and_untold_is_asked_for_until_it_is_claimed(
    aws: Any, me: Any, notices: list[str]
) -> None:
    batch = make_batch(me, created_at=_ago(OLD))
    photo = make_photo(me, batch=batch, status="ready")
    put_batch(aws.table, batch, ready={str(photo.pk)})

    sweep()
    assert notices == [str(batch.pk)]

    put_batch(aws.table, batch, ready={str(photo.pk)}, claimed_at="2026-01-01T00:00:00+00:00")
    sweep()
    sweep()
    assert notices == [str(batch.pk)]
    batch.refresh_from_db()
    assert batch.told


def test_an_end_that_was_never_counted_is_counted(aws: Any, me: Any, notices: list[str]) -> None:
    batch = make_batch(me, created_at=_ago(OLD), expected=2)
    ready, failed = (make_ended(aws, me, batch, status) for status in ("ready", "failed"))
    put_batch(aws.table, batch, ready={str(ready.pk)})

    sweep()

    assert catalog.get_batches([batch])[batch.pk].failed == {str(failed.pk)}
    assert notices == [str(batch.pk)]


def test_a_notice_that_is_being_sent_is_not_settled_before_it_is_known_to_be_sent(
    aws: Any, me: Any, notices: list[str]
) -> None:
    batch = make_batch(me, created_at=_ago(OLD))
    ready = {str(make_photo(me, batch=batch, status="ready").pk)}
    put_batch(aws.table, batch, ready=ready, claimed_at=clock.iso())
    assert sweep()["notices being sent"] == 1

    put_batch(aws.table, batch, ready=ready, refusals=1)  # SES has refused it: the claim is released
    assert sweep()["notices asked for"] == 1
    assert notices == [str(batch.pk)]

    put_batch(aws.table, batch, ready=ready, claimed_at=clock.iso(), sent_at=clock.iso())
    assert sweep()["batches settled"] == 1


@pytest.mark.parametrize(("days", "asked"), [(6, 1), (8, 0)])
def test_a_batch_is_told_about_for_a_week(aws: Any, me: Any, notices: list[str], days: int, asked: int) -> None:
    batch = make_batch(me, created_at=_ago(timedelta(days=days)))
    put_batch(aws.table, batch, ready={str(make_photo(me, batch=batch, status="ready").pk)})
    sweep()
    assert len(notices) == asked


def test_a_notice_waits_for_the_end_of_quiet_hours(aws: Any, me: Any, notices: list[str]) -> None:
    now = timezone.now()
    wishes = {"channel": "mail", "only_problems": False, "phone": "", "time_zone": "UTC"}
    preferences.choose(user=me, quiet_from=now.hour, quiet_to=(now.hour + 2) % 24, **wishes)
    batch = make_batch(me, created_at=_ago(OLD))
    put_batch(aws.table, batch, ready={str(make_ended(aws, me, batch, "ready").pk)})
    sweep()
    assert notices == []
    preferences.choose(user=me, quiet_from=(now.hour + 12) % 24, quiet_to=(now.hour + 14) % 24, **wishes)
    assert sweep()["notices asked for"] == 1
    assert notices == [str(batch.pk)]


def test_quiet_hours_keep_no_batch_from_a_summary(aws: Any, me: Any, notices: list[str]) -> None:
    """NotifyUser finds that its notice is not wanted, and the next digest tells of it."""
    hour, wishes = timezone.now().hour, {"channel": "mail", "only_problems": False, "phone": "", "rhythm": "daily"}
    preferences.choose(user=me, quiet_from=hour, quiet_to=(hour + 2) % 24, **wishes)
    batch = make_batch(me, created_at=_ago(OLD))
    put_batch(aws.table, batch, ready={str(make_ended(aws, me, batch, "ready").pk)})
    sweep()
    assert notices == [str(batch.pk)]


def test_a_batch_with_open_photos_waits(aws: Any, me: Any, notices: list[str]) -> None:
    batch = make_batch(me, created_at=_ago(OLD), expected=2)
    make_photo(me, batch=batch, status="processing")
    make_photo(me, batch=batch, status="ready")
    put_batch(aws.table, batch)
    assert sweep()["batches still open"] == 1
    assert notices == []


def test_a_lost_batch_record_is_put_again_with_what_its_rows_know(aws: Any, me: Any, notices: list[str]) -> None:
    batch = make_batch(me, created_at=_ago(OLD), expected=3)
    for status in ("ready", "rejected"):
        make_ended(aws, me, batch, status)

    sweep()

    record = catalog.get_batches([batch])[batch.pk]
    assert (record.expected, len(record.ready), len(record.rejected)) == (2, 1, 1)
    assert notices == [str(batch.pk)]


def test_a_batch_short_of_a_photo_is_told_about_without_it(aws: Any, me: Any, notices: list[str]) -> None:
    batch = make_batch(me, created_at=_ago(OLD), expected=4)
    ready, failed = (make_ended(aws, me, batch, status) for status in ("ready", "failed"))
    put_batch(aws.table, batch, ready={str(ready.pk)})

    assert sweep()["batches counted again"] == 1

    record = catalog.get_batches([batch])[batch.pk]
    assert (record.expected, record.ready, record.failed) == (2, {str(ready.pk)}, {str(failed.pk)})
    assert notices == [str(batch.pk)]


def test_a_batch_that_lost_every_photo_is_settled_in_silence(aws: Any, me: Any, notices: list[str]) -> None:
    batch = make_batch(me, created_at=_ago(OLD), expected=2)
    put_batch(aws.table, batch)
    sweep()
    assert sweep()["batches settled"] == 1
    assert notices == []


def test_a_photo_on_its_way_out_is_left_to_leave_its_batch_by_itself(aws: Any, me: Any) -> None:
    batch = make_batch(me, created_at=_ago(OLD), expected=2)
    make_photo(me, batch=batch, status="deleting")
    make_photo(me, batch=batch, status="ready")
    put_batch(aws.table, batch)
    assert sweep()["batches still open"] == 1
    assert catalog.get_batches([batch])[batch.pk].expected == 2


def test_a_batch_that_changes_while_it_is_counted_is_left_to_the_next_sweep(
    aws: Any, me: Any, breaks: Any, notices: list[str]
) -> None:
    batch = make_batch(me, created_at=_ago(OLD), expected=3)
    put_batch(aws.table, batch, ready={"1"})

    def leave(params: dict[str, Any]) -> bool:
        put_batch(aws.table, batch, ready={"1"}, expected=2)
        return False

    breaks("dynamodb", "UpdateItem", when=leave)
    assert sweep()["batches changed meanwhile"] == 1
    assert catalog.get_batches([batch])[batch.pk].expected == 2
    assert notices == []


def test_a_batch_that_everything_left_is_told_to_nobody(aws: Any, me: Any, notices: list[str]) -> None:
    batch = make_batch(me, created_at=_ago(OLD))
    put_batch(aws.table, batch, expected=0)
    sweep()
    assert notices == []
    assert Batch.objects.get().told


# --- The task beside it ---


def test_index_photos_indexes_what_came_to_an_end_and_notes_how_far_the_rest_is(
    aws: Any, me: Any, django_assert_max_num_queries: Any
) -> None:
    done, going, waiting = make_photo(me), make_photo(me), make_photo(me)
    put_record(aws.table, done)
    put_record(aws.table, going, status="processing")
    put_record(aws.table, waiting, status="uploading")

    assert tasks.index_photos() == 1

    statuses = dict(Photo.objects.values_list("pk", "status"))
    assert statuses == {done.pk: "ready", going.pk: "processing", waiting.pk: "uploading"}
    with django_assert_max_num_queries(1):
        tasks.index_photos()


def test_a_photo_that_ended_meanwhile_is_not_opened_again(aws: Any, me: Any) -> None:
    photo = make_photo(me)
    record = put_record(aws.table, photo, status="processing")
    Photo.objects.filter(pk=photo.pk).update(status="ready")
    note_progress([photo], {photo.pk: record})
    assert Photo.objects.get().status == "ready"


def test_the_command_sweeps_once_and_says_what_it_did(
    aws: Any, photo: Photo, keep_original: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_original(photo)
    call_command("sweep")
    assert "1 photos set going" in capsys.readouterr().out
    call_command("sweep")
    assert "set going" not in capsys.readouterr().out


def test_the_command_says_when_there_was_nothing_to_do(aws: Any, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("sweep")
    assert capsys.readouterr().out == "nothing was due\n"


@pytest.fixture
def much_to_do(aws: Any, me: Any, states: SimpleNamespace, keep_original: Any, settings: Any) -> None:
    """Something for every part of the sweep."""
    settings.ORPHANED_AFTER_SECONDS = 0
    lost, going, dead, spent, abandoned, deleting = (make_photo(me, age=ABANDONED) for _ in range(6))
    for photo in (lost, going, dead, spent):
        keep_original(photo)
    put_record(aws.table, going, status="uploading")
    put_record(aws.table, dead, status="processing", run_id="dead")
    put_record(aws.table, spent, status="processing", run_id="dead", attempt=contract.MAX_ATTEMPTS)
    put_record(aws.table, abandoned, status="uploading")
    Photo.objects.filter(pk=deleting.pk).update(status="deleting")
    put_record(aws.table, make_photo(me, age=OLD))
    for expected, ready in ((2, {"1"}), (1, {"1"}), (0, set())):
        put_batch(aws.table, make_batch(me, created_at=_ago(OLD)), expected=expected, ready=ready)
    make_batch(me, created_at=_ago(OLD))
    orphan, lost_run = make_photo(me), make_photo(me, status="ready")
    keep_original(orphan)
    orphan.delete()
    put_record(aws.table, lost_run)
    key = contract.rendition_key(str(me.pk), str(lost_run.pk), "lost", contract.THUMB)
    aws.s3.put_object(Bucket=settings.RENDITIONS_BUCKET, Key=key, Body=b"x")


@pytest.mark.usefixtures("much_to_do")
def test_a_dry_run_says_what_a_sweep_then_does(aws: Any, notices: list[str]) -> None:
    said = sweep(dry_run=True)
    assert said == {
        "photos set going": 2,
        "photos run again": 1,
        "photos closed": 2,
        "photos deleted": 1,
        "photos indexed": 1,
        "photos indexed again": 1,
        "batches counted again": 1,
        "batches put again": 1,
        "batches settled": 1,
        "notices asked for": 1,
        "originals without a photo erased": 1,
        "photos rid of lost renditions": 1,
    }
    assert sweep() == said


@pytest.mark.usefixtures("much_to_do")
def test_a_dry_run_writes_nothing(
    aws: Any, calls: Counter[str], django_assert_max_num_queries: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    calls.clear()
    with django_assert_max_num_queries(100) as queries:
        call_command("sweep", dry_run=True)
    assert set(calls) <= {"GetItem", "BatchGetItem", "Query", "HeadObject", "ListObjectsV2", "DescribeExecution"}
    assert {query["sql"].split()[0] for query in queries.captured_queries} == {"SELECT"}
    assert capsys.readouterr().out.startswith("a dry run: this is what a sweep would do now\n1 batches counted again\n")


def test_the_command_fails_where_something_could_not_be_done(aws: Any, breaks: Any) -> None:
    breaks("s3", "ListObjectsV2")
    with pytest.raises(CommandError, match=r"Not all of it .* make run"):
        call_command("sweep")


def test_the_command_says_at_once_that_aws_does_not_answer(aws: Any, breaks: Any, caplog: Any) -> None:
    breaks("probe", "GetItem")
    with pytest.raises(CommandError, match=r"AWS does not answer .* make run"):
        call_command("sweep", dry_run=True)
    assert not caplog.records


def test_beat_sweeps_as_often_as_the_setting_says(settings: Any) -> None:
    assert settings.CELERY_BEAT_SCHEDULE["sweep"]["schedule"] == settings.SWEEP_SECONDS


def test_a_sweep_that_is_out_of_time_ends(aws: Any, photo: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_out(*_photos: Any, **_how: Any) -> None:
        raise OUT_OF_TIME

    monkeypatch.setattr(catalog, "get_many", run_out)
    with pytest.raises(OUT_OF_TIME):
        sweep()
