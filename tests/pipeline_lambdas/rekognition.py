"""A Rekognition at the wire of boto3, whose answers are those that AWS's documentation shows."""

from __future__ import annotations

import json
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.awsrequest import AWSResponse

RECORDED = Path(__file__).parent / "rekognition_answers"
LABELS, FACES, MODERATION = "DetectLabels", "DetectFaces", "DetectModerationLabels"


def recorded(name: str) -> dict[str, Any]:
    return json.loads((RECORDED / f"{name}.json").read_text())


class FakeRekognition:
    """Counts in `asked` what it is asked, by operation; `refuse` makes its next answers errors, `meanwhile` happens
    before each answer, and what `instead` has for an operation is done in its place."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.answers = {
            LABELS: recorded("detect_labels_street"),
            FACES: recorded("detect_faces"),
            MODERATION: recorded("detect_moderation_labels"),
        }
        self.meanwhile: Callable[[], object] = lambda: None
        self.instead: dict[str, Callable[[], Any]] = {}
        self._errors: defaultdict[str, deque[str]] = defaultdict(deque)

    def refuse(self, operation: str, code: str, *, times: int = 1) -> None:
        self._errors[operation].extend([code] * times)

    def relent(self) -> None:
        self._errors.clear()

    def answer(self, model: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        self.asked[model.name] += 1
        self.meanwhile()
        if model.name in self.instead:
            return self.instead[model.name]()
        if not self._errors[model.name]:
            return AWSResponse("", 200, {}, None), self.answers[model.name]
        error = {"Code": self._errors[model.name].popleft(), "Message": "as told"}
        return AWSResponse("", 400, {}, None), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
