"""What AWS charges for what the pipeline uses: a table with its date, and a pure function from use to money.

The prices are list prices of US East (N. Virginia) in US dollars, of the first tier, without free tiers, taxes and
discounts. For another region name a JSON file in COST_PRICES_FILE: `{"region": …, "date": …, "prices": {kind: dollars
for one}}`; what it leaves out stays as it is here, but for what the site itself sends: that costs what notices cost. A
kind is a field of `Quantities`.
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
    site_mails: float = 0
    site_sms: float = 0


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
    """Dollars for one; how AWS tells it, on which page, and where and when it was `checked`. `estimate` says why what
    it is multiplied with is not exactly what AWS charges for, empty where it is."""

    dollars: Decimal
    title: str
    told: str
    page: str
    estimate: str = ""
    checked: str = ""


@dataclass(frozen=True)
class PriceTable:
    region: str
    date: str
    prices: Mapping[str, Price]


_LAMBDA, _DYNAMODB = "https://aws.amazon.com/lambda/pricing/", "https://aws.amazon.com/dynamodb/pricing/on-demand/"
_S3, _REKOGNITION = "https://aws.amazon.com/s3/pricing/", "https://aws.amazon.com/rekognition/pricing/"
_STEPS, _SES = "https://aws.amazon.com/step-functions/pricing/", "https://aws.amazon.com/ses/pricing/"
_SMS = "https://aws.amazon.com/end-user-messaging/pricing/"
_REFUSED = "Requests that AWS refused are counted too."
_SENT = "Those that AWS took: one whose answer got lost is not counted."
_INFRACOST = "Infracost's copy of AWS's price list, of before November 2024"
_OF_REKOGNITION = "quoted from AWS's page on 2026-10-07"
_OF_SMS = "as remembered, and as others quote it in 2025; not found at AWS"
_PARTS = "Prices differ by country; the carrier's fee comes on top, and one part a message is counted."
_MAIL, _MESSAGE = Decimal("0.00016"), Decimal("0.00581")
_TOLD_OF_MAIL, _TOLD_OF_SMS = "$0.16 per 1,000 mails (Essentials)", "$0.00581 per message part to the United States"
_OF_MAIL = "quoted from AWS's price list of 2026-07-22; à la carte, for accounts of before, it is $0.10"
US_EAST_1 = PriceTable(
    region="us-east-1",
    date="2026-11-23",
    prices={
        "lambda_gb_seconds": Price(
            Decimal("0.0000133334"), "Lambda, time", "$0.0000133334 per GB-second (Arm)", _LAMBDA,
            "By the functions' own clocks: without the start of their processes, and without tries that failed.",
            _INFRACOST,
        ),
        "lambda_requests": Price(
            Decimal("0.0000002"), "Lambda, calls", "$0.20 per 1 million", _LAMBDA, "Without tries that failed.",
            _INFRACOST,
        ),
        "transitions": Price(
            Decimal("0.000025"), "Step Functions", "$0.025 per 1,000 state transitions", _STEPS,
            "By the path of each run, with tries that were made again; of a step that failed for good only the first.",
            "AWS's page, a copy without a date",
        ),
        "read_units": Price(
            Decimal("0.000000125"), "DynamoDB, reads", "$0.125 per 1 million read units", _DYNAMODB, "",
            "halved in November 2024, as AWS's blog says; the price as others quote it in 2025",
        ),
        "write_units": Price(
            Decimal("0.000000625"), "DynamoDB, writes", "$0.625 per 1 million write units", _DYNAMODB,
            "A run's last write is noted by itself, so its size is computed.",
            "halved in November 2024, as AWS's blog says; the price as others quote it in 2025",
        ),
        "s3_writes": Price(Decimal("0.000005"), "S3, writes", "$0.005 per 1,000 PUT requests", _S3, "", _INFRACOST),
        "s3_reads": Price(Decimal("0.0000004"), "S3, reads", "$0.0004 per 1,000 GET requests", _S3, "", _INFRACOST),
        "labels": Price(
            Decimal("0.001"), "Rekognition, labels", "$1.00 per 1,000 images", _REKOGNITION, _REFUSED, _OF_REKOGNITION
        ),
        "faces": Price(
            Decimal("0.001"), "Rekognition, faces", "$1.00 per 1,000 images", _REKOGNITION, _REFUSED, _OF_REKOGNITION
        ),
        "moderation": Price(
            Decimal("0.001"), "Rekognition, moderation", "$1.00 per 1,000 images", _REKOGNITION, _REFUSED,
            _OF_REKOGNITION,
        ),
        "mails": Price(_MAIL, "Mails of notices", _TOLD_OF_MAIL, _SES, _REFUSED, _OF_MAIL),
        "sms": Price(_MESSAGE, "SMS of notices", _TOLD_OF_SMS, _SMS, _PARTS, _OF_SMS),
        "site_mails": Price(_MAIL, "Mails of the site", _TOLD_OF_MAIL, _SES, _SENT, _OF_MAIL),
        "site_sms": Price(_MESSAGE, "SMS of the site", _TOLD_OF_SMS, _SMS, f"{_PARTS} {_SENT}", _OF_SMS),
    },
)  # fmt: skip
ALIKE = {"site_mails": "mails", "site_sms": "sms"}  # the same services, at the same prices


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
    prices, given = dict(US_EAST_1.prices), dict(told["prices"])
    given |= {kind: given[like] for kind, like in ALIKE.items() if like in given and kind not in given}
    for kind, dollars in given.items():
        one = Decimal(str(dollars))
        prices[kind] = replace(prices[kind], dollars=one, told=f"${one:f} for one", checked="COST_PRICES_FILE")
    return PriceTable(str(told["region"]), str(told["date"]), prices)


def price(used: Quantities | contract.Usage, prices: PriceTable | None = None) -> Decimal:
    """Dollars for what was used, by this installation's table or another."""
    return sum(by_kind(used, prices).values(), Decimal(0))


def by_kind(used: Quantities | contract.Usage, prices: PriceTable | None = None) -> dict[str, Decimal]:
    """Dollars for each kind of what was used."""
    amounts = quantities(used) if isinstance(used, contract.Usage) else used
    table_of = (prices or table()).prices
    return {kind: Decimal(str(getattr(amounts, kind))) * table_of[kind].dollars for kind in KINDS}
