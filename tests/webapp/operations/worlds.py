"""Campaigns in a fake AWS whose state machine does nothing: a test does what the pipeline would."""

from __future__ import annotations

from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from pipeline_lambdas.photo_pipeline import contract, photo_table
from pipeline_lambdas.photo_pipeline.errors import Overtaken
from tests.factories import make_label
from webapp.operations.models import Campaign
from webapp.operations.moving import step
from webapp.photos.models import LabelCount, Photo, PhotoLabel

NOW = "2026-11-23T10:00:00.000+00:00"
MODEL = "Rekognition 4.0"


def under_way(states: SimpleNamespace) -> list[str]:
    return [name for name in states.names() if states.status(name) == "RUNNING"]


def answer(aws: Any, states: SimpleNamespace, *labels: str) -> int:
    """Let every run under way find `labels` and end; how many there were."""
    names = under_way(states)
    for name in names:
        with suppress(Overtaken):
            store(aws, states.run_of(name), *labels)
        states.end(name)
    return len(names)


def store(aws: Any, run: contract.Run, *labels: str) -> None:
    step_made = contract.Step("Relabel", NOW, ms=120, attempt=run.attempt, run_id=run.run_id)
    found = {"labels": [make_label(name) for name in labels], "label_model": MODEL}
    photo_table.store_labels(aws.table, run, found, step=step_made, now=NOW, usage=contract.Usage(invocations=3))


def fail(aws: Any, run: contract.Run, why: contract.Reason | None = None) -> None:
    why = why or contract.reason(contract.Failure.LABELS_REFUSED, detail="InvalidImageFormatException")
    failure = contract.Step("Relabel", NOW, 0, run.attempt, "failed", run_id=run.run_id, reason=why)
    photo_table.fail_labels(aws.table, run, failure, now=NOW, usage=contract.Usage())


def finish(aws: Any, states: SimpleNamespace, campaign: Campaign, *labels: str) -> None:
    """Take steps until there is nothing more to do."""
    for _ in range(50):
        if not step(campaign):
            break
        answer(aws, states, *labels)
    campaign.refresh_from_db()


def shown(photo: Photo) -> list[str]:
    """The labels that the gallery finds a photo by."""
    return sorted(PhotoLabel.objects.filter(photo=photo).values_list("name", flat=True))


def counts(owner: Any) -> dict[str, int]:
    return dict(LabelCount.objects.filter(owner=owner).values_list("name", "count"))
