"""Lines over time, as numbers that a template draws in SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from webapp.photos.models import Status

from .models import Snapshot

WIDTH, HEIGHT = 300, 72
HOURS, DAYS = 48, 60


@dataclass(frozen=True)
class Plot:
    """One line: what it is about, its values with their moments, oldest first, and its corners in a box of WIDTH by
    HEIGHT, from nothing at the bottom to the most at the top."""

    title: str
    status: str
    values: list[tuple[datetime, int]]
    points: str

    @property
    def last(self) -> int:
        return self.values[-1][1]

    @property
    def most(self) -> int:
        return max(value for _, value in self.values)


def by_hour(snapshots: Sequence[Snapshot]) -> list[Plot]:
    """How many photos stood where, over the last two days."""
    since = timezone.now() - timedelta(hours=HOURS)
    return _plots([each for each in snapshots if each.at >= since])


def by_day(snapshots: Sequence[Snapshot]) -> list[Plot]:
    """The same over the last weeks, as each day ended."""
    return _plots(list({each.at.date(): each for each in snapshots}.values()))


def _plots(snapshots: list[Snapshot]) -> list[Plot]:
    if len(snapshots) < 2:
        return []
    lines = [
        (str(status.label), status.value, [each.counts.get(status.value, 0) for each in snapshots]) for status in Status
    ]
    lines.append(("Dead letters", "failed", [each.dead_letters or 0 for each in snapshots]))
    moments = [each.at for each in snapshots]
    return [
        Plot(title, status, list(zip(moments, values, strict=True)), _points(moments, values))
        for title, status, values in lines
    ]


def as_rows(lines: list[Plot]) -> list[tuple[datetime, list[int]]]:
    """The values of all lines at each moment, newest first."""
    moments = [at for at, _ in lines[0].values] if lines else []
    columns = zip(*([value for _, value in line.values] for line in lines), strict=True)
    return list(zip(moments, map(list, columns), strict=True))[::-1]


def _points(moments: list[datetime], values: Iterable[int]) -> str:
    numbers = list(values)
    most, first, whole = max(*numbers, 1), moments[0], (moments[-1] - moments[0]).total_seconds()
    return " ".join(
        f"{(at - first).total_seconds() / whole * WIDTH:.1f},{HEIGHT - value / most * HEIGHT:.1f}"
        for at, value in zip(moments, numbers, strict=True)
    )
