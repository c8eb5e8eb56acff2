"""What every write of a run is conditional on."""

from __future__ import annotations

from .contract import Item, Run, Status


def fence(run: Run) -> tuple[str, Item]:
    """The condition that a photo is still the run's, in which `#status` is its status, and the values it names."""
    if run.relabel is None:
        return "run_id = :run AND #status = :fenced", {":run": run.run_id, ":fenced": Status.PROCESSING.value}
    values = {":run": run.run_id, ":of": run.relabel.of_run, ":fenced": Status.READY.value}
    return "relabel_run = :run AND run_id = :of AND #status = :fenced", values
