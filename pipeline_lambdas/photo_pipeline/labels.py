"""What Rekognition answers, as the contract's labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .contract import Box, FacesAnswer, Instance, Label, LabelsAnswer, ModerationAnswer, ModerationLabel

Answer = LabelsAnswer | FacesAnswer | ModerationAnswer

MAX_FACES = 100  # as many as Rekognition finds
MAX_INSTANCES = 20  # of one label
MAX_BOXES = 500  # of all labels: the record stays below 100 KB, and a page can draw them


def parse_labels(answer: Mapping[str, Any], *, content: Box) -> list[Label]:
    """The labels of a DetectLabels answer, surest first; boxes are in fractions of the photo, which lies at `content`
    in the picture that was sent."""
    labels = [_parse_label(label, content) for label in answer["Labels"]]
    return list(_bound_boxes(sorted(labels, key=lambda label: (-label.confidence, label.name))))


def parse_faces(answer: Mapping[str, Any], *, content: Box) -> list[Instance]:
    """Where a DetectFaces answer sees faces, the largest first. Who they are, and how they look, is not kept."""
    return _parse_instances(answer["FaceDetails"], content)[:MAX_FACES]


def parse_moderation(answer: Mapping[str, Any]) -> list[ModerationLabel]:
    """The labels of a DetectModerationLabels answer, surest first."""
    labels = [
        ModerationLabel(
            name=label["Name"], confidence=round(label["Confidence"], 2), parent=label.get("ParentName", "")
        )
        for label in answer["ModerationLabels"]
    ]
    return sorted(labels, key=lambda label: (-label.confidence, label.name))


def _parse_label(label: Mapping[str, Any], content: Box) -> Label:
    instances = sorted(label.get("Instances", ()), key=lambda instance: -instance["Confidence"])
    return Label(
        name=label["Name"],
        confidence=round(label["Confidence"], 2),
        parents=[parent["Name"] for parent in label.get("Parents", ())],
        categories=[category["Name"] for category in label.get("Categories", ())],
        instances=_parse_instances(instances, content)[:MAX_INSTANCES],
    )


def _bound_boxes(labels: Sequence[Label]) -> Iterator[Label]:
    left = MAX_BOXES
    for label in labels:
        kept = label.instances[:left]
        left -= len(kept)
        yield replace(label, instances=kept)


def _parse_instances(instances: Sequence[Mapping[str, Any]], content: Box) -> list[Instance]:
    """Those of which something lies on the photo, and not on what it was padded with."""
    parsed = (_parse_instance(instance, content) for instance in instances)
    return [each for each in parsed if each.box.width and each.box.height]


def _parse_instance(instance: Mapping[str, Any], content: Box) -> Instance:
    box = instance["BoundingBox"]
    left, width = _unpad(box["Left"], box["Width"], content.left, content.width)
    top, height = _unpad(box["Top"], box["Height"], content.top, content.height)
    return Instance(box=Box(left, top, width, height), confidence=round(instance["Confidence"], 2))


def _unpad(start: float, length: float, content_start: float, content_length: float) -> tuple[float, float]:
    """A span of the padded picture as a span of the photo, cut to it: (start, length), both 0 to 1."""
    begin = min(1.0, max(0.0, (start - content_start) / content_length))
    end = min(1.0, max(0.0, (start + length - content_start) / content_length))
    return round(begin, 4), round(end - begin, 4)
