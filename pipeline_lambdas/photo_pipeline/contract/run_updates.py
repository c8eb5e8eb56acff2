"""The site's writes around a run: it asks for one, takes it back, or closes a photo that none will finish."""

from __future__ import annotations

from dataclasses import replace

from .items import to_attribute
from .photo import TERMINAL, Photo, Status
from .reasons import Reason
from .runs import KEPT_ATTEMPTS, KEPT_DETAIL, RESTORE, WHOLE_RUN, Relabel, Run, Step, StepOutcome
from .table import Item, UpdateArguments, conditional_update, photo_item_key


def request_run_update(
    seen: Photo, run: Run, *, now: str, lost: Step | None = None, by_person: bool = False
) -> UpdateArguments:
    """The site asks for `run`: from now on its execution may claim the photo. Only if the record is still as seen, so
    that two who ask at once get one run. A photo that had reached its end leaves its batch behind: it has been told.

    `lost` is what became of the run before, if that died. The steps of the last `KEPT_ATTEMPTS` attempts are kept; they
    do not change while a record is as seen, since a run that stores its steps ends the photo.
    """
    steps = [step for step in _told_steps(seen, lost) if step.attempt > run.attempt - KEPT_ATTEMPTS]
    asked = run.attempt - 1 if by_person else seen.asked_attempts
    update = "SET requested_run = :run, attempt = :attempt, asked_attempts = :asked, updated_at = :now, #steps = :steps"
    used = {":used": to_attribute(seen.usage[1 - KEPT_ATTEMPTS :])} if len(seen.usage) >= KEPT_ATTEMPTS else {}
    return conditional_update(
        photo_item_key(seen.owner_id, seen.photo_id),
        update + (", #usage = :used" if used else "") + (" REMOVE batch_id" if seen.status in TERMINAL else ""),
        where=_as_seen(seen),
        names={"#status": "status", "#steps": "steps"} | ({"#usage": "usage"} if used else {}),
        values=_as_seen_values(seen)
        | used
        | {":run": run.run_id, ":attempt": run.attempt, ":asked": asked, ":now": now, ":steps": to_attribute(steps)},
    )


def new_relabel_run(seen: Photo, *, tag: str, min_confidence: float = 0.0, anew: str = "") -> Run:
    """A run that looks for labels anew in the pictures of `seen`; the same tag gives the same name."""
    relabel = Relabel(of_run=seen.run_id, min_confidence=min_confidence, anew=anew)
    return Run(f"{seen.photo_id}-{tag}", seen.owner_id, seen.photo_id, seen.key, seen.attempt, etag="", relabel=relabel)


def request_relabel_update(seen: Photo, run: Run) -> UpdateArguments:
    """The site asks for labels anew: `run` may store them from now on, and nobody else who was asked before. Only if
    the record, which is ready, is as seen."""
    labels = "labelled_by = :labelled_by" if seen.labelled_by else "attribute_not_exists(labelled_by)"
    values = {":labelled_by": seen.labelled_by} if seen.labelled_by else {}
    return conditional_update(
        photo_item_key(seen.owner_id, seen.photo_id),
        "SET relabel_run = :relabel REMOVE relabel_failure",
        where=f"{_as_seen(seen)} AND {labels}",
        names={"#status": "status"},
        values=_as_seen_values(seen) | values | {":relabel": run.run_id},
    )


def end_relabel_update(owner_id: str, photo_id: str, run_id: str) -> UpdateArguments:
    """The run that was to look for labels anew may store none any more."""
    key = photo_item_key(owner_id, photo_id)
    return conditional_update(key, "REMOVE relabel_run", where="relabel_run = :run", values={":run": run_id})


