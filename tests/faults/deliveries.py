"""What S3 promises of its events: at least once, in any order, late, or in rare cases never. From a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

Told = TypeVar("Told")


@dataclass(frozen=True)
class Delivery(Generic[Told]):
    """One delivery of an event, so long after the first could have come."""

    after: timedelta
    told: Told


@dataclass(frozen=True)
class Deliveries(Generic[Told]):
    """All of them in the order of time, and the events that are never told."""

    sent: list[Delivery[Told]]
    dropped: list[Told]


def deliver(
    events: Sequence[Told],
    chance: random.Random,
    *,
    twice: float = 0.3,
    late: float = 0.05,
    never: float = 0.0,
    within: timedelta = timedelta(minutes=1),
    late_by: timedelta = timedelta(minutes=15),
) -> Deliveries[Told]:
    """Deliveries of `events`, shuffled. `never` of them are dropped, and of the rest are `twice` told once more: each a
    fraction, rounded. `late` of the deliveries come after `within`, at most `late_by` after."""
    numbers = range(len(events))
    dropped = set(chance.sample(numbers, round(len(events) * never)))
    kept = [number for number in numbers if number not in dropped]
    told = kept + chance.sample(kept, round(len(kept) * twice))
    behind = set(chance.sample(range(len(told)), round(len(told) * late)))
    sent = [
        Delivery(within + late_by * (1 - chance.random()) if at in behind else within * chance.random(), events[number])
        for at, number in enumerate(told)
    ]
    return Deliveries(sorted(sent, key=lambda delivery: delivery.after), [events[number] for number in sorted(dropped)])
