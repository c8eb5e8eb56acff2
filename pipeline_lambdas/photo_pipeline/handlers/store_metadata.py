"""Write how a run ended, if the photo is still its own, and count it in its batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from aws_lambda_powertools import Logger

from .. import aws, config, photo_table, relabelling
from ..analysis_table import Subject, get_analysis
from ..contract import RENDITION_FILES, Analysis, Photo, Run, Status, Usage, from_item, rendition_key
from ..errors import Overtaken
from ..metering import Meter, metered
from ..results import Ending, State, Stopwatch, read_ending, utc_now

logger = Logger()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{"state": the execution's whole state, "retries": …}` to `{"outcome": a status or "overtaken", "batch_id": …,
    "batch_due": …}`. An execution that was begun before an update of the pipeline hands over the bare state."""
    with metered(event) as meter:
        return _store(from_item(State, event.get("state", event)), meter)


def _store(state: State, meter: Meter) -> dict[str, Any]:
    run, stopwatch = state.run, Stopwatch("StoreMetadata", state.run)
    settings = config.load(config.StoreConfig)
    table = aws.table(settings.photo_table)
    if run.relabel:
        answers = _get_answers(table, state)
        return relabelling.store(table, state, answers, now=utc_now(), usage=_used(state, meter))
    try:
        ending = read_ending(state, _get_answers(table, state))
        ending = replace(ending, steps=[*ending.steps, stopwatch.step()])
        photo = _finish(table, run, ending, lambda: _used(state, meter))
    except Overtaken:
        logger.info("overtaken", extra={"run": run.run_id})
        _remove_renditions(table, run, settings.renditions_bucket)
        return {"outcome": "overtaken", "batch_id": "", "batch_due": False}
    batch = photo_table.count_in_batch(table, photo)
    return {"outcome": photo.status, "batch_id": photo.batch_id, "batch_due": bool(batch and batch.is_due)}


def _get_answers(table: Any, state: State) -> Analysis | None:
    if not state.needs_answers:
        return None
    assert state.analysis is not None
    return get_analysis(table, Subject(state.run, state.analysis.sha256, state.analysis.parameters))


def _used(state: State, meter: Meter) -> Usage:
    """Up to now, and by counting the photo in its batch, which comes after the only write that can note it."""
    return meter.read() + state.usage + (photo_table.COUNTING if state.has_batch else Usage())


def _finish(table: Any, run: Run, ending: Ending, used: Callable[[], Usage]) -> Photo:
    try:
        return photo_table.finish_photo(table, run, ending, now=utc_now(), usage=used())
    except Overtaken:
        if ending.status != Status.FAILED:
            raise
        # What broke before it could claim the photo is claimed now, so that the failure can be told.
        photo_table.claim_photo(table, run, now=utc_now())
        return photo_table.finish_photo(table, run, ending, now=utc_now(), usage=used())


def _remove_renditions(table: Any, run: Run, bucket: str) -> None:
    """A run that lost the photo leaves nothing behind, but what it stored before it lost and the photo still shows."""
    photo = photo_table.get_photo(table, run.owner_id, run.photo_id)
    shown = {rendition.key for rendition in photo.renditions.values()} if photo else set()
    for name in RENDITION_FILES:
        key = rendition_key(run.owner_id, run.photo_id, run.run_id, name)
        if key not in shown:
            aws.s3().delete_object(Bucket=bucket, Key=key)
