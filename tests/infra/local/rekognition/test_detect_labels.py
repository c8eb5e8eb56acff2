"""What DetectLabels answers for every combination of its parameters, as AWS documents them."""

from __future__ import annotations

import base64
import threading
from io import BytesIO
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.rekognition.detect_labels import MOST_LABELS, DetectLabels
from infra.local.rekognition.detectors import LabelDetector
from infra.local.rekognition.face_labels import FACE_LABELS
from infra.local.rekognition.faces import Face
from infra.local.rekognition.label_table import load_label_table
from infra.local.rekognition.sources import ImageSource

from . import test_detectors
from .conftest import make_face, opened
from .service_shapes import violations

TABLE = load_label_table()
KNOWN = TABLE.labels | {label.name: label for label in FACE_LABELS}
CATEGORIES = sorted({category for label in KNOWN.values() for category in label.categories})


def make_small_photo() -> dict[str, str]:
    buffer = BytesIO()
    opened("coffee.jpg").resize((120, 90)).save(buffer, "PNG")
    return {"Bytes": base64.b64encode(buffer.getvalue()).decode()}


IMAGE = make_small_photo()


class FixedFaces:
    """Finds the same faces in every photo, and counts how often it was asked."""

    def __init__(self, faces: list[Face]) -> None:
        self.faces, self.asked = faces, 0

    def detect(self, _image: object) -> list[Face]:
        self.asked += 1
        return self.faces


def make_operation(logits: np.ndarray, faces: FixedFaces) -> DetectLabels:
    detector = LabelDetector(test_detectors.FixedSession(logits), TABLE)
    return DetectLabels(detector, faces, ImageSource(SimpleNamespace()), threading.Semaphore())


def ask(logits: np.ndarray, faces: list[Face], **request: Any) -> list[dict[str, Any]]:
    answer = make_operation(logits, FixedFaces(faces))({"Image": IMAGE} | request)
    assert list(violations("DetectLabels", answer)) == []
    return answer["Labels"]


def names(labels: list[dict[str, Any]]) -> list[str]:
    return [label["Name"] for label in labels]


def filters(**lists: list[str]) -> dict[str, Any]:
    return {"GeneralLabels": lists}


@st.composite
def seen(draw: st.DrawFn) -> np.ndarray:
    """Logits: a few classes stand out of noise."""
    logits = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).normal(size=1000) * 0.1
    for number in draw(st.lists(st.integers(0, 999), min_size=1, max_size=4)):
        logits[number] += draw(st.floats(6, 12))
    return logits


faces = st.lists(st.builds(make_face, confidence=st.floats(50, 100)), max_size=3)
label_names = st.lists(st.sampled_from(sorted(KNOWN)), max_size=4) | st.just(["Animal", "Person", "Vehicle", "Food"])
category_names = st.lists(st.sampled_from(CATEGORIES), max_size=3)
confidences = st.floats(0, 100) | st.sampled_from([0, 55, 100])
thorough = settings(max_examples=30)


@thorough
@given(seen(), faces, confidences, st.integers(0, 1500))
def test_the_surest_labels_come_first_none_under_the_least_confidence_and_no_more_than_asked(
    logits: np.ndarray, found: list[Face], least: float, most: int
) -> None:
    labels = ask(logits, found, MinConfidence=least, MaxLabels=most)
    assert len(labels) <= min(most, MOST_LABELS)
    assert all(label["Confidence"] >= least for label in labels)
    assert all(first["Confidence"] >= second["Confidence"] for first, second in pairwise(labels))
    assert len(set(names(labels))) == len(labels)


@thorough
@given(seen(), faces, confidences, st.integers(0, 30))
def test_every_label_is_in_company_of_all_its_parents_which_are_as_sure(
    logits: np.ndarray, found: list[Face], least: float, most: int
) -> None:
    labels = {label["Name"]: label for label in ask(logits, found, MinConfidence=least, MaxLabels=most)}
    for label in labels.values():
        for parent in label["Parents"]:
            assert labels[parent["Name"]]["Confidence"] >= label["Confidence"]


@settings(max_examples=10)
@given(seen(), st.floats(1, 100), st.integers(0, 30))
def test_fewer_labels_or_a_higher_threshold_change_nothing_in_what_stays(
    logits: np.ndarray, least: float, most: int
) -> None:
    every = ask(logits, [], MinConfidence=0)
    assert ask(logits, [], MaxLabels=most, MinConfidence=0) == every[:most]
    assert ask(logits, [], MinConfidence=least) == [label for label in every if label["Confidence"] >= least]


