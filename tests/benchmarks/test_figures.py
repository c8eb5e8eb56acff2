from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.figures import differences, figure_rows, peak_rows, ratio_rows, ratios, table
from benchmarks.measure import Figures, Results, find_photos
from benchmarks.shipped import NAMES
from tests import photo_files


def make_figures(**overrides: object) -> Figures:
    values = {
        "cpu": 0.1,
        "wall": 0.2,
        "bytes": dict.fromkeys(NAMES, 1000),
        "ssim": dict.fromkeys(NAMES, 0.98),
        "peak": 50_000_000,
    }
    return Figures(**{**values, **overrides})  # type: ignore[arg-type]


def make_results(*pairs: tuple[Figures, Figures]) -> Results:
    figures = {f"{at}.jpg": {"ours": ours, "theirs": theirs} for at, (ours, theirs) in enumerate(pairs)}
    return Results(versions={"ours": "1", "theirs": "2"}, figures=figures, left_out={})


def test_ratios_are_taken_photo_by_photo() -> None:
    results = make_results(
        (make_figures(cpu=0.1), make_figures(cpu=0.2)), (make_figures(cpu=0.9), make_figures(cpu=0.3))
    )
    assert ratios(results, "ours", "theirs", lambda each: each.cpu) == pytest.approx([0.5, 3.0])


def test_a_twice_and_a_half_as_slow_photo_cancel_out() -> None:
    results = make_results(
        (make_figures(cpu=0.2), make_figures(cpu=0.1)), (make_figures(cpu=0.1), make_figures(cpu=0.2))
    )
    (row,) = ratio_rows(results, "ours")
    assert row[:3] == ["theirs", "1.000", "1.250"]


def test_bytes_of_all_renditions_are_compared() -> None:
    lighter = make_figures(bytes={**dict.fromkeys(NAMES, 1000), NAMES[0]: 400})
    (row,) = ratio_rows(make_results((lighter, make_figures())), "ours")
    assert row[5] == "0.800"


def test_the_least_ssim_difference_is_shown_beside_the_mean() -> None:
    worse, better = make_figures(ssim=dict.fromkeys(NAMES, 0.96)), make_figures(ssim=dict.fromkeys(NAMES, 0.99))
    results = make_results((worse, make_figures()), (better, make_figures()))
    assert differences(results, "ours", "theirs", NAMES[0]) == pytest.approx([-0.02, 0.01])
    assert ratio_rows(results, "ours")[0][6] == "-0.0050 (-0.0200)"


def test_times_are_medians_and_sizes_are_means() -> None:
    light = make_figures(cpu=0.1, bytes=dict.fromkeys(NAMES, 1000))
    heavy = make_figures(cpu=0.9, bytes=dict.fromkeys(NAMES, 4000))
    row = figure_rows(make_results((light, light), (light, light), (heavy, heavy)))[0]
    assert row[:4] == ["ours", "100", "200", "2.0"]


def test_the_largest_peak_is_shown() -> None:
    results = make_results((make_figures(peak=30_000_000), make_figures(peak=None)), (make_figures(),) * 2)
    assert peak_rows(results)[0] == ["ours", "40", "50"]


def test_a_table_lines_up() -> None:
    assert table(("a", "long heading"), [["first", "1"]]) == (
        "| a     | long heading |\n| ----- | ------------ |\n| first |            1 |"
    )


def test_what_is_no_photo_is_named(tmp_path: Path) -> None:
    (tmp_path / "photo.txt").write_bytes((photo_files.PHOTOS / "chelsea.jpg").read_bytes())
    (tmp_path / "notes.jpg").write_bytes(photo_files.text_named_jpg())
    photos, left_out = find_photos(tmp_path)
    assert [path.name for path in photos] == ["photo.txt"]
    assert left_out == {"notes.jpg": "not a photo"}
