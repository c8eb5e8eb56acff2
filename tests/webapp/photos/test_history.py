from __future__ import annotations

from typing import Any

import pytest

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_photo, make_record
from webapp.photos.history import history

pytestmark = pytest.mark.django_db
LABELS = contract.reason(contract.Failure.LABELS)
STOPPED = contract.reason(contract.Failure.STOPPED)


def step(name: str, attempt: int = 1, outcome: str = "done", ms: int = 1200, **overrides: Any) -> contract.Step:
    return contract.Step(name, f"2026-11-23T1{attempt % 10}:00:00.000+00:00", ms, attempt, outcome, **overrides)


def told(me: Any, **overrides: Any) -> list[tuple[Any, ...]]:
    """(number, word, words of its events, why) of every attempt on the page."""
    photo = make_photo(me)
    attempts = history(photo, make_record(photo, **overrides)).attempts
    return [(each.number, each.word, [event.word for event in each.events], each.why) for each in attempts]


def test_of_a_photo_whose_file_may_not_be_there_no_more_is_told_than_that_its_upload_was_begun(me: Any) -> None:
    photo = make_photo(me)
    for record in (None, make_record(photo, status="uploading")):
        said = history(photo, record)
        assert (said.attempts, said.uploaded.word, said.uploaded.at) == ([], "Upload begun", photo.uploaded_at)


def test_one_that_went_well_is_told_as_one_line_of_steps(me: Any) -> None:
    photo = make_photo(me)
    said = history(photo, make_record(photo, steps=[step("ResizeImage"), step("RekognitionLabels", ms=0)]))
    assert said.is_plain
    assert said.uploaded is None
    (attempt,) = said.attempts
    assert [(event.word, event.seconds) for event in attempt.events] == [
        ("Uploaded", None),
        ("Previews made", 1.2),
        ("Labels found", None),
    ]


@pytest.mark.parametrize(
    ("ms", "words"), [(0, ""), (5, "0.01 s"), (1310, "1.31 s"), (43_000, "43 s"), (900_000, "15 min")]
)
def test_how_long_a_step_took_is_told_as_people_say_it(me: Any, ms: int, words: str) -> None:
    photo = make_photo(me)
    (attempt,) = history(photo, make_record(photo, steps=[step("ResizeImage", ms=ms)])).attempts
    assert attempt.events[-1].took == words


def test_all_but_three_attempts_are_folded_away(me: Any) -> None:
    photo = make_photo(me)
    said = history(photo, make_record(photo, attempt=5, steps=[step("ResizeImage", each) for each in range(1, 6)]))
    assert ([each.number for each in said.newest], [each.number for each in said.older]) == ([5, 4, 3], [2, 1])


def test_attempts_are_told_newest_first_each_with_why_it_failed(me: Any) -> None:
    steps = [
        step("ResizeImage"),
        step("RekognitionLabels", outcome="failed", reason=LABELS),
        step("StoreMetadata"),
        step(contract.WHOLE_RUN, 2, "stopped", reason=contract.Reason("stopped", "", "TIMED_OUT")),
        step("ResizeImage", 3, "rejected"),
    ]
    damaged = contract.reason(contract.Refusal.DAMAGED)
    assert told(me, status="rejected", attempt=3, steps=steps, reason=damaged) == [
        (3, "Refused", ["File checked and refused"], damaged.text),
        (2, "Stopped", ["Stopped before it was finished"], ""),
        (1, "Failed", ["Uploaded", "Previews made", "Labels could not be found", "Result saved"], LABELS.text),
    ]


def test_the_last_attempt_that_stopped_says_why_the_photo_was_closed(me: Any) -> None:
    lost = step(contract.WHOLE_RUN, 3, "not_started", ms=0, reason=contract.Reason("stopped", ""))
    assert told(me, status="failed", attempt=3, steps=[lost], reason=STOPPED) == [
        (3, "Not started", ["Could not be started"], STOPPED.text)
    ]


@pytest.mark.parametrize(
    ("status", "runs", "word"),
    [
        ("failed", {"run_id": "1", "requested_run": "2"}, "Waiting to begin"),
        ("processing", {"run_id": "2"}, "Under way"),
        ("processing", {"run_id": "1", "requested_run": "2"}, "Waiting to begin"),
    ],
)
def test_an_attempt_that_has_not_ended_is_told_as_such(me: Any, status: str, runs: dict[str, str], word: str) -> None:
    before = step("RekognitionLabels", outcome="failed", reason=LABELS)
    said = told(me, status=status, attempt=2, steps=[before], reason=STOPPED, **runs)
    assert said == [(2, word, [], ""), (1, "Failed", ["Uploaded", "Labels could not be found"], LABELS.text)]


def test_a_photo_that_waits_for_its_first_run_has_no_attempt(me: Any) -> None:
    assert told(me, status="uploading") == []


def test_a_record_that_lost_the_steps_of_its_end_tells_the_end(me: Any) -> None:
    assert told(me, status="failed", steps=[], reason=STOPPED) == [(1, "Failed", ["Uploaded"], STOPPED.text)]


def test_attempts_that_are_not_kept_are_said_to_be_missing(me: Any) -> None:
    photo = make_photo(me)
    steps = [step("ResizeImage", number) for number in range(7, 17)]
    said = history(photo, make_record(photo, attempt=16, steps=steps))
    assert (said.is_cut, said.uploaded.word) == (True, "Uploaded")
    assert [each.number for each in said.attempts] == list(range(16, 6, -1))


def test_a_step_that_nobody_knows_is_told_by_its_name(me: Any) -> None:
    assert told(me, steps=[step("Dream", outcome="wild")]) == [(1, "Failed", ["Uploaded", "Dream: wild"], "")]
