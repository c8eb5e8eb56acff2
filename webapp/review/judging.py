"""What the model's findings mean for a photo, when it is indexed. What a person decided stays as it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.conf import settings

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos.models import DECIDED, Photo, Review, Status
from webapp.review import log, verdicts
from webapp.review.models import Action, Case, Kind, Urgency, Verdict

WITHIN = {Review.FLAGGED: (Action.FLAGGED, Urgency.FLAGGED), Review.QUARANTINED: (Action.QUARANTINED, Urgency.WITHHELD)}


def judge(photos: Sequence[Photo], records: Mapping[UUID, contract.Photo]) -> None:
    """Set `review` and `findings` of photos by their records, in the transaction of the caller, who has locked them and
    their owners, and saves them. Findings that were judged before by the same thresholds are not judged again."""
    ready = [photo for photo in photos if photo.status == Status.READY and photo.pk in records]
    decided = verdicts.known(photo for photo in ready if photo.review not in DECIDED)
    for photo in ready:
        _judge(photo, records[photo.pk], decided.get((photo.owner_id, photo.sha256)))


def _judge(photo: Photo, record: contract.Photo, verdict: Verdict | None) -> None:
    before, judged = Review(photo.review), photo.findings
    after = before
    if _was_looked_at(record):
        photo.findings, after = digest(record.moderation), level(record.moderation)
    if before in DECIDED or (verdict and verdicts.follow(photo, verdict, otherwise=after)):
        return
    if after == before or photo.findings == judged:
        return
    if after == Review.NONE:
        _pass(photo)
    else:
        photo.review = after
        _ask(photo, before)


def _was_looked_at(record: contract.Photo) -> bool:
    """Whether the run asked for it at all: to find nothing is something else than not to look."""
    return bool(record.moderation or record.moderation_model)


def digest(moderation: Sequence[contract.ModerationLabel]) -> str:
    """What the model found, and what it is judged by, as 16 characters to compare; none when it found nothing."""
    found = sorted((label.name, round(label.confidence, 1)) for label in moderation)
    return hashlib.sha256(json.dumps([found, policy()]).encode()).hexdigest()[:16] if found else ""


def policy() -> str:
    """The thresholds and what counts, as 16 characters to compare."""
    settled = [settings.REVIEW_FLAG_ABOVE, settings.REVIEW_QUARANTINE_ABOVE, sorted(settings.REVIEW_CATEGORIES)]
    return hashlib.sha256(json.dumps(settled).encode()).hexdigest()[:16]


def level(moderation: Sequence[contract.ModerationLabel]) -> Review:
    """None, flagged or quarantined: by the surest of the findings that count."""
    counted = [label.confidence for label in moderation if label.name in settings.REVIEW_CATEGORIES]
    surest = max(counted, default=0.0)
    if surest > settings.REVIEW_QUARANTINE_ABOVE:
        return Review.QUARANTINED
    return Review.FLAGGED if surest > settings.REVIEW_FLAG_ABOVE else Review.NONE


def _pass(photo: Photo) -> None:
    """The model finds nothing any more; what somebody has reported waits for a person all the same."""
    case = Case.objects.filter(photo=photo).first()
    is_asked_for = case is not None and case.is_open and case.kind != Kind.FOUND
    before, photo.review = photo.review, Review.FLAGGED if is_asked_for else Review.NONE
    if case is None or before == photo.review:
        return
    Case.objects.filter(pk=case.pk).update(is_open=is_asked_for)
    log.write(case=case, action=Action.PASSED, before=before, after=photo.review)


def _ask(photo: Photo, before: str) -> None:
    """Put a photo into the queue, or leave it there for what it is in there for."""
    action, urgency = WITHIN[Review(photo.review)]
    case, _is_new = Case.objects.get_or_create(photo=photo, defaults={"owner_id": photo.owner_id})
    case.urgency = min(urgency, case.urgency) if case.is_open else urgency
    case.kind = case.kind if case.is_open else Kind.FOUND
    case.is_open = True
    case.save(update_fields=("urgency", "kind", "is_open"))
    log.write(case=case, action=action, before=before, after=photo.review)
