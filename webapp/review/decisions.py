"""What reviewers do. Each is a conditional UPDATE of the case, so that what two do at once counts once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from webapp.photos.models import Photo, Review
from webapp.review import log, verdicts
from webapp.review.models import Action, Case, Kind, Words
from webapp.review.queue import LATER, LEASE, UNDO


def approve(*, reviewer: Any, case_id: UUID) -> bool:
    """Let others see a photo. False when it is not this reviewer's to decide, or not any more."""
    return _decide(reviewer, case_id, Review.APPROVED)


def reject(*, reviewer: Any, case_id: UUID, reason: str, words: str = "") -> bool:
    """Let nobody but its owner see a photo. False as above."""
    return _decide(reviewer, case_id, Review.REJECTED, reason=reason, words=words)


@transaction.atomic
def _decide(reviewer: Any, case_id: UUID, verdict: Review, *, reason: str = "", words: str = "") -> bool:
    photo = _lock(case_id)
    now = timezone.now()
    # Whoever was leased it last may decide, even late, as long as nobody else was since.
    theirs = Case.objects.filter(pk=case_id, is_open=True, leased_by=reviewer).for_reviewer(reviewer)
    decided = photo is not None and theirs.update(
        is_open=False, leased_by=None, leased_until=None, decided_by=reviewer, decided_at=now, reason=reason,
        review_before=photo.review, reason_before=F("reason"), tell_at=now + UNDO, follows=None,
    )  # fmt: skip
    if photo is None or not decided:
        return False
    case = Case.objects.get(pk=case_id)
    if not _is_told(case, verdict):
        Case.objects.filter(pk=case_id).update(tell_at=None)
    before = _set(photo, verdict)
    entry = log.write(case=case, action=Action(verdict.value), before=before, after=verdict, by=reviewer, reason=reason,
                      words=words)  # fmt: skip
    verdicts.note(case=case, photo=photo, entry=entry)
    return True


def _is_told(case: Case, verdict: Review) -> bool:
    """Of what they never noticed its owner is not told: that a photo which others saw may be seen by them."""
    withheld = (Review.QUARANTINED, Review.REJECTED)
    return verdict == Review.REJECTED or case.review_before in withheld or case.kind == Kind.APPEAL


def _lock(case_id: UUID) -> Photo | None:
    """The photo before its case, in the order in which indexing locks them."""
    ids = Case.objects.filter(pk=case_id).values("photo")
    return Photo.objects.kept().filter(pk__in=ids).select_for_update().first()


def _set(photo: Photo, review: str) -> str:
    """What it was before."""
    before, photo.review = photo.review, review
    photo.cleared = photo.may_be_cleared
    photo.save(update_fields=("review", "cleared"))
    return before


@transaction.atomic
def put_off(*, reviewer: Any, case_id: UUID) -> bool:
    """Ask again in an hour, whoever is there then."""
    photo = _lock(case_id)
    theirs = Case.objects.filter(pk=case_id, is_open=True, leased_by=reviewer)
    if photo is None or not theirs.update(ask_from=timezone.now() + LATER, leased_by=None, leased_until=None):
        return False
    case = Case.objects.get(pk=case_id)
    log.write(case=case, action=Action.LATER, before=photo.review, after=photo.review, by=reviewer)
    return True


def last_of(reviewer: Any) -> Case | None:
    """The decision that a reviewer can still undo."""
    since = timezone.now() - UNDO
    theirs = Case.objects.filter(decided_by=reviewer, is_open=False, decided_at__gt=since, follows=None)
    return theirs.exclude(review_before="").order_by("-decided_at").first()


@transaction.atomic
def undo(*, reviewer: Any) -> Case | None:
    """Take a reviewer's last decision back, within a minute; its owner knows nothing of it. None when there is none."""
    last = last_of(reviewer)
    photo = _lock(last.pk) if last else None
    if last is None or photo is None:
        return None
    now = timezone.now()
    theirs = Case.objects.filter(pk=last.pk, is_open=False, decided_by=reviewer, decided_at=last.decided_at)
    undone = theirs.filter(decided_at__gt=now - UNDO).update(
        is_open=True, leased_by=reviewer, leased_until=now + LEASE, decided_by=None, decided_at=None, tell_at=None,
        reason=F("reason_before"), reason_before="", review_before="",
    )  # fmt: skip
    if not undone:
        return None
    before = _set(photo, last.review_before)
    entry = log.write(case=last, action=Action.UNDONE, before=before, after=photo.review, by=reviewer)
    _forget_words(last, entry.pk)
    verdicts.take_back(photo=photo, decided_by=reviewer, decided_at=last.decided_at)
    return last


def _forget_words(case: Case, undone: int) -> None:
    """What was written with a decision that does not hold is not kept."""
    decisions = [line.entry.pk for line in log.of(case) if line.entry.action in (Action.APPROVED, Action.REJECTED)]
    Words.objects.filter(pk=max((each for each in decisions if each < undone), default=0)).delete()
