"""The DetectFaces operation: docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectFaces.html."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from .errors import InvalidParameterException
from .faces import Face, FaceDetector
from .images import decode_image
from .parameters import read
from .sources import ImageSource


class DetectFaces:
    """Answers a DetectFaces request; `slots` bounds how many photos are worked on at once."""

    def __init__(self, detector: FaceDetector, source: ImageSource, slots: AbstractContextManager[Any]) -> None:
        self._detector = detector
        self._source = source
        self._slots = slots

    def __call__(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The response as a JSON object: boxes and confidences only. Raises RekognitionError."""
        check_attributes(request)
        content = self._source.read(request.get("Image"))
        with self._slots:
            faces = self._detector.detect(decode_image(content))
        return {"FaceDetails": [face_to_json(face) for face in faces]}


def check_attributes(request: Mapping[str, Any]) -> None:
    if not set(read(request, "Attributes", ())) <= {"DEFAULT"}:
        raise InvalidParameterException("This server offers the attributes DEFAULT only")


def face_to_json(face: Face) -> dict[str, Any]:
    """One member of `FaceDetails`, and of a label's `Instances`: their shapes agree."""
    box = {"Width": face.width, "Height": face.height, "Left": face.left, "Top": face.top}
    return {"BoundingBox": box, "Confidence": face.confidence}
