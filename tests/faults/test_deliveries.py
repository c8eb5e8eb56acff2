"""The generator of events does what it is told to, and the same again for the same seed."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.faults.deliveries import deliver

fractions = st.floats(0, 1)
MINUTE, LATEST = timedelta(minutes=1), timedelta(minutes=16)


def make_deliveries(count: int, seed: int, **overrides: Any) -> Any:
    return deliver(range(count), random.Random(seed), **overrides)


@given(st.integers(0, 200), st.integers(), fractions, fractions, fractions)
def test_every_event_is_dropped_or_told_once_or_twice(
    count: int, seed: int, twice: float, late: float, never: float
) -> None:
    made = make_deliveries(count, seed, twice=twice, late=late, never=never)
    times = Counter(delivery.told for delivery in made.sent)
    assert sorted([*times, *made.dropped]) == list(range(count))
    assert len(made.dropped) == round(count * never)
    assert sum(each == 2 for each in times.values()) == round(len(times) * twice)
    assert max(times.values(), default=1) <= 2


@given(st.integers(0, 200), st.integers(), fractions)
def test_deliveries_come_in_the_order_of_time_and_as_many_are_late_as_told(count: int, seed: int, late: float) -> None:
    sent = make_deliveries(count, seed, late=late).sent
    waits = [delivery.after for delivery in sent]
    assert waits == sorted(waits)
    assert sum(wait > MINUTE for wait in waits) == round(len(sent) * late)
    assert all(timedelta(0) <= wait <= LATEST for wait in waits)


@given(st.integers(0, 50), st.integers())
def test_a_seed_gives_the_same_again(count: int, seed: int) -> None:
    assert make_deliveries(count, seed) == make_deliveries(count, seed)


def test_the_order_and_the_choice_are_the_seeds() -> None:
    one, other = make_deliveries(100, 1, never=0.1), make_deliveries(100, 2, never=0.1)
    assert [each.told for each in one.sent] != sorted(each.told for each in one.sent)
    assert [each.told for each in one.sent] != [each.told for each in other.sent]
    assert one.dropped != other.dropped