@thorough
@given(seen(), faces, st.floats(20, 100), label_names, label_names, category_names, category_names)
def test_filters_keep_what_is_included_by_name_or_category_and_never_what_is_excluded(
    logits: np.ndarray,
    found: list[Face],
    least: float,
    wanted: list[str],
    unwanted: list[str],
    wanted_categories: list[str],
    unwanted_categories: list[str],
) -> None:
    def stays(name: str) -> bool:
        categories = set(KNOWN[name].categories)
        if name in unwanted or categories & set(unwanted_categories):
            return False
        return not (wanted or wanted_categories) or name in wanted or bool(categories & set(wanted_categories))

    settings_ = filters(
        LabelInclusionFilters=wanted,
        LabelExclusionFilters=unwanted,
        LabelCategoryInclusionFilters=wanted_categories,
        LabelCategoryExclusionFilters=unwanted_categories,
    )
    every = ask(logits, found, MinConfidence=least)
    labels = ask(logits, found, MinConfidence=least, Settings=settings_)
    assert labels == [label for label in every if stays(label["Name"])]


@given(st.integers(0, 10))
@settings(max_examples=10)
def test_filters_choose_before_the_labels_are_counted(most: int) -> None:
    logits = np.zeros(1000)
    logits[[TABLE.classes.index(name) for name in ("Pug", "School Bus")]] = 12
    wanted = filters(LabelCategoryInclusionFilters=["Animals and Pets"])
    every = ask(logits, [], MinConfidence=20, Settings=wanted)
    assert len(every) == 6
    assert ask(logits, [], MinConfidence=20, MaxLabels=most, Settings=wanted) == every[:most]


def test_no_more_than_a_thousand_labels_are_ever_answered() -> None:
    # Nearly even, but for what makes the model sure enough to speak at all.
    logits = np.zeros(1000)
    logits[0] = 6
    assert len(ask(logits, [], MinConfidence=0)) == 1000
    assert len(ask(logits, [], MinConfidence=0, MaxLabels=2**31 - 1)) == 1000


def test_a_name_in_a_filter_is_matched_exactly() -> None:
    logits = np.zeros(1000)
    logits[TABLE.classes.index("Pug")] = 12
    for name in ("pug", "Pug ", "Cell Phone"):
        assert ask(logits, [], Settings=filters(LabelInclusionFilters=[name])) == []


def test_an_excluded_parent_leaves_its_children_and_names_them_as_before() -> None:
    logits = np.zeros(1000)
    logits[TABLE.classes.index("Pug")] = 12
    labels = ask(logits, [], Settings=filters(LabelExclusionFilters=["Animal"]))
    assert "Animal" not in names(labels)
    assert {"Name": "Animal"} in next(label for label in labels if label["Name"] == "Pug")["Parents"]


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ({}, {"Person", "Head", "Face"}),
        ({"LabelExclusionFilters": ["Face"]}, {"Person", "Head"}),
        ({"LabelInclusionFilters": ["Person"]}, {"Person"}),
        ({"LabelCategoryInclusionFilters": ["Person Description"]}, {"Person", "Head", "Face"}),
        ({"LabelCategoryExclusionFilters": ["Person Description"]}, set()),
    ],
)
def test_the_labels_of_a_face_are_filtered_like_any(lists: dict[str, list[str]], expected: set[str]) -> None:
    found = names(ask(np.zeros(1000), [make_face(confidence=80)], Settings=filters(**lists)))
    assert set(found) == expected


@pytest.mark.parametrize(("least", "most", "expected"), [(79, 9, 3), (80, 9, 3), (81, 9, 0), (0, 2, 2), (0, 0, 0)])
def test_the_labels_of_a_face_are_counted_and_measured_like_any(least: int, most: int, expected: int) -> None:
    assert len(ask(np.zeros(1000), [make_face(confidence=80)], MinConfidence=least, MaxLabels=most)) == expected


@pytest.mark.parametrize(
    ("lists", "asked"),
    [
        ({}, 1),
        ({"LabelInclusionFilters": ["Cat"]}, 0),
        ({"LabelInclusionFilters": ["Cat", "Face"]}, 1),
        ({"LabelCategoryExclusionFilters": ["Person Description"]}, 0),
        ({"LabelExclusionFilters": ["Face", "Head", "Person"]}, 0),
    ],
)
def test_faces_are_looked_for_only_where_they_could_be_told(lists: dict[str, list[str]], asked: int) -> None:
    faces = FixedFaces([])
    make_operation(np.zeros(1000), faces)({"Image": IMAGE, "Settings": filters(**lists)})
    assert faces.asked == asked


@pytest.mark.parametrize("nothing", [None, [], {}])
def test_null_and_empty_parameters_are_as_good_as_absent(nothing: Any) -> None:
    logits = np.zeros(1000)
    logits[TABLE.classes.index("Pug")] = 12
    plain = ask(logits, [])
    assert ask(logits, [], Settings=None if nothing == [] else nothing) == plain
    assert ask(logits, [], Settings={"GeneralLabels": None}, MinConfidence=None, MaxLabels=None) == plain
    assert ask(logits, [], Features=nothing or None) == ask(logits, [], Features=["GENERAL_LABELS"]) == plain