def restore_labels_update(before: Photo, run_id: str, *, now: str) -> UpdateArguments:
    """The labels that a photo had `before` come back, if those of now are still what `run_id` found: neither a later
    run of the whole nor another look for labels is undone. What its owner said of them stays."""
    step = Step(RESTORE, now, ms=0, attempt=before.attempt, run_id=run_id)
    known = {"labelled_by": before.labelled_by, "asked_anew": before.asked_anew}
    kept, dropped = [name for name in known if known[name]], [name for name in known if not known[name]]
    return conditional_update(
        photo_item_key(before.owner_id, before.photo_id),
        "SET labels = :labels, label_model = :model, updated_at = :now"
        ", #steps = list_append(if_not_exists(#steps, :none), :steps)"
        + "".join(f", {name} = :{name}" for name in kept)
        + (f" REMOVE {', '.join(dropped)}" if dropped else ""),
        where="labelled_by = :run AND run_id = :of AND #status = :ready",
        names={"#status": "status", "#steps": "steps"},
        values={f":{name}": known[name] for name in kept}
        | {
            ":none": [],
            ":steps": to_attribute([step]),
            ":labels": to_attribute(before.labels),
            ":model": before.label_model,
            ":now": now,
            ":run": run_id,
            ":of": before.run_id,
            ":ready": Status.READY.value,
        },
    )


def close_update(seen: Photo, why: Reason, *, now: str, lost: Step | None = None) -> UpdateArguments:
    """The site closes a photo that no run will finish: `failed`, only if the record is still as seen. `lost` is what
    became of its last run, if there was one."""
    return conditional_update(
        photo_item_key(seen.owner_id, seen.photo_id),
        "SET #status = :failed, reason = :why, updated_at = :now, #steps = :steps REMOVE requested_run",
        where=_as_seen(seen),
        names={"#status": "status", "#steps": "steps"},
        values=_as_seen_values(seen)
        | {
            ":failed": Status.FAILED.value,
            ":why": to_attribute(why),
            ":now": now,
            ":steps": to_attribute(_with_lost(seen.steps, lost)),
        },
    )


def _as_seen(seen: Photo) -> str:
    """The condition that nobody asked for a run, began one or ended one since: an awaited run that has ended meanwhile
    may have left status and attempt as they were, and holds the photo."""
    holder = "run_id = :seen_run" if seen.run_id else "attribute_not_exists(run_id)"
    return f"#status = :seen_status AND attempt = :seen_attempt AND {holder}"


def _as_seen_values(seen: Photo) -> Item:
    values = {":seen_status": seen.status, ":seen_attempt": seen.attempt}
    return values | ({":seen_run": seen.run_id} if seen.run_id else {})


def _told_steps(seen: Photo, lost: Step | None) -> list[Step]:
    """The steps of `seen`, and what only its record says of its last attempt and a later one would overwrite."""
    if seen.status not in TERMINAL or seen.requested_run not in ("", seen.run_id):
        return _with_lost(seen.steps, lost)
    earlier = [step for step in seen.steps if step.attempt != seen.attempt]
    last = [replace(step, run_id=step.run_id or seen.run_id) for step in seen.steps if step.attempt == seen.attempt]
    return earlier + (_with_reason(last, seen, seen.reason) if seen.reason else last)


def _with_reason(steps: list[Step], seen: Photo, why: Reason) -> list[Step]:
    """The steps of an attempt that did not end well, the last one that went wrong with its reason."""
    why = replace(why, detail=why.detail[:KEPT_DETAIL])
    wrong = [at for at, step in enumerate(steps) if step.outcome != StepOutcome.DONE]
    if not wrong:
        failed = StepOutcome.FAILED.value
        return [*steps, Step(WHOLE_RUN, seen.updated_at, 0, seen.attempt, failed, run_id=seen.run_id, reason=why)]
    at = wrong[-1]
    return [*steps[:at], replace(steps[at], reason=steps[at].reason or why), *steps[at + 1 :]]


def _with_lost(steps: list[Step], lost: Step | None) -> list[Step]:
    is_new = lost is not None and all(step.attempt != lost.attempt for step in steps)
    return [*steps, lost] if lost is not None and is_new else steps
