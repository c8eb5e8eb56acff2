from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_photo, put_record
from webapp.photos import catalog
from webapp.photos.index import index
from webapp.photos.models import Photo
from webapp.photos.reruns import Rerun, rerun, retry
from webapp.photos.sweep import sweep

from .pages import text_of

pytestmark = pytest.mark.django_db
OLD = timedelta(minutes=3)
NO_ANSWER = "This could not be done right now, and nothing was changed."


@pytest.fixture
def failed(aws: Any, me: Any, states: Any, keep_original: Callable[[Any], str]) -> Photo:
    """A photo whose only attempt failed while its labels were looked for."""
    photo = make_photo(me, age=OLD)
    keep_original(photo)
    put_record(aws.table, photo, status="failed", steps=[make_step()])
    index([photo.pk])
    return Photo.objects.get(pk=photo.pk)


def make_step(**overrides: Any) -> contract.Step:
    fields = {"name": "RekognitionLabels", "started": "2026-11-23T10:00:00.000+00:00", "ms": 0, "attempt": 1,
              "outcome": "failed", **overrides}  # fmt: skip
    return contract.Step(**fields)


def ends(aws: Any, photo: Photo, *, status: str = "failed", **overrides: Any) -> contract.Photo:
    """Let the run that was asked for claim the photo and end, as the pipeline does."""
    seen = catalog.get(photo)
    step = make_step(attempt=seen.attempt, outcome="failed" if status == "failed" else "done")
    put_record(aws.table, photo, status=status, **{
        "attempt": seen.attempt, "asked_attempts": seen.asked_attempts, "run_id": seen.requested_run,
        "steps": [*seen.steps, step], **overrides,
    })  # fmt: skip
    return catalog.get(photo)


def told(photo: Photo) -> list[tuple[int, str]]:
    return [(step.attempt, step.outcome) for step in catalog.get(photo).steps]


# --- The owner's button ---


@pytest.mark.parametrize(("service", "operation"), [("dynamodb", "BatchGetItem"), ("dynamodb", "UpdateItem"),
                                                    ("s3", "HeadObject")])  # fmt: skip
def test_where_aws_does_not_answer_the_owner_is_told_and_nothing_is_changed(
    failed: Photo, mine: Client, states: SimpleNamespace, breaks: Any, service: str, operation: str
) -> None:
    before = catalog.get(failed)
    breaks(service, operation, times=1)

    page = text_of(mine.post(f"/photos/{failed.pk}/retry/", follow=True))

    assert NO_ANSWER in page
    assert (catalog.get(failed), states.names()) == (before, [])
    assert Photo.objects.get().status == "failed"


def test_staff_are_told_as_well(failed: Photo, breaks: Any) -> None:
    breaks("dynamodb", "UpdateItem")
    assert rerun(failed) is Rerun.NO_ANSWER


def test_what_step_functions_did_not_take_is_started_by_the_sweep(
    failed: Photo, mine: Client, states: SimpleNamespace, breaks: Any
) -> None:
    breaks("stepfunctions", "StartExecution", times=1)
    page = text_of(mine.post(f"/photos/{failed.pk}/retry/", follow=True))
    assert "It is being processed again." in page
    assert "Waiting to begin" in page
    assert states.names() == []

    Photo.objects.update(waiting_since=Photo.objects.get().waiting_since - OLD)
    assert sweep()["photos run again"] == 1

    assert told(failed) == [(1, "failed"), (2, "not_started")]
    assert states.names() == [catalog.get(failed).requested_run]


def test_a_row_that_could_not_be_brought_up_to_date_starts_its_run_all_the_same(
    failed: Photo, states: SimpleNamespace, breaks: Any
) -> None:
    reads = iter([False, True])
    breaks("dynamodb", "BatchGetItem", when=lambda _params: next(reads, False))
    assert retry(failed) is Rerun.ASKED
    assert states.names() == [catalog.get(failed).requested_run]


