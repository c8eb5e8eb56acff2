"""The months of a timeline, to jump to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.db.models import CharField, Count, Func
from django.utils import timezone

from webapp.photos.models import cursor_of
from webapp.photos.selection import Selection


@dataclass(frozen=True)
class MonthLink:
    """A month that has photos; `address` is the gallery from its last day back."""

    first: date
    count: int
    address: str


@dataclass(frozen=True)
class Year:
    year: int
    months: list[MonthLink]


class MonthOf(Func):
    """A moment's "2024-05". The database counts months itself: Django's TruncMonth would ask Python for every row of
    SQLite, which takes ten times as long."""

    output_field = CharField()

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> Any:
        return self.as_sql(compiler, connection, template="substr(%(expressions)s, 1, 7)")

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        return self.as_sql(compiler, connection, template="to_char(%(expressions)s at time zone 'UTC', 'YYYY-MM')")


def years(owner: Any, selection: Selection) -> list[Year]:
    """The months of a selection by year, newest first."""
    months = selection.photos(owner).order_by().values_list(MonthOf("timeline_at")).annotate(count=Count("pk"))
    links = [_link(selection, month, count) for month, count in sorted(months, reverse=True)]
    return [Year(year, list(some)) for year, some in groupby(links, key=lambda link: link.first.year)]


def _link(selection: Selection, month: str, count: int) -> MonthLink:
    year, number = int(month[:4]), int(month[5:])
    first = date(year, number, 1)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=timezone.get_default_timezone())
    return MonthLink(first, count, selection.address(cursor_of(end)))
