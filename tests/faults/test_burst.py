"""A burst of photos is more than Rekognition takes in a second, or than Lambda runs at once: each waits its turn."""

from __future__ import annotations

import os

import pytest

from tests.faults.burst import OPERATIONS, simulate
from tests.faults.moved_clock import MovedClock

MOST_EVENTS = 100
LONG = pytest.mark.skipif(os.environ.get("SHOEBOX_FAULTS") != "long", reason="takes minutes: SHOEBOX_FAULTS=long")


@pytest.mark.parametrize(
    ("photos", "at_once"),
    [
        pytest.param(300, 1000, id="300 photos"),
        pytest.param(500, 10, id="the largest batch in a new account"),
        pytest.param(500, 1000, id="the largest batch", marks=LONG),
        pytest.param(1000, 1000, id="1,000 photos", marks=LONG),
        pytest.param(1000, 10, id="1,000 photos in a new account", marks=LONG),
        pytest.param(2000, 1000, id="2,000 photos", marks=LONG),
    ],
)
def test_every_photo_of_a_burst_is_ready_and_paid_for_once(photos: int, at_once: int) -> None:
    burst = simulate(photos, calls_a_second=5, at_once=at_once)
    print(*burst.tally.lines(), f"{burst.seconds:.0f} simulated seconds", f"{burst.most_events} events", sep="\n")
    assert burst.ends == {"ready": photos}
    assert burst.tally.answered == dict.fromkeys(OPERATIONS, photos)
    assert sum(burst.tally.refused.values()), "a burst that nobody refuses shows nothing"
    assert burst.most_events <= MOST_EVENTS


def test_fewer_analyses_at_once_are_refused_less_and_lose_nothing() -> None:
    """What the template's LabelsAtOnce is for: as many as get their answers in the time that the calls take."""
    free, kept = simulate(150), simulate(150, labels_at_once=10)
    assert kept.ends == free.ends == {"ready": 150}
    assert sum(kept.tally.refused.values()) * 4 < sum(free.tally.refused.values())


def test_a_burst_beyond_all_patience_fails_and_says_so() -> None:
    """So the simulation can tell: a photo that waits in vain is a failure, and not left out."""
    burst = simulate(20, calls_a_second=0.01)
    assert burst.ends.total() == 20
    assert burst.ends["failed: OutOfTime"] > 10


def test_the_moved_clock_wakes_who_sleeps_in_order_of_time() -> None:
    clock, woken = MovedClock(), []

    def sleeper(seconds: float) -> None:
        clock.sleep(seconds)
        woken.append((seconds, clock.now))

    clock.run([lambda seconds=seconds: sleeper(seconds) for seconds in (3, 1, 2)])
    assert woken == [(1, 1), (2, 2), (3, 3)]


def test_who_runs_others_goes_on_when_the_last_of_them_has_ended() -> None:
    clock, ends = MovedClock(), []

    def parent() -> None:
        clock.sleep(1)
        clock.run([lambda: clock.sleep(5), lambda: clock.sleep(2)])
        ends.append(clock.now)

    clock.run([parent, lambda: clock.sleep(3)])
    assert (ends, clock.now) == ([6], 6)
