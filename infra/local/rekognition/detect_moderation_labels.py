"""The DetectModerationLabels operation: docs.aws.amazon.com/rekognition/latest/dg/moderation.html."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from .errors import ResourceNotFoundException
from .images import decode_image
from .moderation import ModerationDetector
from .parameters import read
from .sources import ImageSource

MODEL_VERSION = "open-nsfw-1"
DEFAULT_CONFIDENCE = 50.0
NOT_HERE = ("HumanLoopConfig", "ProjectVersion")


class DetectModerationLabels:
    """Answers a DetectModerationLabels request; `slots` bounds how many photos are worked on at once."""

    def __init__(self, detector: ModerationDetector, source: ImageSource, slots: AbstractContextManager[Any]) -> None:
        self._detector = detector
        self._source = source
        self._slots = slots

    def __call__(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The response as a JSON object. Raises RekognitionError."""
        least = read(request, "MinConfidence", DEFAULT_CONFIDENCE)
        check_named(request)
        content = self._source.read(request.get("Image"))
        with self._slots:
            confidence = self._detector.explicit(decode_image(content))
        labels = [explicit_to_json(confidence)] if confidence >= least else []
        return {"ModerationLabels": labels, "ModerationModelVersion": MODEL_VERSION}


def check_named(request: Mapping[str, Any]) -> None:
    for name in NOT_HERE:
        if request.get(name):
            raise ResourceNotFoundException(f"What {name} names is not found: this server has the base model only")


def explicit_to_json(confidence: float) -> dict[str, Any]:
    """A member of `ModerationLabels`. The model knows one thing, so the answer stays at the taxonomy's first level."""
    return {"Name": "Explicit", "ParentName": "", "TaxonomyLevel": 1, "Confidence": confidence}
