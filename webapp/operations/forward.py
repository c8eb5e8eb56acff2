"""Relabelling the photos of a campaign, a few at a time. A photo stays ready and shows its old labels until its run has
stored new ones; one whose run finds none keeps them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import analyses, catalog, runs
from webapp.photos.errors import AWS_ERRORS, OUT_OF_TIME
from webapp.photos.index import index

from .conf import runs_at_once
from .models import Campaign, CampaignLabel, CampaignPhoto, PhotoStatus

logger = logging.getLogger(__name__)
MAX_TRIES = 3
NOT_READY = "It was not ready."
DELETED = "It was deleted."
OTHER_MODEL = "Another model has labelled it since."
DIED = "Its run died each time."
BROKEN = "Something went wrong on our side; the log says what."


# --- Beginning -------------------------------------------------------------------------------------------------------


def begin_some(campaign: Campaign) -> bool:
    """Begin as many runs as there is room for; whether there is anything to wait for. Raises `AWS_ERRORS`."""
    under_way = campaign.photos.filter(status=PhotoStatus.RUNNING).count()
    room = runs_at_once() - under_way
    waiting = campaign.photos.filter(status=PhotoStatus.WAITING).select_related("photo").order_by("pk")[: max(room, 0)]
    rows = list(waiting)
    records = catalog.get_many([row.photo for row in rows], consistent=True)
    for row in rows:
        with _apart(row):
            _begin(campaign, row, records.get(row.photo_id))
    return bool(under_way or rows)


def _begin(campaign: Campaign, row: CampaignPhoto, seen: contract.Photo | None) -> None:
    if seen is None or seen.status != contract.Status.READY or catalog.is_open(seen):
        _leave_out(row, NOT_READY)
    elif campaign.label_model and seen.label_model != campaign.label_model:
        _leave_out(row, OTHER_MODEL)
    elif _note_begun(campaign, row, seen):
        _ask(campaign, row, seen)


def _note_begun(campaign: Campaign, row: CampaignPhoto, seen: contract.Photo) -> bool:
    """Write what the photo is like now and which run will change it. Two who do so at once write one of them."""
    row.run_id = _run(campaign, row, seen).run_id
    row.before = {
        "labels": [asdict(label) for label in seen.labels],
        "label_model": seen.label_model,
        "labelled_by": seen.labelled_by,
        "asked_anew": seen.asked_anew,
        "of_run": seen.run_id,
    }
    changes = {"status": PhotoStatus.RUNNING, "run_id": row.run_id, "before": row.before}
    return _change(row, PhotoStatus.WAITING, **changes)


def _run(campaign: Campaign, row: CampaignPhoto, seen: contract.Photo) -> contract.Run:
    return contract.new_relabel_run(
        seen,
        tag=f"{campaign.tag}-{row.tries + 1}",
        min_confidence=campaign.min_confidence or 0.0,
        anew=campaign.tag if campaign.asks_anew else "",
    )


def _ask(campaign: Campaign, row: CampaignPhoto, seen: contract.Photo) -> None:
    """Let the run store labels, then start it: both again are as once."""
    run = _run(campaign, row, seen)
    if catalog.request_relabel(seen, run) is None:
        _try_again(row)
    else:
        runs.start(run)


# --- Ending ----------------------------------------------------------------------------------------------------------


def settle(campaign: Campaign) -> bool:
    """Note what became of the runs under way; whether some still are. Raises `AWS_ERRORS`."""
    rows = list(campaign.photos.filter(status=PhotoStatus.RUNNING).select_related("photo"))
    records = catalog.get_many([row.photo for row in rows], consistent=True)
    done = [row for row in rows if _is_done(row, records.get(row.photo_id))]
    # What a run used is taken into SQL with the rest, of one that failed too.
    index([row.photo_id for row in rows if row in done or _has_failed(row, records.get(row.photo_id))])
    for row in rows:
        record = records.get(row.photo_id)
        with _apart(row):
            if row in done and record is not None:
                _note_done(row, record)
            else:
                _settle(campaign, row, record)
    return bool(rows)


def _is_done(row: CampaignPhoto, record: contract.Photo | None) -> bool:
    """Whether the labels of now are those that the row's run found."""
    return record is not None and (record.labelled_by, record.run_id) == (row.run_id, row.before["of_run"])


def _has_failed(row: CampaignPhoto, record: contract.Photo | None) -> bool:
    """Whether the row's run has said that it found none."""
    failure = record.relabel_failure if record else None
    return failure is not None and failure.run_id == row.run_id


def _settle(campaign: Campaign, row: CampaignPhoto, record: contract.Photo | None) -> None:
    if record is None or record.status == contract.Status.DELETING:
        _leave_out(row, DELETED)
    elif record.relabel_failure and _has_failed(row, record):
        _note_failed(row, record.relabel_failure.reason)
    else:
        _look_after(campaign, row, record)


