"""A run that looks for labels anew in a photo that stays as it is, in the same three steps as any other: its pictures
are those of the record, it asks for labels alone, and nothing but labels is stored. One that fails leaves the photo
alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import padding, photo_table
from .analysis_table import Subject, get_analysis
from .config import LabelsConfig
from .contract import ANALYSIS, DISPLAY, RELABEL, Analysis, Box, Photo, Relabel, Run, Status, Usage
from .errors import Overtaken
from .questions import name_parameters
from .results import RESIZED, ResizeResult, State, read_ending

OFF = "off"


def take_up(table: Any, run: Run) -> ResizeResult:
    """What the record holds in place of a drawing. Raises Overtaken when the photo is no longer the run's."""
    assert run.relabel is not None
    photo = photo_table.get_photo(table, run.owner_id, run.photo_id)
    mine = (Status.READY, run.run_id, run.relabel.of_run)
    if photo is None or (photo.status, photo.relabel_run, photo.run_id) != mine:
        raise Overtaken(run.run_id)
    return ResizeResult(
        RESIZED,
        original=photo.original,
        renditions=photo.renditions,
        analysis_content=_content(photo),
        asked_anew=photo.asked_anew,
    )


def _content(photo: Photo) -> Box:
    """Where the photo lies in its analysis picture."""
    shown, framed = photo.renditions[DISPLAY], photo.renditions[ANALYSIS]
    return padding.content((shown.width, shown.height), (framed.width, framed.height))


def ask_as_told(settings: LabelsConfig, relabel: Relabel | None) -> LabelsConfig:
    """The run's own parameters in place of the template's, and the one question about labels."""
    if relabel is None:
        return settings
    confidence = relabel.min_confidence or settings.min_confidence
    return replace(settings, min_confidence=confidence, detect_faces=OFF, detect_moderation_labels=OFF)


def choose_subject(table: Any, run: Run, resize: ResizeResult, *, own: LabelsConfig, told: LabelsConfig) -> Subject:
    """What is analysed: under a name of its own where no answer from before may be taken, whoever asks later. What was
    answered to the pipeline's `own` parameters holds all that a higher threshold leaves."""
    assert resize.original is not None
    anew = (run.relabel.anew if run.relabel else "") or resize.asked_anew
    named = {each: name_parameters(each) + (f"-{anew}" if anew else "") for each in (own, told)}
    wider = Subject(run, resize.original.sha256, named[own])
    if own.min_confidence < told.min_confidence and get_analysis(table, wider).labels is not None:
        return wider
    return replace(wider, parameters=named[told])


def store(table: Any, state: State, answers: Analysis | None, *, now: str, usage: Usage) -> dict[str, Any]:
    """Write the labels that were found, or why there are none, and what that used; no batch counts either."""
    try:
        ending = read_ending(state, answers)
        step = replace(ending.steps[-1], name=RELABEL, run_id=state.run.run_id)
        if ending.status == Status.READY:
            found = _sure_enough(ending.attributes, state.run)
            photo_table.store_labels(table, state.run, found, step=step, now=now, usage=usage)
        else:
            photo_table.fail_labels(
                table, state.run, replace(step, reason=ending.attributes["reason"]), now=now, usage=usage
            )
    except Overtaken:
        return {"outcome": "overtaken", "batch_id": "", "batch_due": False}
    return {"outcome": ending.status.value, "batch_id": "", "batch_due": False}


def _sure_enough(found: dict[str, Any], run: Run) -> dict[str, Any]:
    """Without the labels below the run's threshold: the answer may be one to a lower threshold."""
    assert run.relabel is not None
    return found | {"labels": [each for each in found["labels"] if each.confidence >= run.relabel.min_confidence]}
