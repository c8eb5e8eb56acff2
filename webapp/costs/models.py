"""What was used, in SQL: what the records of photos and batches say of it, to be summed.

One row a run and one a notice, by the month in which it ended, and one a person and month for what the site itself has
sent them. A photo that goes, or a person, leaves its rows to one of the month that does not say whose it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, FloatField, Sum, Value
from django.db.models.functions import Cast

from webapp.costs import prices
from webapp.costs.prices import KINDS, Quantities


class UseQuerySet(models.QuerySet["Use"]):
    def in_month(self, month: date) -> Self:
        return self.filter(month=month)

    def totals(self) -> tuple[Quantities, int]:
        """What was used in all, and by how many photos."""
        found = self.aggregate(**_sums())
        return _quantities(found), found["sum_photos"]

    def by_month(self, *, since: date) -> list[tuple[date, Quantities, int]]:
        """What was used, and by how many photos, in each month from `since` on that has any, the oldest first."""
        rows = self.filter(month__gte=since).values("month").annotate(**_sums()).order_by("month")
        return [(row["month"], _quantities(row), row["sum_photos"]) for row in rows]

    def by_person(self, *, limit: int) -> list[tuple[str, Quantities, int]]:
        """(address, what was used, photos) of those whose use costs most; what nobody has any more is left out."""
        rows = self.filter(owner__isnull=False).values("owner__email").annotate(**_sums()).annotate(dollars=_dollars())
        top = rows.order_by("-dollars", "owner__email")[:limit]
        return [(row["owner__email"], _quantities(row), row["sum_photos"]) for row in top]


def _sums() -> dict[str, Any]:
    return {f"sum_{name}": Sum(name, default=0) for name in (*KINDS, "photos")}


def _dollars() -> Any:
    """To order by: what counts as money is computed from the sums."""
    table = prices.table().prices
    each = [Cast(F(f"sum_{kind}"), FloatField()) * Value(float(table[kind].dollars)) for kind in KINDS]
    return sum(each[1:], each[0])


def _quantities(row: dict[str, Any]) -> Quantities:
    return Quantities(**{kind: row[f"sum_{kind}"] for kind in KINDS})


class Use(models.Model):
    """What a run of a photo used, what telling about a batch did, what the site sent, or what was used by those gone.
    `key` is the name of the run, or of what else it is; `photos` is 1 in the first row of a photo."""

    key = models.CharField(max_length=80, unique=True)
    month = models.DateField(db_index=True, help_text="Its first day.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    photo = models.ForeignKey("photos.Photo", null=True, blank=True, on_delete=models.SET_NULL, related_name="uses")
    photos = models.PositiveIntegerField(default=0)
    lambda_gb_seconds = models.FloatField(default=0)
    lambda_requests = models.PositiveBigIntegerField(default=0)
    transitions = models.PositiveBigIntegerField(default=0)
    read_units = models.FloatField(default=0)
    write_units = models.FloatField(default=0)
    s3_writes = models.PositiveBigIntegerField(default=0)
    s3_reads = models.PositiveBigIntegerField(default=0)
    labels = models.PositiveBigIntegerField(default=0)
    faces = models.PositiveBigIntegerField(default=0)
    moderation = models.PositiveBigIntegerField(default=0)
    mails = models.PositiveBigIntegerField(default=0)
    sms = models.PositiveBigIntegerField(default=0)
    site_mails = models.PositiveBigIntegerField(default=0)
    site_sms = models.PositiveBigIntegerField(default=0)

    objects = UseQuerySet.as_manager()

    def __str__(self) -> str:
        return self.key

    @property
    def quantities(self) -> Quantities:
        return Quantities(**{kind: getattr(self, kind) for kind in KINDS})


def added(rows: Iterable[Use]) -> dict[str, Any]:
    """The changes that add rows to another one."""
    rows = list(rows)
    return {name: F(name) + sum(getattr(row, name) for row in rows) for name in (*KINDS, "photos")}


class Pause(models.Model):
    """New analysis is paused since the costs of `month` reached `cap`: until the next month, or until the cap is raised
    or taken away. There is one at most, whose id is 1."""

    since = models.DateTimeField()
    until = models.DateTimeField()
    cap = models.DecimalField(max_digits=14, decimal_places=6, help_text="In dollars a month.")
    spent = models.DecimalField(max_digits=14, decimal_places=6, default=Decimal(0))

    def __str__(self) -> str:
        return f"paused until {self.until:%Y-%m-%d}"
