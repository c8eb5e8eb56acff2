"""What there is to tell of a run that died: nobody else notes it."""

from __future__ import annotations

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import catalog, clock
from webapp.photos.runs import Execution


def lost_step(seen: contract.Photo, execution: Execution | None) -> contract.Step:
    """What there is to tell of the last run of an open record, whose execution has ended and stored nothing, or is
    unknown."""
    awaited = catalog.awaited_run(seen)
    never_began = awaited and execution is None
    outcome = contract.StepOutcome.NOT_STARTED if never_began else contract.StepOutcome.STOPPED
    said = execution.status if execution else "unknown to Step Functions"
    return contract.Step(
        contract.WHOLE_RUN,
        started=clock.iso(execution.started) if execution else seen.updated_at,
        ms=_milliseconds(execution),
        attempt=seen.attempt,
        outcome=outcome.value,
        run_id=awaited or seen.run_id,
        reason=contract.Reason(contract.Failure.STOPPED.value, text="", detail=said),
    )


def _milliseconds(execution: Execution | None) -> int:
    if execution is None or execution.stopped is None:
        return 0
    return round((execution.stopped - execution.started).total_seconds() * 1000)
