"""What relabelling photos costs and how long it takes, before it is begun."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from .conf import runs_at_once

# Dollars, eu-west-1, from the price pages of AWS; the first million calls of a month are the dearest.
PRICED_AT = date(2026, 11, 1)
DETECT_LABELS = 0.001
LAMBDA_REQUEST = 0.20 / 1_000_000
LAMBDA_GB_SECOND = 0.0000133334  # arm64
TRANSITION = 0.025 / 1_000
TABLE_UNIT = 1.25 / 1_000_000

# A run that looks for labels anew: three functions, of which one waits for Rekognition.
GB_SECONDS = 1.2
TRANSITIONS = 6
TABLE_UNITS = 14
RUN_SECONDS = 2.0


@dataclass(frozen=True)
class Estimate:
    """Photos, seconds, dollars, and the day of the prices. The most it can be: identical photos of a person are asked
    about once."""

    photos: int
    seconds: int
    dollars: float
    priced_at: str


def estimate(photos: int) -> Estimate:
    """What it takes to relabel so many photos."""
    seconds = round(photos * RUN_SECONDS / runs_at_once())
    return Estimate(photos, seconds, round(photos * dollars_each(), 4), PRICED_AT.isoformat())


def dollars_each() -> float:
    """What one photo costs."""
    each = DETECT_LABELS + 3 * LAMBDA_REQUEST + GB_SECONDS * LAMBDA_GB_SECOND
    return each + TRANSITIONS * TRANSITION + TABLE_UNITS * TABLE_UNIT
