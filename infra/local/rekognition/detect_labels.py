"""The DetectLabels operation: docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectLabels.html."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from .detect_faces import face_to_json
from .detectors import Detection, LabelDetector
from .errors import InvalidParameterException
from .face_labels import add_faces
from .faces import FaceDetector
from .images import decode_image
from .parameters import read_number
from .sources import ImageSource

MODEL_VERSION = "efficientnet-lite2-int8-1+centerface-1"
DEFAULT_CONFIDENCE = 55.0
MOST_LABELS = 1000
LARGEST_INTEGER = 2**31 - 1
FILTERS = (
    "LabelInclusionFilters",
    "LabelExclusionFilters",
    "LabelCategoryInclusionFilters",
    "LabelCategoryExclusionFilters",
)


@dataclass(frozen=True)
class LabelFilter:
    """Which labels to answer with. Inclusions by name and by category add up; any exclusion wins."""

    names: frozenset[str]
    without_names: frozenset[str]
    categories: frozenset[str]
    without_categories: frozenset[str]

    def admits(self, detection: Detection) -> bool:
        name, categories = detection.label.name, set(detection.label.categories)
        if name in self.without_names or self.without_categories & categories:
            return False
        all_wanted = not (self.names or self.categories)
        return all_wanted or name in self.names or bool(self.categories & categories)


class DetectLabels:
    """Answers a DetectLabels request; `slots` bounds how many photos are worked on at once."""

    def __init__(
        self, detector: LabelDetector, faces: FaceDetector, source: ImageSource, slots: AbstractContextManager[Any]
    ) -> None:
        self._detector = detector
        self._faces = faces
        self._source = source
        self._slots = slots

    def __call__(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The response as a JSON object. Raises RekognitionError."""
        confidence = read_number(request, "MinConfidence", DEFAULT_CONFIDENCE, 100)
        most = int(read_number(request, "MaxLabels", MOST_LABELS, LARGEST_INTEGER))
        label_filter = read_filter(request)
        check_features(request)
        found = self._detect(self._source.read(request.get("Image")), confidence)
        answered = [to_json(one) for one in found if label_filter.admits(one)]
        return {"Labels": answered[:most], "LabelModelVersion": MODEL_VERSION}

    def _detect(self, content: bytes, confidence: float) -> list[Detection]:
        with self._slots:
            image = decode_image(content)
            return add_faces(self._detector.detect(image, confidence), self._faces.detect(image), confidence)


def read_filter(request: Mapping[str, Any]) -> LabelFilter:
    settings = _read_structure(_read_structure(request, "Settings"), "GeneralLabels")
    return LabelFilter(*(_read_names(settings, name) for name in FILTERS))


def _read_structure(request: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = request.get(name) or {}
    if not isinstance(value, dict):
        raise InvalidParameterException(f"{name} must be a structure")
    return value


def _read_names(settings: Mapping[str, Any], name: str) -> frozenset[str]:
    values = settings.get(name) or []
    if not isinstance(values, list) or len(values) > 100 or not all(isinstance(one, str) for one in values):
        raise InvalidParameterException(f"{name} must be a list of at most 100 names")
    return frozenset(values)


def check_features(request: Mapping[str, Any]) -> None:
    if request.get("Features") not in (None, [], ["GENERAL_LABELS"]):
        raise InvalidParameterException("This server offers the feature GENERAL_LABELS only")


def to_json(detection: Detection) -> dict[str, Any]:
    """One member of `Labels`. Only faces have boxes: the classes come without."""
    label = detection.label
    return {
        "Name": label.name,
        "Confidence": detection.confidence,
        "Instances": [face_to_json(face) for face in detection.instances],
        "Parents": [{"Name": name} for name in label.parents],
        "Aliases": [{"Name": name} for name in label.aliases],
        "Categories": [{"Name": name} for name in label.categories],
    }
