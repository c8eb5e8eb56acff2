"""What the model's findings mean for a photo, when it is indexed. What a person decided stays as it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos.models import DECIDED, Photo, Review, Status
from webapp.review import log
from webapp.review.models import Action, Case, Kind, Urgency

WITHIN = {Review.FLAGGED: (Action.FLAGGED, Urgency.FLAGGED), Review.QUARANTINED: (Action.QUARANTINED, Urgency.WITHHELD)}


def judge(photos: Sequence[Photo], records: Mapping[UUID, contract.Photo]) -> None:
    """Set `review` and `findings` of photos by their records, in the transaction of the caller, who has locked and
    saves them. Findings that were judged before are not judged again."""
    ready = [photo for photo in photos if photo.status == Status.READY and photo.pk in records]
    rejected = _rejected_files(ready)
    for photo in ready:
        _judge(photo, records[photo.pk], is_rejected_elsewhere=(photo.owner_id, photo.sha256) in rejected)


def _rejected_files(photos: Sequence[Photo]) -> set[tuple[Any, str]]:
    """(owner, content) of what a person has rejected already: sending the file once more does not get it shown."""
    undecided = [photo for photo in photos if photo.review not in DECIDED and photo.sha256]
    if not undecided:
        return set()
    owners, files = {photo.owner_id for photo in undecided}, {photo.sha256 for photo in undecided}
    rejected = Photo.objects.filter(owner__in=owners, sha256__in=files, review=Review.REJECTED)
    return set(rejected.values_list("owner", "sha256"))


@transaction.atomic
def withhold_copies(of: Photo) -> None:
    """Show nobody else other photos of the same file either, of which nobody has decided, and ask about them."""
    if not of.sha256:
        return
    same = Photo.objects.kept().filter(owner=of.owner_id, sha256=of.sha256, status=Status.READY).exclude(pk=of.pk)
    for photo in same.filter(review__in=[Review.NONE, Review.FLAGGED]).locked():
        before, photo.review = photo.review, Review.QUARANTINED
        photo.cleared = photo.may_be_cleared
        photo.save(update_fields=("review", "cleared"))
        _ask(photo, before)


def _judge(photo: Photo, record: contract.Photo, *, is_rejected_elsewhere: bool) -> None:
    if not _was_looked_at(record):
        return
    before, known = photo.review, photo.findings
    photo.findings = digest(record.moderation)
    if before in DECIDED or (photo.findings == known and not is_rejected_elsewhere):
        return
    after = Review.QUARANTINED if is_rejected_elsewhere else level(record.moderation)
    if after == before:
        return
    if after == Review.NONE:
        _pass(photo)
    elif not is_rejected_elsewhere and _is_approved_elsewhere(photo):
        _approve_as_before(photo)
    else:
        photo.review = after
        _ask(photo, before)


def _was_looked_at(record: contract.Photo) -> bool:
    """Whether the run asked for it at all: to find nothing is something else than not to look."""
    return bool(record.moderation or record.moderation_model)


def digest(moderation: Sequence[contract.ModerationLabel]) -> str:
    """What the model found, as 16 characters to compare; none when it found nothing."""
    found = sorted((label.name, round(label.confidence, 1)) for label in moderation)
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()[:16] if found else ""


def level(moderation: Sequence[contract.ModerationLabel]) -> Review:
    """None, flagged or quarantined: by the surest of the findings that count."""
    counted = [label.confidence for label in moderation if label.name in settings.REVIEW_CATEGORIES]
    surest = max(counted, default=0.0)
    if surest > settings.REVIEW_QUARANTINE_ABOVE:
        return Review.QUARANTINED
    return Review.FLAGGED if surest > settings.REVIEW_FLAG_ABOVE else Review.NONE


def _is_approved_elsewhere(photo: Photo) -> bool:
    """Whether a person has approved this very file for the same owner already."""
    same = Photo.objects.filter(owner=photo.owner_id, sha256=photo.sha256, review=Review.APPROVED)
    return bool(photo.sha256) and same.exclude(pk=photo.pk).exists()


def _approve_as_before(photo: Photo) -> None:
    case, _is_new = Case.objects.get_or_create(photo=photo, defaults={"owner_id": photo.owner_id, "is_open": False})
    log.write(case=case, action=Action.APPROVED, before=photo.review, after=Review.APPROVED)
    photo.review = Review.APPROVED


def _pass(photo: Photo) -> None:
    """The model finds nothing any more; what somebody has reported waits for a person all the same."""
    case = Case.objects.filter(photo=photo).first()
    if case is not None and case.is_open and case.kind != Kind.FOUND:
        photo.review = Review.FLAGGED
        return
    Case.objects.filter(photo=photo).update(is_open=False)
    if case is not None:
        log.write(case=case, action=Action.PASSED, before=photo.review, after=Review.NONE)
    photo.review = Review.NONE


def _ask(photo: Photo, before: str) -> None:
    """Put a photo into the queue, or leave it there for what it is in there for."""
    action, urgency = WITHIN[Review(photo.review)]
    case, _is_new = Case.objects.get_or_create(photo=photo, defaults={"owner_id": photo.owner_id})
    case.urgency = min(urgency, case.urgency) if case.is_open else urgency
    case.kind = case.kind if case.is_open else Kind.FOUND
    case.is_open = True
    case.save(update_fields=("urgency", "kind", "is_open"))
    log.write(case=case, action=action, before=before, after=photo.review)
