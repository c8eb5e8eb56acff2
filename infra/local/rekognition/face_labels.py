"""What a face says about a photo: its labels. ImageNet knows Person by a few trades only, and no Head or Face."""

from collections.abc import Sequence
from dataclasses import replace

from .detectors import Detection, surest_first
from .faces import Face
from .label_table import Label

CATEGORIES = ("Person Description",)
PERSON = Label("Person", (), CATEGORIES, ())
HEAD = Label("Head", ("Person",), CATEGORIES, ())
FACE = Label("Face", ("Head", "Person"), CATEGORIES, ())
FACE_LABELS = (PERSON, HEAD, FACE)


def add_faces(detections: Sequence[Detection], faces: Sequence[Face], min_confidence: float) -> list[Detection]:
    """The detections and those that the faces stand for, surest first. Person may be among both: the surer counts."""
    found = {one.label.name: one for one in detections}
    for named in name_faces([face for face in faces if face.confidence >= min_confidence]):
        seen = found.get(named.label.name, named)
        found[named.label.name] = replace(named, confidence=max(named.confidence, seen.confidence))
    return surest_first(found.values())


def name_faces(faces: Sequence[Face]) -> list[Detection]:
    """As sure as the surest face. The box is the face's: how far the head reaches is not known."""
    if not faces:
        return []
    confidence, boxes = max(face.confidence for face in faces), tuple(faces)
    return [Detection(PERSON, confidence, boxes), Detection(HEAD, confidence), Detection(FACE, confidence, boxes)]
