"""What relabelling photos costs and how long it takes, before it is begun."""

from __future__ import annotations

from dataclasses import dataclass, replace

from webapp.costs import prices

from .conf import runs_at_once

# A run that looks for labels anew: three functions, of which one waits for Rekognition, and nothing is drawn.
EACH = prices.Quantities(
    lambda_gb_seconds=1.2, lambda_requests=3, transitions=6, read_units=4, write_units=14, labels=1
)
RUN_SECONDS = 2.0


@dataclass(frozen=True)
class Estimate:
    """Photos, seconds, dollars, the day of the prices, and whether Rekognition is asked about each. The most it can be,
    if it is: identical photos of a person are asked about once."""

    photos: int
    seconds: int
    dollars: float
    priced_at: str
    asks: bool = True


def estimate(photos: int, *, asks: bool = True) -> Estimate:
    """What it takes to relabel so many photos, with answers of Rekognition or those that are kept."""
    seconds = round(photos * RUN_SECONDS / runs_at_once())
    return Estimate(photos, seconds, round(photos * dollars_each(asks=asks), 4), prices.table().date, asks)


def dollars_each(*, asks: bool = True) -> float:
    """What one photo costs."""
    return float(prices.price(EACH if asks else replace(EACH, labels=0)))