@pytest.mark.parametrize("clicks", [2, 5])
def test_many_clicks_are_one_attempt(failed: Photo, states: SimpleNamespace, clicks: int) -> None:
    said = [retry(failed, shown_attempt="1") for _ in range(clicks)]
    assert said == [Rerun.ASKED, *[Rerun.BUSY] * (clicks - 1)]
    assert (len(states.names()), catalog.get(failed).attempt) == (1, 2)


def test_two_who_ask_at_the_same_moment_get_one_attempt(failed: Photo, states: SimpleNamespace, breaks: Any) -> None:
    said = []

    def ask_as_well(_params: dict[str, Any]) -> bool:
        if not said:
            said.append("asks")
            said.append(retry(failed))
        return False

    breaks("dynamodb", "UpdateItem", when=ask_as_well)
    assert [retry(failed), *said[1:]] == [Rerun.ASKED, Rerun.ASKED]
    assert (len(states.names()), catalog.get(failed).attempt) == (1, 2)


def test_a_second_tab_does_not_try_again_what_has_failed_again_since(
    aws: Any, failed: Photo, mine: Client, states: SimpleNamespace
) -> None:
    page = text_of(mine.get(failed.get_absolute_url()))
    assert '<input type="hidden" name="attempt" value="1">' in page
    retry(failed, shown_attempt="1")
    ends(aws, failed)

    page = text_of(mine.post(f"/photos/{failed.pk}/retry/", {"attempt": "1"}, follow=True))

    assert "It was tried again since you opened the page." in page
    assert len(states.names()) == 1
    assert retry(failed, shown_attempt="2") is Rerun.ASKED


# --- What is kept of earlier attempts ---


def test_why_an_earlier_attempt_failed_and_its_run_are_kept(aws: Any, failed: Photo) -> None:
    before = catalog.get(failed)
    retry(failed)
    ready = ends(aws, failed, status="ready", reason=None)
    (first, second) = ready.steps
    assert (first.run_id, first.reason) == (before.run_id, before.reason)
    assert (second.attempt, second.reason) == (2, None)


def test_a_long_detail_is_kept_in_part(aws: Any, me: Any, states: Any, keep_original: Any) -> None:
    photo = make_photo(me)
    keep_original(photo)
    put_record(aws.table, photo, status="failed", steps=[make_step()],
               reason=contract.reason(contract.Failure.LABELS, detail="x" * 1000))  # fmt: skip
    retry(photo)
    (step,) = catalog.get(photo).steps
    assert step.reason.detail == "x" * contract.KEPT_DETAIL


def test_the_last_ten_attempts_are_kept(aws: Any, failed: Photo) -> None:
    for _ in range(contract.KEPT_ATTEMPTS + 5):
        assert retry(failed) is Rerun.ASKED
        record = ends(aws, failed)
    assert [step.attempt for step in record.steps] == list(range(7, 17))
    assert all(step.reason and step.run_id for step in record.steps[:-1])


def test_a_photo_that_arrives_after_it_was_given_up_can_be_tried_again(
    aws: Any, me: Any, mine: Client, states: SimpleNamespace, keep_original: Any
) -> None:
    photo = make_photo(me)
    why = contract.reason(contract.Failure.DID_NOT_ARRIVE)
    put_record(aws.table, photo, status="failed", reason=why, run_id="")
    index([photo.pk])
    page = text_of(mine.get(photo.get_absolute_url()))
    assert ("Upload begun" in page, "Try again" in page) == (True, False)
    assert "Upload the photo anew." in text_of(mine.post(f"/photos/{photo.pk}/retry/", follow=True))

    keep_original(photo)
    page = text_of(mine.get(photo.get_absolute_url()))
    assert "This photo arrived late." in page
    mine.post(f"/photos/{photo.pk}/retry/", {"attempt": "1"})

    assert len(states.names()) == 1
    (step,) = catalog.get(photo).steps
    assert (step.name, step.attempt, step.outcome, step.reason) == (contract.WHOLE_RUN, 1, "failed", why)


