"""What AWS charges for what the pipeline uses: a table with its date, and a pure function from use to money.

The prices are list prices of US East (N. Virginia) in US dollars, of the first tier, without free tiers, taxes and
discounts. For another region name a JSON file in COST_PRICES_FILE: `{"region": …, "date": …, "prices": {kind: dollars
for one}}`; what it leaves out stays as it is here. A kind is a field of `Quantities`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from pipeline_lambdas.photo_pipeline import contract


@dataclass(frozen=True)
class Quantities:
    """How much was used of each kind that has a price."""

    lambda_gb_seconds: float = 0
    lambda_requests: float = 0
    transitions: float = 0
    read_units: float = 0
    write_units: float = 0
    s3_writes: float = 0
    s3_reads: float = 0
    labels: float = 0
    faces: float = 0
    moderation: float = 0
    mails: float = 0
    sms: float = 0


KINDS = tuple(field.name for field in fields(Quantities))
REQUESTS = {
    "s3_writes": ("S3.PutObject", "S3.CopyObject", "S3.ListObjectsV2"),  # to delete costs nothing
    "s3_reads": ("S3.GetObject", "S3.HeadObject"),
    "labels": ("Rekognition.DetectLabels",),
    "faces": ("Rekognition.DetectFaces",),
    "moderation": ("Rekognition.DetectModerationLabels",),
    "mails": ("SESv2.SendEmail",),
    "sms": ("SNS.Publish",),
}


def quantities(usage: contract.Usage) -> Quantities:
    """What of a run's or a notice's use has a price."""
    counted = {kind: sum(usage.requests.get(name, 0) for name in names) for kind, names in REQUESTS.items()}
    return Quantities(
        lambda_gb_seconds=usage.gb_seconds,
        lambda_requests=usage.invocations,
        transitions=usage.transitions,
        read_units=usage.read_units,
        write_units=usage.write_units,
        **counted,
    )


@dataclass(frozen=True)
class Price:
    """Dollars for one; how AWS tells it, and on which page. `estimate` says why what it is multiplied with is not
    exactly what AWS charges for, empty where it is."""

    dollars: Decimal
    title: str
    told: str
    page: str
    estimate: str = ""


@dataclass(frozen=True)
class PriceTable:
    region: str
    date: str
    prices: Mapping[str, Price]


_LAMBDA, _DYNAMODB = "https://aws.amazon.com/lambda/pricing/", "https://aws.amazon.com/dynamodb/pricing/on-demand/"
_S3, _REKOGNITION = "https://aws.amazon.com/s3/pricing/", "https://aws.amazon.com/rekognition/pricing/"
_REFUSED = "Requests that AWS refused are counted too."
US_EAST_1 = PriceTable(
    region="us-east-1",
    date="2026-11-23",
    prices={
        "lambda_gb_seconds": Price(
            Decimal("0.0000133334"), "Lambda, time", "$0.0000133334 per GB-second (Arm)", _LAMBDA,
            "By the functions' own clocks: without the start of their processes, and without tries that failed.",
        ),
        "lambda_requests": Price(
            Decimal("0.0000002"), "Lambda, calls", "$0.20 per 1 million", _LAMBDA, "Without tries that failed."
        ),
        "transitions": Price(
            Decimal("0.000025"), "Step Functions", "$0.025 per 1,000 state transitions",
            "https://aws.amazon.com/step-functions/pricing/", "By the path of each run, without tries that failed.",
        ),
        "read_units": Price(Decimal("0.000000125"), "DynamoDB, reads", "$0.125 per 1 million read units", _DYNAMODB),
        "write_units": Price(
            Decimal("0.000000625"), "DynamoDB, writes", "$0.625 per 1 million write units", _DYNAMODB,
            "A run's last write is noted by itself, so its size is computed.",
        ),
        "s3_writes": Price(Decimal("0.000005"), "S3, writes", "$0.005 per 1,000 PUT requests", _S3),
        "s3_reads": Price(Decimal("0.0000004"), "S3, reads", "$0.0004 per 1,000 GET requests", _S3),
        "labels": Price(Decimal("0.001"), "Rekognition, labels", "$1.00 per 1,000 images", _REKOGNITION, _REFUSED),
        "faces": Price(Decimal("0.001"), "Rekognition, faces", "$1.00 per 1,000 images", _REKOGNITION, _REFUSED),
        "moderation": Price(
            Decimal("0.001"), "Rekognition, moderation", "$1.00 per 1,000 images", _REKOGNITION, _REFUSED
        ),
        "mails": Price(
            Decimal("0.0001"), "Mails", "$0.10 per 1,000 mails", "https://aws.amazon.com/ses/pricing/", _REFUSED
        ),
        "sms": Price(
            Decimal("0.00581"), "SMS", "$0.00581 per message part to the United States",
            "https://aws.amazon.com/end-user-messaging/pricing/",
            "Prices differ by country and carrier; one part a message is counted.",
        ),
    },
)  # fmt: skip


@functools.cache
def table() -> PriceTable:
    """The prices of this installation. Raises ImproperlyConfigured when its file cannot be read as such."""
    path = settings.COST_PRICES_FILE
    if not path:
        return US_EAST_1
    try:
        return _changed(json.loads(Path(path).read_text(), parse_float=Decimal))
    except (OSError, ValueError, KeyError, TypeError, ArithmeticError) as error:
        raise ImproperlyConfigured(f"COST_PRICES_FILE {path} holds no price table: {error!r}") from error


def _changed(told: Mapping[str, Mapping[str, object]]) -> PriceTable:
    prices = dict(US_EAST_1.prices)
    for kind, dollars in told["prices"].items():
        one = Decimal(str(dollars))
        prices[kind] = replace(prices[kind], dollars=one, told=f"${one:f} for one")
    return PriceTable(str(told["region"]), str(told["date"]), prices)


def price(used: Quantities | contract.Usage, prices: PriceTable | None = None) -> Decimal:
    """Dollars for what was used, by this installation's table or another."""
    return sum(by_kind(used, prices).values(), Decimal(0))


def by_kind(used: Quantities | contract.Usage, prices: PriceTable | None = None) -> dict[str, Decimal]:
    """Dollars for each kind of what was used."""
    amounts = quantities(used) if isinstance(used, contract.Usage) else used
    table_of = (prices or table()).prices
    return {kind: Decimal(str(getattr(amounts, kind))) * table_of[kind].dollars for kind in KINDS}
