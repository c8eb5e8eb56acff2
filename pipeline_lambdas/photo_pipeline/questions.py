"""What is asked of Rekognition about one picture, and what its errors mean."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from .calls import HOPELESS, is_throttle
from .config import LabelsConfig
from .contract import Box, FacesAnswer, Failure, LabelsAnswer, ModerationAnswer, reason
from .deadline import Deadline
from .errors import Refused
from .labels import Answer, parse_faces, parse_labels, parse_moderation

ON = "on"
LONGEST_WAIT_SECONDS = 8.0

Question = Callable[[], Answer]
Questions = dict[str, Question]  # by the name of the attribute that the answer gets in the contract's Analysis

OPERATIONS = {"labels": "DetectLabels", "faces": "DetectFaces", "moderation": "DetectModerationLabels"}

# The same picture gets the same answer again, whoever asks and however often.
PERMANENT = HOPELESS | {
    "ImageTooLargeException",
    "InvalidImageFormatException",
    "InvalidParameterException",
    "InvalidS3ObjectException",
}


def make_questions(rekognition: Any, settings: LabelsConfig, *, key: str, content: Box) -> Questions:
    """What `settings` switch on, about the picture `key` of the renditions bucket, in which the photo is at `content`.
    A question asks Rekognition when it is called, and raises what botocore raises."""
    image = {"S3Object": {"Bucket": settings.renditions_bucket, "Name": key}}

    def labels() -> LabelsAnswer:
        answer = rekognition.detect_labels(
            Image=image, MinConfidence=settings.min_confidence, MaxLabels=settings.max_labels
        )
        return LabelsAnswer(parse_labels(answer, content=content), name_model(answer.get("LabelModelVersion", "")))

    def faces() -> FacesAnswer:
        return FacesAnswer(parse_faces(rekognition.detect_faces(Image=image), content=content))

    def moderation() -> ModerationAnswer:
        answer = rekognition.detect_moderation_labels(Image=image)
        return ModerationAnswer(parse_moderation(answer), name_model(answer.get("ModerationModelVersion", "")))

    asked: Questions = {"labels": labels}
    if settings.detect_faces == ON:
        asked["faces"] = faces
    if settings.detect_moderation_labels == ON:
        asked["moderation"] = moderation
    return asked


def name_model(version: str) -> str:
    """AWS answers a bare version, such as 3.0; who else speaks its API names its model as well."""
    return f"Rekognition {version}" if version[:1].isdigit() else version


def name_parameters(settings: LabelsConfig) -> str:
    """All that changes what DetectLabels answers about a picture; the other questions have no parameters."""
    return f"labels-{settings.min_confidence:g}-{settings.max_labels}"


def ask_patiently(question: Question, deadline: Deadline) -> Answer:
    """The answer, throttles waited out. Raises Refused when there will never be one, OutOfTime when throttles last."""
    for tried in itertools.count():
        try:
            return question()
        except ClientError as error:
            _raise_unless_throttled(error)
        deadline.wait(random.uniform(0, min(LONGEST_WAIT_SECONDS, 0.5 * 2**tried)))  # noqa: S311 - spreads retries
    raise AssertionError("counts for ever")


def _raise_unless_throttled(error: ClientError) -> None:
    if error.response["Error"]["Code"] in PERMANENT:
        raise Refused(reason(Failure.LABELS_REFUSED, detail=str(error)[:1000])) from error
    if not is_throttle(error):
        raise error
