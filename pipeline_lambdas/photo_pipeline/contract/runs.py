"""A run: what an execution is asked, and the steps and the use that it leaves."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum

from .reasons import Reason

MAX_ATTEMPTS = 3
KEPT_ATTEMPTS = 10
KEPT_DETAIL = 200


@dataclass(frozen=True)
class Relabel:
    """What a run of its own asks about a photo that stays as it is: ready, shown, with the labels that it has until
    others are stored. `of_run` drew the picture that is looked at; `min_confidence` in percent, 0 is the pipeline's
    own; answers are kept apart under the name `anew`, so that none from before are taken, unless that is empty."""

    of_run: str
    min_confidence: float = 0.0
    anew: str = ""


@dataclass(frozen=True)
class Run:
    """One attempt at a photo, the input of an execution; `run_id` is its name, and the fence of all its writes."""

    run_id: str
    owner_id: str
    photo_id: str
    key: str
    attempt: int
    etag: str
    version_id: str = ""
    relabel: Relabel | None = None


def new_run(
    *, owner_id: str, photo_id: str, key: str, etag: str, version_id: str = "", sequencer: str = "", attempt: int = 1
) -> Run:
    """The run of an attempt at one version of an original; the same facts give the same name, so an event that
    arrives twice starts one execution. Names are at most 80 characters of [0-9a-z-], as Step Functions asks."""
    version = hashlib.sha256((version_id or sequencer or etag).encode()).hexdigest()[:10]
    return Run(
        run_id=f"{photo_id}-{version}-{attempt}",
        owner_id=owner_id,
        photo_id=photo_id,
        key=key,
        attempt=attempt,
        etag=etag,
        version_id=version_id,
    )


class StepOutcome(StrEnum):
    """How a step ended. A whole run that died without a result is `stopped`, or `not_started` if it never began."""

    DONE = "done"
    REJECTED = "rejected"
    FAILED = "failed"
    STOPPED = "stopped"
    NOT_STARTED = "not_started"


WHOLE_RUN = "Run"
RELABEL, RESTORE = "Relabel", "Restore"


@dataclass(frozen=True)
class Step:
    """One step of a run as it happened: started in ISO 8601 UTC, duration in milliseconds (0 where nobody measured it),
    how it ended. One named `WHOLE_RUN` stands for a run that left no step of its own; `RELABEL` is one that looked for
    labels anew, and `RESTORE` took its labels back. The run, and why it did not end
    well, are noted in a step once a later run is asked for: until then the record itself says so."""

    name: str
    started: str
    ms: int
    attempt: int
    outcome: str = StepOutcome.DONE.value
    run_id: str = ""
    reason: Reason | None = None


@dataclass(frozen=True)
class Usage:
    """What was used: requests by service and operation, as botocore names them and as often as they were sent; read and
    write units of DynamoDB; invocations of Lambda functions, and the gigabyte-seconds that they took by their own
    clocks; state transitions. In a photo's record it is of the run `run_id`, which ended at `at` (ISO 8601 UTC)."""

    requests: dict[str, int] = field(default_factory=dict)
    read_units: float = 0.0
    write_units: float = 0.0
    invocations: int = 0
    gb_seconds: float = 0.0
    transitions: int = 0
    run_id: str = ""
    at: str = ""

    def __add__(self, other: Usage) -> Usage:
        """Both together; which run, and when, is what the left one says."""
        names = {**self.requests, **other.requests}
        return replace(
            self,
            requests={name: self.requests.get(name, 0) + other.requests.get(name, 0) for name in names},
            read_units=self.read_units + other.read_units,
            write_units=self.write_units + other.write_units,
            invocations=self.invocations + other.invocations,
            gb_seconds=self.gb_seconds + other.gb_seconds,
            transitions=self.transitions + other.transitions,
        )
