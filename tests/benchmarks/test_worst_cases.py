from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.memory import make
from benchmarks.worst_cases import CASES
from pipeline_lambdas.photo_pipeline.contract import MAX_PIXELS
from pipeline_lambdas.photo_pipeline.inspection import inspect

NAMES_OF_FORMATS = {"HEIC": "HEIF"}


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_of_the_format_that_its_name_says(name: str, tmp_path: Path) -> None:
    facts = inspect(make(name, tmp_path, small=True).read_bytes())
    announced = name.split()[0].upper()
    assert (facts.format, facts.width, facts.height) == (NAMES_OF_FORMATS.get(announced, announced), 640, 480)


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_as_large_as_its_name_says(name: str) -> None:
    _, (width, height) = CASES[name]
    assert round(width * height / 1e6) == int(name.split()[1])
    assert (width * height > MAX_PIXELS) == ("400" in name)
