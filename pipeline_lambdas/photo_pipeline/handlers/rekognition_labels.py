"""Ask Rekognition what the analysis picture shows."""

from __future__ import annotations

from typing import Any

from .. import aws, config
from ..contract import ANALYSIS, Run, from_item
from ..labels import parse_labels
from ..results import LabelsResult, ResizeResult, Stopwatch, to_state


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{"run": Run, "resize": ResizeResult}` to a LabelsResult."""
    run = from_item(Run, event["run"])
    resize = from_item(ResizeResult, event["resize"])
    settings = config.load(config.LabelsConfig)
    stopwatch = Stopwatch("RekognitionLabels", run)
    answer = aws.rekognition().detect_labels(
        Image={"S3Object": {"Bucket": settings.renditions_bucket, "Name": resize.renditions[ANALYSIS].key}},
        MinConfidence=settings.min_confidence,
        MaxLabels=settings.max_labels,
    )
    return to_state(
        LabelsResult(
            labels=parse_labels(answer, content=resize.analysis_content),
            label_model=answer.get("LabelModelVersion", ""),
            step=stopwatch.step(),
        )
    )
