from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from benchmarks.lighthouse import audit, photos, weights
from tests.conftest import PHOTOS

STATIC = "http://127.0.0.1:8001/static"


def make_report(*, performance: float = 0.97, contrast: int = 1, urls: tuple[str, ...] = ()) -> dict[str, Any]:
    """What matters of Lighthouse's report, in its own shape."""
    category = {"score": 1, "auditRefs": [{"id": "color-contrast", "weight": 7}, {"id": "hints", "weight": 0}]}
    audits = {name: {"id": name, "title": name, "score": 1, "numericValue": 900.0} for name in audit.METRICS}
    audits["color-contrast"] = {"id": "color-contrast", "title": "Too faint", "score": contrast}
    audits["hints"] = {"id": "hints", "title": "A hint", "score": 0}
    audits["network-requests"] = {"details": {"items": [{"url": url} for url in urls]}}
    categories = dict.fromkeys(audit.CATEGORIES, category) | {"performance": {**category, "score": performance}}
    return {"categories": categories, "audits": audits, "environment": {"benchmarkIndex": 2000}}


def test_of_several_runs_the_median_counts() -> None:
    scores = audit.summed_up("gallery", [make_report(performance=points) for points in (0.6, 0.96, 0.98)])
    assert scores.points["performance"] == 96
    assert scores.too_low() == []


def test_a_page_below_what_is_asked_for_is_named_with_what_it_has() -> None:
    scores = audit.summed_up("gallery", [make_report(performance=0.94)])
    assert scores.too_low() == ["gallery: performance is 94, and must be 95."]


def test_what_costs_points_is_told_from_any_run_and_hints_are_not() -> None:
    scores = audit.summed_up("gallery", [make_report(), make_report(contrast=0)])
    assert scores.complaints == ["color-contrast: Too faint"]


def test_our_own_files_are_found_under_their_hashed_names() -> None:
    files = ("css/gallery.82fa751bb9c2.css", "js/upload-files.84d9365454b2.js", "js/htmx-2.0.11.min.3d6553be6735.js")
    report = make_report(urls=(*(f"{STATIC}/{each}" for each in files), f"{STATIC}/img/icons.431c1d8e64ab.svg"))
    own = audit.summed_up("gallery", [report]).own_files
    assert own == ["css/gallery.css", "js/upload-files.js"]
    assert set(own) <= set(weights.own_files())


def test_all_our_scripts_and_styles_together_stay_below_40_kb_compressed() -> None:
    assert len(weights.own_files()) > 10
    assert weights.compressed(weights.own_files()) <= 40_000


def test_a_gallery_is_filled_with_photos_that_are_all_different() -> None:
    made = photos.cuttings(PHOTOS, 5)
    assert len(set(made.values())) == 5
    assert {Image.open(io.BytesIO(each)).size[0] for each in made.values()} == {1800, 2400}


def test_a_folder_without_a_photo_is_said_to_have_none(tmp_path: Any) -> None:
    (tmp_path / "notes.txt").write_text("no photo")
    with pytest.raises(ValueError, match="There is no photo in"):
        photos.cuttings(tmp_path, 1)
