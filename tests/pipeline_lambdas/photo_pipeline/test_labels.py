from __future__ import annotations

import pytest

from pipeline_lambdas.photo_pipeline.contract import Box
from pipeline_lambdas.photo_pipeline.labels import MAX_INSTANCES, parse_labels

WHOLE = Box(0, 0, 1, 1)


def make_label(**overrides: object) -> dict[str, object]:
    return {
        "Name": "Dog",
        "Confidence": 98.7654,
        "Instances": [],
        "Parents": [{"Name": "Animal"}],
        "Categories": [{"Name": "Animals and Pets"}],
    } | overrides


def make_instance(left: float, top: float, width: float, height: float, confidence: float = 90.0) -> dict[str, object]:
    return {"BoundingBox": {"Left": left, "Top": top, "Width": width, "Height": height}, "Confidence": confidence}


def test_labels_keep_what_rekognition_says_surest_first() -> None:
    answer = {"Labels": [make_label(Name="Cat", Confidence=60.0), make_label()]}
    dog, cat = parse_labels(answer, content=WHOLE)
    assert (dog.name, dog.confidence, dog.parents, dog.categories) == ("Dog", 98.77, ["Animal"], ["Animals and Pets"])
    assert cat.name == "Cat"


def test_boxes_of_a_padded_panorama_are_those_of_the_photo() -> None:
    content = Box(left=0, top=0.25, width=1, height=0.5)
    label = make_label(Instances=[make_instance(0.1, 0.25, 0.2, 0.25), make_instance(0.5, 0.0, 0.1, 1.0, 80.0)])
    (parsed,) = parse_labels({"Labels": [label]}, content=content)
    first, second = (instance.box for instance in parsed.instances)
    assert (first.left, first.top, first.width, first.height) == pytest.approx((0.1, 0.0, 0.2, 0.5))
    assert (second.top, second.height) == (0.0, 1.0)


def test_of_a_crowd_the_surest_boxes_are_kept() -> None:
    crowd = [make_instance(0, 0, 0.1, 0.1, confidence) for confidence in range(50, 100)]
    (parsed,) = parse_labels({"Labels": [make_label(Instances=crowd)]}, content=WHOLE)
    assert len(parsed.instances) == MAX_INSTANCES
    assert parsed.instances[0].confidence == 99
