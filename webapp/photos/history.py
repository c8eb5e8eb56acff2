"""What became of a photo, attempt by attempt, as its record tells it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from pipeline_lambdas.photo_pipeline import contract
from pipeline_lambdas.photo_pipeline.contract import Status, StepOutcome
from webapp.photos import catalog, clock
from webapp.photos.models import Photo
from webapp.photos.sentences import said

STEP_WORDS: dict[tuple[str, str], str] = {
    ("ResizeImage", StepOutcome.DONE): gettext_noop("Previews made"),
    ("ResizeImage", StepOutcome.REJECTED): gettext_noop("File checked and refused"),
    ("ResizeImage", StepOutcome.FAILED): gettext_noop("Previews could not be made"),
    ("RekognitionLabels", StepOutcome.DONE): gettext_noop("Labels found"),
    ("RekognitionLabels", StepOutcome.FAILED): gettext_noop("Labels could not be found"),
    ("StoreMetadata", StepOutcome.DONE): gettext_noop("Result saved"),
    ("StoreMetadata", StepOutcome.FAILED): gettext_noop("Result could not be saved"),
    (contract.RELABEL, StepOutcome.DONE): gettext_noop("Labels looked for anew"),
    (contract.RESTORE, StepOutcome.DONE): gettext_noop("Labels of before brought back"),
    (contract.WHOLE_RUN, StepOutcome.STOPPED): gettext_noop("Stopped before it was finished"),
    (contract.WHOLE_RUN, StepOutcome.NOT_STARTED): gettext_noop("Could not be started"),
    (contract.WHOLE_RUN, StepOutcome.FAILED): gettext_noop("Not finished"),
}
ENDS: dict[str, tuple[str, str]] = {
    StepOutcome.DONE: (Status.READY, gettext_noop("Done")),
    StepOutcome.REJECTED: (Status.REJECTED, gettext_noop("Refused")),
    StepOutcome.FAILED: (Status.FAILED, gettext_noop("Failed")),
    StepOutcome.STOPPED: (Status.FAILED, gettext_noop("Stopped")),
    StepOutcome.NOT_STARTED: (Status.FAILED, gettext_noop("Not started")),
}
END_OF_STATUS = {
    Status.READY: StepOutcome.DONE,
    Status.REJECTED: StepOutcome.REJECTED,
    Status.FAILED: StepOutcome.FAILED,
}

OPEN_ATTEMPTS = 3


@dataclass(frozen=True)
class Event:
    """Something that happened to a photo: when, and how long it took in seconds (None when nobody measured it)."""

    word: str
    at: datetime | None
    seconds: float | None = None
    is_bad: bool = False

    @property
    def took(self) -> str:
        """As people say it, or nothing."""
        if self.seconds is None:
            return ""
        if self.seconds < 10:
            return f"{number_format(f'{self.seconds:.2f}')} s"
        return f"{self.seconds:.0f} s" if self.seconds < 120 else f"{self.seconds / 60:.0f} min"


@dataclass(frozen=True)
class Attempt:
    """One try at a photo: the `status` that its colour and shape are of, a word for how it stands, when it began, what
    happened in it, oldest first, and why it did not end well (or empty)."""

    number: int
    status: str
    word: str
    began: datetime | None
    events: list[Event]
    why: str = ""


@dataclass(frozen=True)
class History:
    """Attempts, newest first; the upload is an event of the first attempt, or stands alone where that is not there."""

    attempts: list[Attempt]
    uploaded: Event | None

    @property
    def newest(self) -> list[Attempt]:
        return self.attempts[:OPEN_ATTEMPTS]

    @property
    def older(self) -> list[Attempt]:
        """What is folded away."""
        return self.attempts[OPEN_ATTEMPTS:]

    @property
    def is_cut(self) -> bool:
        """Whether there were attempts before those that are kept."""
        return bool(self.attempts) and self.attempts[-1].number > 1

    @property
    def is_plain(self) -> bool:
        """Whether there is one attempt, that went well: then nobody needs to know that it was one."""
        return [(each.number, each.status) for each in self.attempts] == [(1, Status.READY)]


def history(photo: Photo, record: contract.Photo | None, *, told: str = "") -> History:
    """What happened to a photo since it was uploaded. `told` is why it did not end well, where that is said already."""
    uploaded = Event(_upload_word(record), photo.uploaded_at)
    attempts = _attempts(record) if record else []
    attempts = [replace(each, why="") if each.why == told else each for each in attempts[:1]] + attempts[1:]
    if not attempts or attempts[-1].number > 1:
        return History(attempts, uploaded)
    first = attempts[-1]
    return History([*attempts[:-1], replace(first, events=[uploaded, *first.events])], None)


def _upload_word(record: contract.Photo | None) -> str:
    is_here = record and record.status != Status.UPLOADING
    never_arrived = record and record.reason and record.reason.code == contract.Failure.DID_NOT_ARRIVE
    return _("Uploaded") if is_here and not never_arrived else _("Upload begun")


def _attempts(record: contract.Photo) -> list[Attempt]:
    numbers = {step.attempt for step in record.steps}
    ended = [_ended(record, number) for number in numbers]
    last = [] if record.attempt in numbers else [_without_steps(record)]
    return sorted((each for each in [*ended, *last] if each), key=lambda attempt: -attempt.number)


def _ended(record: contract.Photo, number: int) -> Attempt:
    steps = [step for step in record.steps if step.attempt == number]
    outcome = next((step.outcome for step in reversed(steps) if step.outcome != StepOutcome.DONE), StepOutcome.DONE)
    status, word = ENDS.get(outcome, ENDS[StepOutcome.FAILED])
    return Attempt(number, status, _(word), clock.parse(steps[0].started), _events(steps), _why(record, steps))


def _events(steps: Iterable[contract.Step]) -> list[Event]:
    return [
        Event(
            _word(step),
            clock.parse(step.started),
            step.ms / 1000 if step.ms else None,
            is_bad=step.outcome != StepOutcome.DONE,
        )
        for step in steps
    ]


def _word(step: contract.Step) -> str:
    word = STEP_WORDS.get((step.name, step.outcome))
    return _(word) if word else f"{step.name}: {step.outcome}"


def _why(record: contract.Photo, steps: list[contract.Step]) -> str:
    """The reason in the record is of the last attempt that ended; those before have theirs in a step."""
    is_last = steps[-1].attempt == record.attempt and not catalog.is_open(record)
    if is_last and record.reason:
        return said(record.reason)
    return next((said(step.reason) for step in reversed(steps) if step.reason), "")


def _without_steps(record: contract.Photo) -> Attempt | None:
    """The last attempt of a record that holds no step of it: under way, as a rule. None before there was any."""
    if not catalog.is_open(record):
        status, word = ENDS[END_OF_STATUS[Status(record.status)]]
        return Attempt(record.attempt, status, _(word), None, [], said(record.reason))
    if catalog.awaited_run(record):
        return Attempt(record.attempt, Status.PROCESSING, _("Waiting to begin"), clock.parse(record.updated_at), [])
    if record.run_id:
        return Attempt(record.attempt, Status.PROCESSING, _("Under way"), clock.parse(record.updated_at), [])
    return None
