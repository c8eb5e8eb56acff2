"""What a reviewer sees of a photo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import catalog, presign, timeline
from webapp.photos.models import Photo, Review
from webapp.review import log
from webapp.review.log import Line
from webapp.review.models import Action, Case, Kind, Reason, Verdict

LABELS = 8
DECISIONS = (Action.APPROVED, Action.REJECTED)
WHY = {
    Kind.FOUND: "The model found something",
    Kind.REPORT: "Somebody with a link reported it",
    Kind.APPEAL: "Its owner appeals",
}
SEEN = {
    Review.NONE: "Others may see it",
    Review.FLAGGED: "Others may see it until you decide",
    Review.QUARANTINED: "Nobody else sees it until you decide",
    Review.APPROVED: "It was approved, and others may see it",
    Review.REJECTED: "It was rejected, and nobody else sees it",
}
SAID = (Action.REPORTED, Action.APPEALED, Action.REJECTED)


@dataclass(frozen=True)
class Shown:
    """A photo to decide on: its picture (None while there is none) and its address, what the model found and how sure
    it was, what else it shows, how many photos of its owner were decided how, what people said of it, and what was
    done about it."""

    case: Case
    picture: contract.Rendition | None
    address: str
    findings: Sequence[contract.ModerationLabel]
    labels: Sequence[contract.Label]
    history: dict[str, int]
    said: Sequence[Line]
    lines: Sequence[Line]

    @property
    def why(self) -> str:
        return WHY[Kind(self.case.kind)]

    @property
    def seen(self) -> str:
        """By whom, now."""
        return SEEN[Review(self.case.photo.review)]


def show(cases: Sequence[Case]) -> tuple[Shown | None, str]:
    """The first case, and the address of the picture of the next one, to be fetched beforehand, or an empty string."""
    if not cases:
        return None, ""
    records = catalog.get_many([case.photo for case in cases])
    pictures = {pk: record.renditions.get(contract.DISPLAY) for pk, record in records.items()}
    addresses = presign.addresses({picture.key for picture in pictures.values() if picture})
    first, *others = cases
    ahead = pictures.get(others[0].photo_id) if others else None
    return _show(first, records, pictures, addresses), addresses[ahead.key] if ahead else ""


def _show(
    case: Case,
    records: dict[UUID, contract.Photo],
    pictures: dict[UUID, contract.Rendition | None],
    addresses: dict[str, str],
) -> Shown:
    record, picture = records.get(case.photo_id), pictures.get(case.photo_id)
    lines = log.of(case)
    return Shown(
        case=case,
        picture=picture,
        address=addresses[picture.key] if picture else "",
        findings=sorted(record.moderation, key=lambda label: -label.confidence) if record else [],
        labels=timeline.surest(contract.shown_labels(record))[:LABELS] if record else [],
        history=history(case),
        said=[line for line in standing(lines) if line.entry.action in SAID],
        lines=lines,
    )


def standing(lines: Sequence[Line]) -> Iterator[Line]:
    """Of what was done, the newest first, all but decisions that were undone."""
    is_undone = False
    for line in lines:
        if line.entry.action not in DECISIONS:
            is_undone = is_undone or line.entry.action == Action.UNDONE
            yield line
        elif is_undone:
            is_undone = False
        else:
            yield line


def history(case: Case) -> dict[str, int]:
    """How many other photos of the same owner were approved, rejected (also those that are gone since), or wait."""
    others = Case.objects.filter(owner=case.owner_id).exclude(pk=case.pk)
    counts = dict(others.values_list("photo__review").annotate(Count("pk")).order_by())
    waiting = counts.get(Review.FLAGGED, 0) + counts.get(Review.QUARANTINED, 0)
    rejected = counts.get(Review.REJECTED, 0) + _rejected_and_gone(case)
    return {"approved": counts.get(Review.APPROVED, 0), "rejected": rejected, "waiting": waiting}


def _rejected_and_gone(case: Case) -> int:
    """By what holds of each file: not what was rejected first, and allowed on appeal."""
    theirs = Photo.objects.filter(owner=case.owner_id).values("sha256")
    gone = Verdict.objects.filter(owner=case.owner_id, is_undone=False).exclude(sha256__in=theirs)
    newest = dict(gone.order_by("pk").values_list("sha256", "review"))
    return list(newest.values()).count(Review.REJECTED)


def reasons() -> list[tuple[int, str, str]]:
    """(key, code, sentence): which number stands for which reason."""
    return [(key, reason.value, str(reason.label)) for key, reason in enumerate(Reason, start=1)]


def context(cases: Sequence[Case], reviewer: Any) -> dict[str, Any]:
    shown, ahead = show(cases)
    return {"shown": shown, "ahead": ahead, "reasons": reasons(), "reviewer": reviewer}
