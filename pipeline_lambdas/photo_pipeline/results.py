"""What the steps of a run hand on to each other: small, and the same as JSON between the states."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from .contract import (
    Box,
    Exif,
    Failure,
    Instance,
    Label,
    ModerationLabel,
    Original,
    Reason,
    Rendition,
    Run,
    Status,
    Step,
    StepOutcome,
    from_item,
    reason,
)

RESIZED, REJECTED, OVERTAKEN = "resized", "rejected", "overtaken"


@dataclass(frozen=True)
class ResizeResult:
    """What ResizeImage found: `outcome` is resized, rejected (with a reason) or overtaken (with nothing else)."""

    outcome: str
    step: Step | None = None
    reason: Reason | None = None
    original: Original | None = None
    renditions: dict[str, Rendition] = field(default_factory=dict)
    placeholder: str = ""
    exif: Exif = field(default_factory=Exif)
    analysis_content: Box = field(default_factory=lambda: Box(0, 0, 1, 1))


@dataclass(frozen=True)
class LabelsResult:
    """What RekognitionLabels found, and by which version of which model; nothing of what was not asked."""

    labels: list[Label]
    label_model: str
    faces: list[Instance] = field(default_factory=list)
    moderation: list[ModerationLabel] = field(default_factory=list)
    moderation_model: str = ""
    step: Step | None = None


@dataclass(frozen=True)
class Ending:
    """How a run ended: the photo's status, the attributes that go on its record, the steps that were made."""

    status: Status
    attributes: dict[str, Any]
    steps: list[Step]


def read_ending(event: Mapping[str, Any]) -> Ending:
    """The ending that the state machine's state tells, as StoreMetadata gets it."""
    resize = from_item(ResizeResult, event["resize"]) if "resize" in event else None
    analysis = from_item(LabelsResult, event["analysis"]) if "analysis" in event else None
    made = [result.step for result in (resize, analysis) if result and result.step]
    if "error" in event:
        return _failure(from_item(Run, event["run"]), event["error"], resize, made)
    if resize and resize.outcome == REJECTED:
        return Ending(Status.REJECTED, _drop_none({"original": resize.original, "reason": resize.reason}), made)
    assert resize is not None
    assert analysis is not None
    return Ending(Status.READY, _drawn(resize) | _found(analysis), made)


def _drawn(resize: ResizeResult) -> dict[str, Any]:
    names = ("original", "renditions", "placeholder", "exif")
    return {name: getattr(resize, name) for name in names}


def _found(analysis: LabelsResult) -> dict[str, Any]:
    names = ("labels", "label_model", "faces", "moderation", "moderation_model")
    return {name: getattr(analysis, name) for name in names}


def _drop_none(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}


def _failure(run: Run, error: Mapping[str, str], resize: ResizeResult | None, made: list[Step]) -> Ending:
    """The step after the last result is the one that broke. What was drawn before is kept: it can be shown."""
    name, failure = _what_broke(resize, made)
    detail = f"{error.get('Error', '')}: {error.get('Cause', '')}"[:1000]
    broken = Step(name=name, started=utc_now(), ms=0, attempt=run.attempt, outcome=StepOutcome.FAILED.value)
    kept = _drawn(resize) if resize and resize.outcome == RESIZED else {}
    return Ending(Status.FAILED, kept | {"reason": reason(failure, detail=detail)}, [*made, broken])


def _what_broke(resize: ResizeResult | None, made: list[Step]) -> tuple[str, Failure]:
    if resize is None:
        return "ResizeImage", Failure.RESIZE
    if resize.outcome == RESIZED and len(made) == 1:
        return "RekognitionLabels", Failure.LABELS
    return "StoreMetadata", Failure.STORE


class Stopwatch:
    """Measures one step of a run."""

    def __init__(self, name: str, run: Run) -> None:
        self._name, self._run = name, run
        self._started, self._from = utc_now(), time.monotonic()

    def step(self, outcome: StepOutcome = StepOutcome.DONE) -> Step:
        ms = round((time.monotonic() - self._from) * 1000)
        return Step(name=self._name, started=self._started, ms=ms, attempt=self._run.attempt, outcome=outcome.value)


def utc_now() -> str:
    """Now, in ISO 8601 UTC to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def to_state(result: ResizeResult | LabelsResult) -> dict[str, Any]:
    """A result as the JSON that Step Functions carries."""
    return asdict(result)