def _note_failed(row: CampaignPhoto, why: contract.Reason | None) -> None:
    """One that the cap on costs has stopped comes again when there is room."""
    analyses.note_paid([row.photo])
    if why and why.code == contract.Failure.PAUSED and row.tries + 1 < MAX_TRIES:
        _change(row, PhotoStatus.RUNNING, status=PhotoStatus.WAITING, tries=row.tries + 1, run_id="", before={})
    else:
        _change(row, PhotoStatus.RUNNING, status=PhotoStatus.FAILED, why=_sentence(why))


def _sentence(why: contract.Reason | None) -> str:
    return f"{why.text} {why.detail}".strip()[:255] if why else ""


def _look_after(campaign: Campaign, row: CampaignPhoto, record: contract.Photo) -> None:
    """A run that has stored nothing: it is under way, or was never started, or has died, or lost the photo."""
    execution = runs.look_up(row.run_id)
    if execution is None and record.run_id == row.before["of_run"] and not catalog.is_open(record):
        _ask(campaign, row, record)
    elif execution is None or (execution.status != runs.RUNNING and not _has_ended_well(row)):
        _try_again(row)


def _has_ended_well(row: CampaignPhoto) -> bool:
    """Whether it has stored something between the two looks, at its record and at its execution."""
    record = catalog.get(row.photo)
    return _is_done(row, record) or _has_failed(row, record)


def _try_again(row: CampaignPhoto) -> None:
    """From what the photo is like now, by another run: this one may store nothing any more. One that did so at the last
    moment is left to the next look: another run would take its labels for those of before."""
    if catalog.end_relabel(row.photo, row.run_id) is None and _is_done(row, catalog.get(row.photo)):
        return
    analyses.note_paid([row.photo])
    if row.tries + 1 < MAX_TRIES:
        _change(row, PhotoStatus.RUNNING, status=PhotoStatus.WAITING, tries=row.tries + 1, run_id="", before={})
    else:
        _change(row, PhotoStatus.RUNNING, status=PhotoStatus.FAILED, why=DIED)


def _leave_out(row: CampaignPhoto, why: str) -> None:
    _change(row, PhotoStatus(row.status), status=PhotoStatus.SKIPPED, why=why)


@contextmanager
def _apart(row: CampaignPhoto) -> Iterator[None]:
    """One photo that nobody can make sense of stops no other; AWS or a database that does not answer stops all."""
    try:
        yield
    except (*AWS_ERRORS, OperationalError, InterfaceError, OUT_OF_TIME):
        raise
    except Exception:
        logger.exception("photo %s of campaign %s was left as it is", row.photo_id, row.campaign_id)
        CampaignPhoto.objects.filter(pk=row.pk).update(status=PhotoStatus.FAILED, why=BROKEN)


def _change(row: CampaignPhoto, seen: PhotoStatus, **changes: Any) -> bool:
    """Write into a row that is as it was seen."""
    same = CampaignPhoto.objects.filter(pk=row.pk, status=seen, tries=row.tries)
    return bool(same.update(**changes))


# --- What has changed ------------------------------------------------------------------------------------------------


@transaction.atomic
def _note_done(row: CampaignPhoto, record: contract.Photo) -> None:
    before, after = _shown(as_before(row, record)), _shown(record)
    gained, lost = after.keys() - before.keys(), before.keys() - after.keys()
    changes = {"shown_before": _pairs(before), "shown_after": _pairs(after), "changes": len(gained | lost)}
    if _change(row, PhotoStatus.RUNNING, status=PhotoStatus.DONE, **changes):
        _count(row.campaign_id, gained=gained, lost=lost)


def as_before(row: CampaignPhoto, record: contract.Photo) -> contract.Photo:
    """A photo with the labels that it had when its row's run was begun."""
    labels = [contract.from_item(contract.Label, label) for label in row.before["labels"]]
    known = {name: row.before.get(name, "") for name in ("label_model", "labelled_by", "asked_anew")}
    return replace(record, labels=labels, run_id=row.before["of_run"], **known)


def _shown(record: contract.Photo) -> dict[str, float]:
    return {label.name: label.confidence for label in contract.shown_labels(record)}


def _pairs(shown: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(shown.items(), key=lambda pair: (-pair[1], pair[0]))


def _count(campaign_id: Any, *, gained: Iterable[str], lost: Iterable[str]) -> None:
    names = sorted({*gained, *lost})
    new = [CampaignLabel(campaign_id=campaign_id, name=name) for name in names]
    CampaignLabel.objects.bulk_create(new, ignore_conflicts=True)
    counted = CampaignLabel.objects.filter(campaign=campaign_id)
    counted.filter(name__in=list(gained)).update(gained=F("gained") + 1)
    counted.filter(name__in=list(lost)).update(lost=F("lost") + 1)
