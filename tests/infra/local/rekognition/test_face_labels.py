from __future__ import annotations

import pytest

from infra.local.rekognition.detectors import Detection
from infra.local.rekognition.face_labels import FACE, HEAD, PERSON, add_faces
from infra.local.rekognition.faces import Face
from infra.local.rekognition.label_table import LabelTable

SURE = Face(0.1, 0.1, 0.2, 0.2, 90)
UNSURE = Face(0.6, 0.1, 0.2, 0.2, 60)


def test_person_is_the_label_that_the_table_has(table: LabelTable) -> None:
    assert table.labels["Person"] == PERSON


def test_labels_have_their_parents_parents_and_a_category_of_the_table(table: LabelTable) -> None:
    own = {label.name: label for label in (PERSON, HEAD, FACE)}
    for label in own.values():
        for parent in label.parents:
            assert set(own[parent].parents) <= set(label.parents)
        assert set(label.categories) <= set(table.labels["Person"].categories)


def test_faces_are_person_head_and_face_as_sure_as_the_surest() -> None:
    found = add_faces([], [UNSURE, SURE], 55)
    assert [(one.label.name, one.confidence) for one in found] == [("Person", 90), ("Head", 90), ("Face", 90)]


def test_person_and_face_have_every_box() -> None:
    person, head, face = add_faces([], [UNSURE, SURE], 55)
    assert person.instances == face.instances == (UNSURE, SURE)
    assert head.instances == ()


def test_faces_below_the_least_confidence_are_left_out() -> None:
    assert add_faces([], [UNSURE], 61) == []
    assert add_faces([], [UNSURE, SURE], 61)[0].instances == (SURE,)


@pytest.mark.parametrize(("seen", "expected"), [(99, 99), (70, 90)])
def test_a_person_seen_by_both_models_is_one_label_as_sure_as_the_surer(seen: float, expected: float) -> None:
    people = [one for one in add_faces([Detection(PERSON, seen)], [SURE], 55) if one.label == PERSON]
    assert people == [Detection(PERSON, expected, (SURE,))]


def test_other_labels_stay_in_order_of_confidence(table: LabelTable) -> None:
    cat, pet = Detection(table.labels["Cat"], 95), Detection(table.labels["Pet"], 70)
    assert [one.label.name for one in add_faces([cat, pet], [SURE], 55)] == ["Cat", "Person", "Head", "Face", "Pet"]
