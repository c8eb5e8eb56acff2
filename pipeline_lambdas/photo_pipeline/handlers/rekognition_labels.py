"""Ask Rekognition what the analysis picture shows: labels, and faces and moderation where they are switched on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .. import aws, config
from ..contract import ANALYSIS, Run, from_item
from ..labels import parse_faces, parse_labels, parse_moderation
from ..results import LabelsResult, ResizeResult, Stopwatch, to_state

ON = "on"


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{"run": Run, "resize": ResizeResult}` to a LabelsResult."""
    run = from_item(Run, event["run"])
    resize = from_item(ResizeResult, event["resize"])
    settings = config.load(config.LabelsConfig)
    stopwatch = Stopwatch("RekognitionLabels", run)
    answers = _ask_side_by_side(settings, resize.renditions[ANALYSIS].key)
    labels, faces, moderation = (answers.get(name, {}) for name in ("labels", "faces", "moderation"))
    return to_state(
        LabelsResult(
            labels=parse_labels(labels, content=resize.analysis_content),
            label_model=labels.get("LabelModelVersion", ""),
            faces=parse_faces(faces, content=resize.analysis_content) if faces else [],
            moderation=parse_moderation(moderation) if moderation else [],
            moderation_model=moderation.get("ModerationModelVersion", ""),
            step=stopwatch.step(),
        )
    )


def _ask_side_by_side(settings: config.LabelsConfig, key: str) -> dict[str, dict[str, Any]]:
    """Rekognition's answers by question, all asked at once: the step lasts as long as the slowest."""
    questions = _questions(settings, {"S3Object": {"Bucket": settings.renditions_bucket, "Name": key}})
    with ThreadPoolExecutor(max_workers=len(questions)) as pool:
        asked = {name: pool.submit(question) for name, question in questions.items()}
        return {name: answer.result() for name, answer in asked.items()}


def _questions(settings: config.LabelsConfig, image: dict[str, Any]) -> dict[str, Callable[[], dict[str, Any]]]:
    rekognition = aws.rekognition()
    questions = {
        "labels": lambda: rekognition.detect_labels(
            Image=image, MinConfidence=settings.min_confidence, MaxLabels=settings.max_labels
        )
    }
    if settings.detect_faces == ON:
        questions["faces"] = lambda: rekognition.detect_faces(Image=image)
    if settings.detect_moderation_labels == ON:
        questions["moderation"] = lambda: rekognition.detect_moderation_labels(Image=image)
    return questions
