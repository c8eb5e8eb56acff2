"""What the steps of a run hand on to each other: small, and the same as JSON between the states."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from .contract import (
    Analysis,
    Box,
    Exif,
    FacesAnswer,
    Failure,
    LabelsAnswer,
    ModerationAnswer,
    Original,
    Reason,
    Rendition,
    Run,
    Status,
    Step,
    StepOutcome,
    Usage,
    reason,
)
from .errors import AnswersMissing, Overtaken

RESIZED, REJECTED, OVERTAKEN = "resized", "rejected", "overtaken"
ANALYSED, REFUSED = "analysed", "refused"
LAST_STATES = ("StoreMetadata or StoreFailure", "IsTheBatchDone", "NotifyUser or Stored")


@dataclass(frozen=True)
class ResizeResult:
    """What ResizeImage found: `outcome` is resized, rejected (with a reason) or overtaken (with nothing else).
    `asked_anew` is the photo's: the name of the answers that none older may be taken for."""

    outcome: str
    step: Step | None = None
    reason: Reason | None = None
    original: Original | None = None
    renditions: dict[str, Rendition] = field(default_factory=dict)
    placeholder: str = ""
    exif: Exif = field(default_factory=Exif)
    analysis_content: Box = field(default_factory=lambda: Box(0, 0, 1, 1))
    has_batch: bool = False
    asked_anew: str = ""
    usage: Usage | None = None


@dataclass(frozen=True)
class LabelsResult:
    """What RekognitionLabels did: `outcome` is analysed, refused (with a reason) or overtaken (with nothing else).
    Which questions were answered, and where: answers can be too long for the state, so the analysis holds them."""

    outcome: str
    step: Step | None = None
    reason: Reason | None = None
    sha256: str = ""
    parameters: str = ""
    questions: list[str] = field(default_factory=list)
    usage: Usage | None = None


@dataclass(frozen=True)
class State:
    """All that the state machine carries, as StoreMetadata gets it: what starting it used (unknown where the site did),
    the results of the steps that were made, and the error (`Error` and `Cause`) that ended them, if one did."""

    run: Run
    trigger: Usage | None = None
    resize: ResizeResult | None = None
    analysis: LabelsResult | None = None
    error: dict[str, str] | None = None

    @property
    def steps(self) -> list[Step]:
        return [result.step for result in (self.resize, self.analysis) if result and result.step]

    @property
    def usage(self) -> Usage:
        """What is known to have been used before StoreMetadata, and the transitions of the whole execution. A try that
        raised hands nothing on: what it used is not known, but for the answers that it has paid for, and that it was
        one: the next is told of it, though not who catches the last."""
        parts = (self.trigger, self.resize and self.resize.usage, self.analysis and self.analysis.usage)
        return sum((part for part in parts if part), Usage(transitions=self._transitions))

    @property
    def _transitions(self) -> int:
        """One for each state that is entered; tries that were made again come with what was used."""
        if self.error:
            reached = {"ResizeImage": 1, "RekognitionLabels": 3, "StoreMetadata": 3 + (self.analysis is not None)}
            return reached[_what_broke(self)[0]] + len(LAST_STATES)
        return (3 if self.analysis else 2) + len(LAST_STATES)

    @property
    def has_batch(self) -> bool:
        """Whether the photo will be counted in a batch, as far as is known: what was asked for again has none."""
        return self.resize.has_batch if self.resize else self.run.attempt == 1

    @property
    def needs_answers(self) -> bool:
        """Whether the record will hold answers of the analysis that the state refers to."""
        return not self.error and self.analysis is not None and bool(self.analysis.questions)


@dataclass(frozen=True)
class Ending:
    """How a run ended: the photo's status, the attributes that go on its record, the steps that were made."""

    status: Status
    attributes: dict[str, Any]
    steps: list[Step]


def read_ending(state: State, answers: Analysis | None) -> Ending:
    """The ending that the state tells; `answers` are those that it refers to.

    Raises Overtaken when a step found that the photo is no longer the run's, AnswersMissing.
    """
    resize, labels = state.resize, state.analysis
    if state.error:
        return _failure(state, state.error)
    assert resize is not None
    if resize.outcome == REJECTED:
        return Ending(Status.REJECTED, _drop_none({"original": resize.original, "reason": resize.reason}), state.steps)
    assert labels is not None
    if labels.outcome == OVERTAKEN:
        raise Overtaken(state.run.run_id)
    if labels.outcome == REFUSED:
        return Ending(Status.FAILED, _drawn(resize) | {"reason": labels.reason}, state.steps)
    return Ending(Status.READY, _drawn(resize) | _found(answers, labels.questions), state.steps)


def _drawn(resize: ResizeResult) -> dict[str, Any]:
    names = ("original", "renditions", "placeholder", "exif")
    return {name: getattr(resize, name) for name in names}


def _found(answers: Analysis | None, questions: list[str]) -> dict[str, Any]:
    """The answers as attributes of the record. What was not asked is not shown, even if it was answered once."""

    def answer(name: str, nothing: Any) -> Any:
        found = getattr(answers, name, None) if name in questions else nothing
        if found is None:
            raise AnswersMissing(name)
        return found

    labels = answer("labels", LabelsAnswer())
    moderation = answer("moderation", ModerationAnswer())
    return {
        "labels": labels.labels,
        "label_model": labels.model,
        "faces": answer("faces", FacesAnswer()).faces,
        "moderation": moderation.labels,
        "moderation_model": moderation.model,
    }


def _drop_none(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}


def _failure(state: State, error: Mapping[str, str]) -> Ending:
    """The step after the last result is the one that broke. What was drawn before is kept: it can be shown."""
    name, failure = _what_broke(state)
    detail = f"{error.get('Error', '')}: {error.get('Cause', '')}"[:1000]
    broken = Step(name=name, started=utc_now(), ms=0, attempt=state.run.attempt, outcome=StepOutcome.FAILED.value)
    kept = _drawn(state.resize) if state.resize and state.resize.outcome == RESIZED else {}
    return Ending(Status.FAILED, kept | {"reason": reason(failure, detail=detail)}, [*state.steps, broken])


def _what_broke(state: State) -> tuple[str, Failure]:
    if state.resize is None:
        return "ResizeImage", Failure.RESIZE
    if state.resize.outcome == RESIZED and state.analysis is None:
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


def utc_now(*, ahead: float = 0.0) -> str:
    """Now, or so many seconds later, in ISO 8601 UTC to the millisecond: as text it sorts by time."""
    return (datetime.now(UTC) + timedelta(seconds=ahead)).isoformat(timespec="milliseconds")


def to_state(result: ResizeResult | LabelsResult) -> dict[str, Any]:
    """A result as the JSON that Step Functions carries."""
    return asdict(result)
