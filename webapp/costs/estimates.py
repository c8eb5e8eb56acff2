"""What photos will cost, going by those that were there."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from . import prices
from .models import Use
from .prices import Quantities
from .spending import month_of

ENOUGH = 20
# What a photo of 12 megapixels used that was asked all three questions, in a batch of fifty: for as long as fewer than
# `ENOUGH` are known.
TYPICAL = Quantities(
    lambda_gb_seconds=1.5, lambda_requests=4, transitions=6, read_units=3, write_units=22,
    s3_writes=3, s3_reads=1, labels=1, faces=1, moderation=1, mails=0.02,
)  # fmt: skip


def estimate(photos: int) -> Decimal:
    """About how many dollars it takes to process so many photos: the average of this month and the one before."""
    return photos * average()


def average() -> Decimal:
    """Dollars a photo, by the first run of each: a campaign over photos of earlier months makes no new one dearer."""
    this_month = month_of(timezone.now())
    used, count = Use.objects.filter(month__gte=month_of_before(this_month), photos__gt=0).totals()
    return prices.price(used) / count if count >= ENOUGH else prices.price(TYPICAL)


def month_of_before(month: date) -> date:
    """The first day of the month before."""
    return (month - timedelta(days=1)).replace(day=1)