def test_a_photo_that_did_not_arrive_is_shown_without_s3(aws: Any, me: Any, mine: Client, breaks: Any) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo, status="failed", reason=contract.reason(contract.Failure.DID_NOT_ARRIVE))
    breaks("s3", "HeadObject")
    assert "This photo did not arrive." in text_of(mine.get(photo.get_absolute_url()))


# --- Attempts that died ---


def kill(states: SimpleNamespace, photo: Photo) -> None:
    """The run that was asked for dies before it claims the photo; the sweep's time has come."""
    states.end(catalog.get(photo).requested_run)
    Photo.objects.filter(pk=photo.pk).update(waiting_since=photo.waiting_since)


def test_each_time_a_person_asks_there_are_three_attempts(failed: Photo, states: SimpleNamespace) -> None:
    for number in (4, 7):
        assert retry(failed) is Rerun.ASKED
        for _ in range(2):
            kill(states, failed)
            assert sweep()["photos run again"] == 1
        kill(states, failed)

        assert sweep()["photos closed"] == 1

        assert catalog.get(failed).reason.code == contract.Failure.STOPPED
        assert catalog.get(failed).attempt == number
    assert told(failed) == [(1, "failed"), *((attempt, "stopped") for attempt in range(2, 8))]


def test_what_a_person_asked_for_after_the_last_attempt_and_was_not_started_is_started_by_the_sweep(
    aws: Any, me: Any, states: SimpleNamespace, keep_original: Any, breaks: Any
) -> None:
    photo = make_photo(me, age=OLD)
    keep_original(photo)
    put_record(aws.table, photo, status="failed", attempt=3, steps=[make_step(attempt=3)])
    index([photo.pk])
    breaks("stepfunctions", "StartExecution", times=1)
    assert retry(Photo.objects.get()) is Rerun.ASKED
    Photo.objects.update(waiting_since=photo.waiting_since)

    assert sweep()["photos run again"] == 1

    assert states.names() == [catalog.get(photo).requested_run]


@pytest.mark.parametrize("status", ["failed", "ready"])
def test_a_run_that_was_asked_for_and_ends_while_the_sweep_looks_keeps_its_end(
    aws: Any, failed: Photo, states: SimpleNamespace, breaks: Any, status: str
) -> None:
    put_record(aws.table, failed, status=status, attempt=3, steps=[make_step(attempt=3)])
    index([failed.pk])
    assert rerun(Photo.objects.get()) is Rerun.ASKED
    kill(states, failed)

    def end_first(_params: dict[str, Any]) -> bool:
        if catalog.get(failed).requested_run:
            ends(aws, failed, status=status, requested_run="")
        return False

    breaks("stepfunctions", "DescribeExecution", when=end_first)
    assert sweep()["photos changed meanwhile"] == 1

    record = catalog.get(failed)
    assert (record.status, record.attempt, record.requested_run) == (status, 4, "")
    assert told(failed)[-1] == (4, "failed" if status == "failed" else "done")


def test_a_run_that_died_is_told_once_by_whoever_comes_first(
    aws: Any, me: Any, states: SimpleNamespace, keep_original: Any
) -> None:
    photo = make_photo(me, age=OLD)
    keep_original(photo)
    put_record(aws.table, photo, status="uploading")
    for _ in range(contract.MAX_ATTEMPTS):
        sweep()
        run_id = catalog.get(photo).requested_run
        put_record(aws.table, photo, status="processing", run_id=run_id, attempt=catalog.get(photo).attempt,
                   steps=catalog.get(photo).steps)  # fmt: skip
        states.end(run_id)
        Photo.objects.update(waiting_since=photo.waiting_since)
    sweep()
    sweep()
    assert told(photo) == [(1, "stopped"), (2, "stopped"), (3, "stopped")]
    steps = catalog.get(photo).steps
    assert [step.run_id for step in steps] == states.names()
    assert {step.reason.detail for step in steps} == {"ABORTED"}
    assert catalog.get(photo).reason.code == contract.Failure.STOPPED
