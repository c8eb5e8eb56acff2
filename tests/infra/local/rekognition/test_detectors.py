from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from infra.local.rekognition.detectors import LabelDetector, entropy, softmax, view_boxes
from infra.local.rekognition.label_table import LabelTable, load_label_table

from .conftest import opened

TABLE = load_label_table()
A_PHOTO = opened("coffee.jpg")


def confidences(detector: LabelDetector, image: Image.Image) -> dict[str, float]:
    return {one.label.name: one.confidence for one in detector.detect(image)}


class FixedSession:
    """A model that always answers with the same logits."""

    def __init__(self, logits: np.ndarray) -> None:
        self._logits = logits.astype(np.float32)

    def run(self, _outputs: object, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        return [np.tile(self._logits, (len(feeds["pixels"]), 1))]


def detector_sure_of(table: LabelTable, *classes: str) -> LabelDetector:
    logits = np.zeros(1000)
    logits[[table.classes.index(name) for name in classes]] = 10
    return LabelDetector(FixedSession(logits), table)


def test_a_cat_is_a_cat_and_an_animal(detector: LabelDetector) -> None:
    found = confidences(detector, opened("chelsea.jpg"))
    assert found["Cat"] > 80
    assert found["Animal"] >= found["Mammal"] >= found["Cat"]


def test_coffee_is_a_beverage(detector: LabelDetector) -> None:
    assert confidences(detector, opened("coffee.jpg"))["Beverage"] > 80


def test_a_photo_that_shows_nothing_has_no_labels(detector: LabelDetector) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (300, 400, 3), np.uint8)
    assert [one.label.name for one in detector.detect(Image.fromarray(noise), 55)] == []


def test_a_photo_among_too_many_classes_has_no_labels_at_all(table: LabelTable) -> None:
    clueless = LabelDetector(FixedSession(np.zeros(1000)), table)
    assert clueless.detect(A_PHOTO) == []


def test_a_parent_is_as_sure_as_its_classes_together(table: LabelTable) -> None:
    unsure = detector_sure_of(table, "Golden Retriever", "Cocker Spaniel")
    found = confidences(unsure, A_PHOTO)
    assert found["Golden Retriever"] == pytest.approx(50, abs=0.1)
    assert found["Dog"] == pytest.approx(100, abs=0.1)


def test_labels_below_the_least_confidence_are_left_out(table: LabelTable) -> None:
    found = detector_sure_of(table, "Pug", "Beagle").detect(A_PHOTO, 60)
    assert {one.label.name for one in found} == {"Animal", "Canine", "Dog", "Mammal", "Pet"}


def test_the_surest_label_comes_first(detector: LabelDetector) -> None:
    found = detector.detect(opened("chelsea.jpg"))
    assert all(first.confidence >= second.confidence for first, second in pairwise(found))


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 999), st.floats(0, 15)), min_size=1, max_size=8), st.integers(0, 2**32 - 1))
def test_no_label_is_surer_than_its_parents_or_than_certain(seen: list[tuple[int, float]], seed: int) -> None:
    logits = np.random.default_rng(seed).normal(size=1000)
    for number, logit in seen:
        logits[number] += logit
    found = confidences(LabelDetector(FixedSession(logits), TABLE), A_PHOTO)
    for name, confidence in found.items():
        assert 0 <= confidence <= 100
        assert all(found[parent] >= confidence for parent in TABLE.labels[name].parents)


@given(st.integers(80, 10_000), st.integers(80, 10_000))
def test_views_are_squares_inside_the_photo(width: int, height: int) -> None:
    boxes = view_boxes(width, height)
    assert 2 <= len(boxes) <= 6
    for left, top, right, bottom in boxes:
        assert right - left == pytest.approx(bottom - top)
        assert left >= 0
        assert top >= 0
        assert right <= width + 1e-6
        assert bottom <= height + 1e-6


@pytest.mark.parametrize(("width", "height"), [(300, 100), (100, 300)])
def test_a_long_photo_is_seen_from_end_to_end(width: int, height: int) -> None:
    boxes = view_boxes(width, height)
    assert (min(box[0] for box in boxes), min(box[1] for box in boxes)) == (0, 0)
    assert (max(box[2] for box in boxes), max(box[3] for box in boxes)) == (width, height)


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=20))
def test_softmax_gives_probabilities_whose_entropy_is_at_most_even(logits: list[float]) -> None:
    probabilities = softmax(np.array(logits))
    assert probabilities.sum() == pytest.approx(1)
    assert -1e-6 <= entropy(probabilities) <= np.log(len(logits)) + 1e-6
