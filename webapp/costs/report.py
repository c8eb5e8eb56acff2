"""What the page of costs tells, as values ready to be written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.conf import settings

from . import cap, plot, prices
from .estimates import average
from .models import Pause, Use
from .prices import KINDS, Price, PriceTable, Quantities, by_kind, price
from .spending import month_of

MONTHS = 12
PEOPLE = 20
THOUSAND = 1000


@dataclass(frozen=True)
class Line:
    """Money for something, and how much of it per 1,000 photos; None where there were no photos."""

    name: str
    dollars: Decimal
    photos: int = 0
    amount: float = 0
    share: Decimal = Decimal(0)
    price: Price | None = None

    @property
    def per_thousand(self) -> Decimal | None:
        return self.dollars * THOUSAND / self.photos if self.photos else None


@dataclass(frozen=True)
class Report:
    """All money in dollars. `months` end with this one, and those of which nothing is known cost nothing."""

    month: date
    this_month: Line
    kinds: list[Line]
    people: list[Line]
    months: list[Line]
    plot: plot.Plot
    cap: Decimal | None
    under_way: Decimal
    typical: Decimal
    pause: Pause | None
    waiting: int
    prices: PriceTable

    @property
    def newest_first(self) -> list[Line]:
        return self.months[::-1]

    @property
    def of_cap(self) -> int:
        """How much of the cap is spent, in percent."""
        return round(self.this_month.dollars * 100 / self.cap) if self.cap else 0


def make(now: datetime) -> Report:
    month = month_of(now)
    used, photos = Use.objects.in_month(month).totals()
    months = _months(month)
    return Report(
        month=month,
        this_month=Line(f"{month:%B %Y}", price(used), photos),
        kinds=_kinds(used, photos),
        people=_people(month),
        months=months,
        plot=plot.make([(line.name, line.dollars) for line in months], limit=settings.MONTHLY_COST_CAP),
        cap=settings.MONTHLY_COST_CAP,
        under_way=cap.under_way(),
        typical=average() * THOUSAND,
        pause=cap.current(),
        waiting=cap.waiting().count(),
        prices=prices.table(),
    )


def _kinds(used: Quantities, photos: int) -> list[Line]:
    """By what it was for, in the order of the table of prices."""
    dollars, table = by_kind(used), prices.table().prices
    total = sum(dollars.values()) or Decimal(1)
    return [
        Line(table[kind].title, dollars[kind], photos, getattr(used, kind), dollars[kind] / total, table[kind])
        for kind in KINDS
    ]


def _people(month: date) -> list[Line]:
    found = Use.objects.in_month(month).by_person(limit=PEOPLE)
    return [Line(email, price(used), photos) for email, used, photos in found]


def _months(last: date) -> list[Line]:
    known = {month: (used, photos) for month, used, photos in Use.objects.by_month(since=_back(last, MONTHS - 1))}
    wanted = [_back(last, ago) for ago in reversed(range(MONTHS))]
    nothing = (Quantities(), 0)
    return [
        Line(f"{month:%b %Y}", price(known.get(month, nothing)[0]), known.get(month, nothing)[1]) for month in wanted
    ]


def _back(month: date, months: int) -> date:
    """The first day of the month so many months before."""
    number = month.year * 12 + month.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)
