from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from webapp.photos.facts import _exposure
from webapp.photos.templatetags.moments import moment


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=20), ">Just now<"),
        (timedelta(minutes=3, seconds=5), ">3\xa0minutes ago<"),
        (timedelta(hours=5, minutes=2), ">5\xa0hours ago<"),
    ],
)
def test_a_time_within_a_day_is_told_from_now(age: timedelta, words: str) -> None:
    assert words in moment(timezone.now() - age)


def test_an_older_time_is_a_date_with_the_exact_time_behind_it() -> None:
    told = moment(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert ">2 January 2026<" in told
    assert 'title="2 January 2026, 03:04:05 UTC"' in told


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.0, ""), (0.008, "1/125 s"), (1 / 60, "1/60 s"), (0.5, "0.5 s"), (30.0, "30 s")]
)
def test_an_exposure_is_told_as_photographers_do(seconds: float, words: str) -> None:
    assert _exposure(seconds) == words
