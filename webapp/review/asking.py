"""What others than reviewers do: strangers report a photo, its owner appeals against a decision."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from webapp.photos.models import Photo, Review
from webapp.review import log
from webapp.review.models import Action, Case, Kind, Urgency


@transaction.atomic
def report(*, photo: Photo, reason: str, words: str = "") -> bool:
    """Have a person look at a photo that others see; until they have, it stays as it is: else anybody could take
    anything away. False when nobody sees it any more."""
    locked = Photo.objects.select_for_update().filter(pk=photo.pk, cleared=True).first()
    if locked is None:
        return False
    case, _is_new = Case.objects.get_or_create(photo=locked, defaults={"owner_id": locked.owner_id, "is_open": False})
    _open_for_report(case)
    before = locked.review
    if before == Review.NONE:
        locked.review = Review.FLAGGED
        locked.save(update_fields=("review",))
    log.write(case=case, action=Action.REPORTED, before=before, after=locked.review, reason=reason, words=words)
    return True


def _open_for_report(case: Case) -> None:
    now = timezone.now()
    opened = Case.objects.filter(pk=case.pk, is_open=False).update(
        is_open=True, kind=Kind.REPORT, urgency=Urgency.REPORTED, opened_at=now, ask_from=now, not_by=None
    )
    if not opened:
        found = Case.objects.filter(pk=case.pk, kind=Kind.FOUND, urgency=Urgency.FLAGGED)
        found.update(kind=Kind.REPORT, urgency=Urgency.REPORTED)


@transaction.atomic
def appeal(*, photo: Photo, words: str) -> bool:
    """Ask for another reviewer, once. False when there is nothing to appeal against, or it was done before."""
    locked = Photo.objects.select_for_update().filter(pk=photo.pk, review=Review.REJECTED, trashed_at=None).first()
    if locked is None:
        return False
    now = timezone.now()
    appealed = Case.objects.filter(photo=locked, is_open=False, appealed_at=None).update(
        is_open=True, kind=Kind.APPEAL, urgency=Urgency.APPEALED, opened_at=now, ask_from=now, appealed_at=now,
        not_by=F("decided_by"), leased_by=None, leased_until=None,
    )  # fmt: skip
    if not appealed:
        return False
    case = Case.objects.get(photo=locked)
    log.write(case=case, action=Action.APPEALED, before=locked.review, after=locked.review, by=photo.owner, words=words)
    return True
