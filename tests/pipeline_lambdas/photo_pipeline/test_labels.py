from __future__ import annotations

from dataclasses import asdict

import botocore.session
import pytest
from botocore.validate import ParamValidator

from pipeline_lambdas.photo_pipeline.contract import Box, Instance, Label, ModerationLabel
from pipeline_lambdas.photo_pipeline.labels import (
    MAX_BOXES,
    MAX_FACES,
    MAX_INSTANCES,
    parse_faces,
    parse_labels,
    parse_moderation,
)
from tests.pipeline_lambdas.rekognition import RECORDED, recorded

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


def test_of_many_crowds_the_boxes_of_the_surest_labels_are_kept() -> None:
    crowd = [make_instance(0, 0, 0.1, 0.1)] * 50
    labels = [make_label(Name=f"{number:02}", Confidence=99 - number, Instances=crowd) for number in range(60)]
    parsed = parse_labels({"Labels": labels}, content=WHOLE)
    assert len(parsed) == 60
    assert sum(len(label.instances) for label in parsed) == MAX_BOXES
    assert [len(label.instances) for label in parsed[: MAX_BOXES // MAX_INSTANCES]] == [MAX_INSTANCES] * 25


def test_what_lies_on_the_padding_of_a_panorama_is_not_on_the_photo() -> None:
    content = Box(left=0, top=0.4, width=1, height=0.2)
    label = make_label(Instances=[make_instance(0.1, 0.0, 0.2, 0.3), make_instance(0.1, 0.45, 0.2, 0.1)])
    (parsed,) = parse_labels({"Labels": [label]}, content=content)
    assert [instance.box for instance in parsed.instances] == [Box(0.1, 0.25, 0.2, 0.5)]
    assert parse_faces({"FaceDetails": [make_instance(0.1, 0.7, 0.2, 0.3)]}, content=content) == []


# --- What AWS's documentation shows ---


@pytest.mark.parametrize("path", sorted(RECORDED.glob("*.json")), ids=lambda path: path.stem)
def test_recorded_answers_are_such_as_boto3_gives(path: object) -> None:
    """Else the tests that are built on them would show nothing."""
    name = getattr(path, "stem", "")
    operation = "".join(word.capitalize() for word in name.split("_")[: 3 if "moderation" in name else 2])
    model = botocore.session.get_session().get_service_model("rekognition").operation_model(operation)
    assert not ParamValidator().validate(recorded(name), model.output_shape).has_errors()


def test_a_street_has_its_cars_and_people_with_boxes_and_parents() -> None:
    labels = {label.name: label for label in parse_labels(recorded("detect_labels_street"), content=WHOLE)}
    assert len(labels) == 29
    assert (labels["Car"].parents, labels["Car"].confidence) == (["Vehicle", "Transportation"], 99.15)
    assert len(labels["Car"].instances) == 14
    assert labels["Car"].instances[0] == Instance(Box(0.0038, 0.5039, 0.1062, 0.1853), 99.15)
    assert [instance.confidence for instance in labels["Person"].instances] == [98.99, 85.03]
    assert labels["Road"].instances == []


def test_categories_are_kept_and_aliases_are_not() -> None:
    assert parse_labels(recorded("detect_labels_phone"), content=WHOLE) == [
        Label(
            name="Mobile Phone",
            confidence=99.94,
            parents=["Phone"],
            categories=["Technology and Computing"],
            instances=[Instance(Box(0.3604, 0.0925, 0.2678, 0.8562), 99.94)],
        )
    ]


def test_a_face_is_a_box_and_a_confidence_and_nothing_else() -> None:
    answer = recorded("detect_faces")
    assert {"AgeRange", "Emotions", "Gender", "Landmarks"} <= set(answer["FaceDetails"][0])
    assert [asdict(face) for face in parse_faces(answer, content=WHOLE)] == [
        {"box": {"left": 0.5901, "top": 0.1601, "width": 0.1237, "height": 0.2514}, "confidence": 100.0}
    ]


def test_of_a_crowd_as_many_faces_are_kept_as_rekognition_finds() -> None:
    crowd = [make_instance(0, 0, 0.1, 0.1)] * 150
    assert len(parse_faces({"FaceDetails": crowd}, content=WHOLE)) == MAX_FACES


def test_moderation_labels_keep_their_parents() -> None:
    assert parse_moderation(recorded("detect_moderation_labels")) == [
        ModerationLabel("Drugs & Tobacco", 99.45),
        ModerationLabel("Drugs & Tobacco Paraphernalia & Use", 99.45, "Drugs & Tobacco"),
        ModerationLabel("Smoking", 99.45, "Drugs & Tobacco Paraphernalia & Use"),
    ]
