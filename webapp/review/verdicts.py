"""What a person decided about a file holds for every copy that its owner has or sends, until somebody decides anew.

A verdict is written, and read to judge by, while the row of the owner is locked. So of a copy that comes in while a
decision is made, either its index knows of the verdict, or `settle` behind the decision finds the copy.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from webapp.photos import owners
from webapp.photos.errors import OUT_OF_TIME
from webapp.photos.models import Photo, Review, Status
from webapp.review import log
from webapp.review.models import Action, Case, Entry, Kind, Urgency, Verdict
from webapp.review.queue import UNDO

logger = logging.getLogger(__name__)
TOGETHER = 200
URGENCY = {Review.FLAGGED: Urgency.FLAGGED, Review.QUARANTINED: Urgency.WITHHELD}


def known(photos: Iterable[Photo]) -> dict[tuple[Any, str], Verdict]:
    """The verdicts that hold for these photos, by owner and content; the caller has locked their owners."""
    about = [photo for photo in photos if photo.sha256]
    found = Verdict.objects.of((photo.owner_id for photo in about), (photo.sha256 for photo in about))
    return {(each.owner_id, each.sha256): each for each in reversed(list(found.filter(is_undone=False)))}


def note(*, case: Case, photo: Photo, entry: Entry) -> None:
    """A person has decided about a photo, in the caller's transaction. Its copies follow once that holds: whoever
    changes several photos locks them in the order of their ids."""
    if not photo.sha256:
        return
    owners.lock([photo.owner_id])
    Verdict.objects.create(
        owner_id=photo.owner_id, sha256=photo.sha256, review=photo.review, reason=case.reason,
        decided_by=case.decided_by, decided_at=case.decided_at or timezone.now(), appealed_at=case.appealed_at,
        entry=entry.pk,
    )  # fmt: skip
    _settle_soon(photo)


def take_back(*, photo: Photo, decided_by: Any, decided_at: Any) -> None:
    """A person has undone what they decided about a photo, in the caller's transaction."""
    owners.lock([photo.owner_id])
    theirs = Verdict.objects.of([photo.owner_id], [photo.sha256]).filter(decided_by=decided_by, decided_at=decided_at)
    if theirs.update(is_undone=True, is_settled=False):
        _settle_soon(photo)


def _settle_soon(photo: Photo) -> None:
    # What fails, or is killed before, is left to the beat.
    transaction.on_commit(partial(settle, owner_id=photo.owner_id, sha256=photo.sha256), robust=True)


def settle_left() -> int:
    """Settle what was not settled when it was decided; how many files that is."""
    left = Verdict.objects.filter(is_settled=False).order_by().values_list("owner", "sha256").distinct()[:TOGETHER]
    return sum(_settle_apart(owner_id, sha256) for owner_id, sha256 in list(left))


def _settle_apart(owner_id: Any, sha256: str) -> bool:
    """What goes wrong with one file stops no other."""
    try:
        settle(owner_id=owner_id, sha256=sha256)
    except OUT_OF_TIME:
        raise
    except Exception:
        logger.exception("copies of a file of %s follow later", owner_id)
        return False
    return True


@transaction.atomic
def settle(*, owner_id: Any, sha256: str) -> None:
    """Have all copies of a file follow what holds of it now, and no longer what was undone. May be repeated."""
    same = Photo.objects.kept().filter(owner=owner_id, sha256=sha256)
    copies = list(same.order_by("pk").select_for_update())
    owners.lock([owner_id])
    for undone in Verdict.objects.of([owner_id], [sha256]).filter(is_undone=True):
        for case in undone.cases.filter(photo__in=copies).select_related("photo").order_by("photo"):
            _go_back(case, undone)
        undone.delete()
    Verdict.objects.of([owner_id], [sha256]).update(is_settled=True)
    verdict = Verdict.objects.of([owner_id], [sha256]).first()
    if verdict is None:
        return
    judged = same.filter(Q(status=Status.READY) | ~Q(review=Review.NONE), pk__in=[photo.pk for photo in copies])
    for photo in judged.order_by("pk"):
        if follow(photo, verdict, otherwise=Review(photo.review)):
            _save(photo)


def follow(photo: Photo, verdict: Verdict, *, otherwise: Review) -> bool:
    """Set `review` of a photo, which the caller has locked and saves, to what was decided about a copy of it; without
    that it were `otherwise`. False where that says nothing about it."""
    case = Case.objects.filter(photo=photo).first() or Case(photo=photo, owner_id=photo.owner_id, is_open=False)
    if not _concerns(verdict, photo, case, otherwise):
        return False
    is_answer = case.is_open and case.kind == Kind.APPEAL
    _remember(case, otherwise)
    case.is_open, case.leased_by, case.leased_until = False, None, None
    case.follows, case.reason = verdict, verdict.reason
    case.decided_by_id, case.decided_at = verdict.decided_by_id, verdict.decided_at
    case.appealed_at = case.appealed_at or verdict.appealed_at
    case.tell_at = timezone.now() + UNDO if is_answer else None  # of anything else they were told with the first copy
    case.save()
    log.write(case=case, action=Action(verdict.review), before=photo.review, after=verdict.review,
              reason=verdict.reason)  # fmt: skip
    photo.review = verdict.review
    return True


def _concerns(verdict: Verdict, photo: Photo, case: Case, otherwise: Review) -> bool:
    """Not what passes anyway; nor what somebody has reported, for what was approved; nor what it is already, unless the
    verdict answers an appeal: then it does so for every copy that its owner has appealed about, or still could."""
    if verdict.review == Review.APPROVED:
        return otherwise not in (Review.NONE, Review.APPROVED) and not (case.is_open and case.kind == Kind.REPORT)
    if photo.review != Review.REJECTED:
        return True
    if verdict.appealed_at is None:
        return False
    if case.appealed_at is None:
        return not case.is_open
    return case.is_open and case.kind == Kind.APPEAL and case.appealed_at < verdict.decided_at


def _remember(case: Case, otherwise: Review) -> None:
    """What undoing goes back to."""
    case.review_before, case.reason_before = otherwise, case.reason
    case.open_before = case.is_open or otherwise in URGENCY
    if not case.is_open:
        case.urgency, case.kind = URGENCY.get(otherwise, case.urgency), Kind.FOUND


def _go_back(case: Case, verdict: Verdict) -> None:
    photo, before = case.photo, case.photo.review
    photo.review = case.review_before
    _save(photo)
    case.is_open = case.is_open or case.open_before
    case.reason, case.reason_before, case.review_before = case.reason_before, "", ""
    case.tell_at, case.follows = None, _holds_again(photo, verdict)
    case.decided_by_id, case.decided_at = _by_whom(case.follows)
    if case.appealed_at == verdict.appealed_at:
        case.appealed_at = None
    case.save()
    log.write(case=case, action=Action.UNDONE, before=before, after=photo.review, by=verdict.decided_by)


def _holds_again(photo: Photo, undone: Verdict) -> Verdict | None:
    """What a photo is rejected or approved by once more: whose words its owner reads, and to whom no appeal goes."""
    before = Verdict.objects.of([undone.owner_id], [undone.sha256]).filter(is_undone=False, review=photo.review)
    return before.first()


def _by_whom(verdict: Verdict | None) -> tuple[Any, Any]:
    return (verdict.decided_by_id, verdict.decided_at) if verdict else (None, None)


def _save(photo: Photo) -> None:
    photo.cleared = photo.may_be_cleared
    photo.save(update_fields=("review", "cleared"))
