"""A burst of photos against an account that may call Rekognition so many times a second: they wait, and none is lost.

SHOEBOX_FAULTS=long pytest tests/stack/test_burst.py -rA
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline_lambdas.photo_pipeline.contract import TERMINAL, Photo
from tests import photo_files

from .pipeline import until
from .running import RunningStack, new_stack, run_stack
from .site import Site
from .test_main_job import notices, owner_id, records_of

LONG = os.environ.get("SHOEBOX_FAULTS") == "long"
pytestmark = pytest.mark.skipif(not LONG, reason="takes minutes: SHOEBOX_FAULTS=long")
MOST_CALLS, MOST_EVENTS = 1.05, 100
PATIENCE = 1800  # seconds; a limit for a broken stack, not a measurement
CALL = re.compile(r"(Detect\w+) (200 ok|400 ProvisionedThroughputExceededException) ")


@contextmanager
def limited(tmp_path: Path, calls_a_second: float) -> Iterator[RunningStack]:
    """A stack whose Rekognition takes so many calls of each operation in a second."""
    with run_stack(replace(new_stack(tmp_path), rekognition_calls_a_second=calls_a_second)) as stack:
        yield stack


def calls(stack: RunningStack) -> tuple[Counter[str], Counter[str]]:
    """Answered and refused calls of each operation, by the server's log."""
    found = CALL.findall(stack.log.read_text())
    return (
        Counter(name for name, answer in found if answer == "200 ok"),
        Counter(name for name, answer in found if answer != "200 ok"),
    )


def history(stack: RunningStack, photo: Photo) -> list[dict[str, Any]]:
    """All events of the run of a photo."""
    arn = f"{stack.outputs['StateMachineArn'].replace(':stateMachine:', ':execution:')}:{photo.run_id}"
    step_functions = stack.aws.client("stepfunctions")
    return step_functions.get_execution_history(executionArn=arn, maxResults=1000)["events"]


def errors(events: list[dict[str, Any]]) -> list[str]:
    """What tasks of a run failed of."""
    return [event["taskFailedEventDetails"]["error"] for event in events if event["type"] == "TaskFailed"]


# A machine that is busy sends no more than five calls a second by itself: one a second is refused on any.
@pytest.mark.parametrize(("photos", "calls_a_second"), [(300, 5), (100, 1)])
def test_every_photo_of_a_burst_is_ready_and_paid_for_once(tmp_path: Path, photos: int, calls_a_second: float) -> None:
    with limited(tmp_path, calls_a_second) as stack:
        person = Site(stack).sign_up()
        began = time.monotonic()
        assert f"{photos} photos received." in person.upload(photo_files.many(photos))
        sent = time.monotonic() - began
        owner = owner_id_when_seen(person)
        wait_for_ends(stack, owner)
        took = time.monotonic() - began
        until(lambda: notices(person))
        found, told = records_of(stack, owner), notices(person)
        histories = [history(stack, photo) for photo in found]
        answered, refused = calls(stack)

    print(f"{photos} photos at {calls_a_second} calls a second: sent in {sent:.0f} s, at their end after {took:.0f} s")
    for name in sorted(answered):
        print(f"{name}: {answered[name]} answered ({answered[name] / photos:.3f} a photo), {refused[name]} refused")
    print(f"errors of tasks: {Counter(error for events in histories for error in errors(events))}")
    print(f"runs by errors: {sorted(Counter(len(errors(events)) for events in histories).items())}")
    print(f"longest history: {max(map(len, histories))} events")

    assert Counter(photo.status for photo in found) == {"ready": photos}
    assert told == [f"{photos} photos ready"]
    assert len(answered) == 3
    assert all(photos <= count <= MOST_CALLS * photos for count in answered.values())
    assert calls_a_second > 1 or refused.keys() == answered.keys()
    assert max(map(len, histories)) <= MOST_EVENTS


def owner_id_when_seen(person: Site) -> str:
    """Once the first thumbnail is there, which tells it."""
    until(person.thumbnails)
    return owner_id(person)


def wait_for_ends(stack: RunningStack, owner: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while not all(photo.status in TERMINAL for photo in records_of(stack, owner)):
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(2)
