from __future__ import annotations

import pytest

from webapp.photos import clock


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2024-13-40T00:00:00", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"],
)
def test_a_text_that_means_no_moment_in_utc_is_none(text: str) -> None:
    assert clock.parse(text) is None


@pytest.mark.parametrize("zone", ["", "Z", "+02:00", "-11:00"])
def test_what_a_clock_shows_is_held_as_if_it_were_in_utc(zone: str) -> None:
    shown = clock.shown(f"2024-06-01T00:30:00{zone}")
    assert shown is not None
    assert shown.isoformat() == "2024-06-01T00:30:00+00:00"


def test_a_moment_without_a_zone_is_taken_as_utc_and_one_with_a_zone_keeps_it() -> None:
    moments = [clock.parse(text) for text in ("2024-05-12T14:03:11", "2024-05-12T14:03:11+02:00")]
    assert [moment.isoformat() for moment in moments if moment] == [
        "2024-05-12T14:03:11+00:00",
        "2024-05-12T14:03:11+02:00",
    ]
