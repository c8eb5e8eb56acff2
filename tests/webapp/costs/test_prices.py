"""Money, computed by hand."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from pipeline_lambdas.photo_pipeline import contract
from webapp.costs import prices
from webapp.costs.prices import KINDS, US_EAST_1, Quantities, price

USAGE = contract.Usage(
    requests={
        "SFN.StartExecution": 1,
        "S3.GetObject": 1,
        "S3.PutObject": 3,
        "S3.DeleteObject": 9,
        "Rekognition.DetectLabels": 1,
        "Rekognition.DetectFaces": 1,
        "DynamoDB.UpdateItem": 9,
    },
    read_units=4.0,
    write_units=20.0,
    invocations=4,
    gb_seconds=2.0,
    transitions=6,
)


@pytest.fixture(autouse=True)
def _table_is_read_anew() -> Any:
    yield
    prices.table.cache_clear()


def test_the_use_of_a_photo_has_the_price_that_a_calculator_gives() -> None:
    by_hand = (
        Decimal("0.0000266668")  # 2 GB-seconds
        + Decimal("0.0000008")  # 4 calls of functions
        + Decimal("0.00015")  # 6 transitions
        + Decimal("0.0000005")  # 4 units read
        + Decimal("0.0000125")  # 20 units written
        + Decimal("0.000015")  # 3 objects put
        + Decimal("0.0000004")  # 1 got
        + Decimal("0.002")  # 2 questions to Rekognition
    )
    assert price(USAGE, US_EAST_1) == by_hand == Decimal("0.0022058668")


@pytest.mark.parametrize(
    ("used", "dollars"),
    [
        (Quantities(), "0"),
        (Quantities(labels=1000), "1"),
        (Quantities(mails=6_250), "1"),
        (Quantities(site_mails=6_250), "1"),
        (Quantities(transitions=40_000), "1"),
        (Quantities(write_units=1_600_000), "1"),
        (Quantities(read_units=8_000_000), "1"),
        (Quantities(s3_writes=200_000), "1"),
        (Quantities(s3_reads=2_500_000), "1"),
        (Quantities(lambda_requests=5_000_000), "1"),
        (Quantities(lambda_gb_seconds=75_000), "1.000005"),
        (Quantities(sms=100), "0.581"),
        (Quantities(site_sms=100), "0.581"),
    ],
)
def test_so_much_of_one_kind_has_a_round_price(used: Quantities, dollars: str) -> None:
    assert price(used, US_EAST_1) == Decimal(dollars)


def test_every_kind_has_a_price_and_says_where_it_is_from() -> None:
    assert set(US_EAST_1.prices) == set(KINDS)
    assert all(each.page.startswith("https://aws.amazon.com/") for each in US_EAST_1.prices.values())
    assert all(each.checked for each in US_EAST_1.prices.values())
    assert US_EAST_1.prices["lambda_gb_seconds"].estimate


def test_a_file_gives_the_prices_of_another_region(settings: Any, tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text('{"region": "eu-central-1", "date": "2026-10-01", "prices": {"labels": 0.0012}}')
    settings.COST_PRICES_FILE = str(file)
    assert (prices.table().region, prices.table().date) == ("eu-central-1", "2026-10-01")
    assert price(Quantities(labels=10, faces=10)) == Decimal("0.012") + Decimal("0.01")


def test_what_the_site_sends_costs_what_notices_cost_unless_the_file_says_otherwise(
    settings: Any, tmp_path: Path
) -> None:
    file = tmp_path / "prices.json"
    file.write_text(
        '{"region": "eu-central-1", "date": "2026-10-01", "prices": {"mails": 0.1, "sms": 1, "site_sms": 2}}'
    )
    settings.COST_PRICES_FILE = str(file)
    used = (Quantities(mails=1), Quantities(site_mails=1), Quantities(sms=1), Quantities(site_sms=1))
    assert [price(each) for each in used] == [Decimal("0.1"), Decimal("0.1"), 1, 2]


@pytest.mark.parametrize("told", ["", "[]", json.dumps({"region": "x", "date": "y", "prices": {"lables": 1}})])
def test_a_file_that_holds_no_prices_is_said_and_not_passed_over(settings: Any, tmp_path: Path, told: str) -> None:
    (tmp_path / "prices.json").write_text(told)
    settings.COST_PRICES_FILE = str(tmp_path / "prices.json")
    with pytest.raises(ImproperlyConfigured, match="COST_PRICES_FILE"):
        prices.table()
