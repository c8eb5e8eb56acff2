"""The DetectLabels operation: docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectLabels.html."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from .detect_faces import face_to_json
from .detectors import Detection, LabelDetector
from .errors import InvalidParameterException
from .face_labels import FACE_LABELS, add_faces
from .faces import FaceDetector
from .images import decode_image
from .label_table import Label
from .parameters import read
from .sources import ImageSource

MODEL_VERSION = "efficientnet-lite2-int8-2+centerface-1"
DEFAULT_CONFIDENCE = 55.0
MOST_LABELS = 1000  # the default, and the upper limit
FILTERS = (
    "LabelInclusionFilters",
    "LabelExclusionFilters",
    "LabelCategoryInclusionFilters",
    "LabelCategoryExclusionFilters",
)


@dataclass(frozen=True)
class LabelFilter:
    """Which labels to answer with, each by its own exact name and categories, whatever happens to its parents.

    Inclusions by name and by category add up; any exclusion wins.
    """

    names: frozenset[str]
    without_names: frozenset[str]
    categories: frozenset[str]
    without_categories: frozenset[str]

    def admits(self, label: Label) -> bool:
        name, categories = label.name, set(label.categories)
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
        check_features(request)
        confidence = read(request, "MinConfidence", DEFAULT_CONFIDENCE)
        most = min(read(request, "MaxLabels", MOST_LABELS), MOST_LABELS)
        label_filter = read_filter(request)
        found = self._detect(self._source.read(request.get("Image")), confidence, label_filter)
        answered = [to_json(one) for one in found if label_filter.admits(one.label)]
        return {"Labels": answered[:most], "LabelModelVersion": MODEL_VERSION}

    def _detect(self, content: bytes, confidence: float, label_filter: LabelFilter) -> list[Detection]:
        with self._slots:
            image = decode_image(content)
            # A third of the time goes into looking for faces: not where nobody would hear of them.
            faces = self._faces.detect(image) if any(map(label_filter.admits, FACE_LABELS)) else []
            return add_faces(self._detector.detect(image, confidence), faces, confidence)


def read_filter(request: Mapping[str, Any]) -> LabelFilter:
    settings = read(read(request, "Settings", {}), "GeneralLabels", {})
    return LabelFilter(*(frozenset(read(settings, name, ())) for name in FILTERS))


def check_features(request: Mapping[str, Any]) -> None:
    unasked = read(read(request, "Settings", {}), "ImageProperties", None)
    if unasked is not None or "IMAGE_PROPERTIES" in read(request, "Features", ()):
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
