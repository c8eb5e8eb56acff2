"""Owners are told what was decided once it can no longer be undone: who claims a case tells of it, once."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from kombu.exceptions import OperationalError

from pipeline_lambdas.photo_pipeline import contract
from webapp.accounts import unsubscribe
from webapp.accounts.models import NotificationPreferences
from webapp.accounts.tasks import send_mail
from webapp.notices import keeping
from webapp.notices.models import Notice
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.models import Photo, Review
from webapp.review.models import Case, Kind, Reason
from webapp.review.standing import words_to_owner

logger = logging.getLogger(__name__)
TOGETHER = 200


def tell_due() -> int:
    due = Case.objects.filter(tell_at__lte=timezone.now(), is_open=False).select_related("photo", "owner__preferences")
    return sum(_tell(case) for case in due.order_by("tell_at")[:TOGETHER])


def _tell(case: Case) -> bool:
    notice = _claim(case)
    if notice is None or notice.told_by:
        return False
    try:
        _send(case)
    except (*AWS_ERRORS, OperationalError):
        logger.exception("the owner of case %s is told later", case.pk)
        _give_back(case, notice)
        return False
    keeping.mark_sent(notice)
    return True


@transaction.atomic
def _claim(case: Case) -> Notice | None:
    """The right to tell of a case, with what its owner's list says of it; None when there is nobody to tell, or
    somebody else was first."""
    # A notice's key holds the photo: whoever decides locks that one first, and the case behind it.
    Photo.objects.select_for_update().filter(pk=case.photo_id).first()
    claimed = Case.objects.filter(pk=case.pk, tell_at=case.tell_at, is_open=False).update(tell_at=None)
    if not claimed or not case.owner.is_active:
        return None
    told_by = _untold_because(case)
    return keeping.keep(owner_id=case.owner_id, kind=_kind(case), told_by=told_by, photo=case.photo, reason=case.reason)


@transaction.atomic
def _give_back(case: Case, notice: Notice) -> None:
    Case.objects.filter(pk=case.pk, is_open=False).update(tell_at=case.tell_at)
    notice.delete()


def _kind(case: Case) -> str:
    is_rejected = case.photo.review == Review.REJECTED
    if case.kind == Kind.APPEAL:
        return Notice.Kind.UPHELD if is_rejected else Notice.Kind.GRANTED
    return Notice.Kind.REJECTED if is_rejected else Notice.Kind.ALLOWED


def _send(case: Case) -> None:
    preferences = getattr(case.owner, "preferences", None)
    with translation.override(preferences.language if preferences else settings.LANGUAGE_CODE):
        subject, body = (render_to_string(f"review/email/decided_{part}.txt", _context(case))
                         for part in ("subject", "message"))  # fmt: skip
    unsubscribe_url = unsubscribe.url_for(case.owner_id)
    to = {"to": case.owner.email, "person": str(case.owner_id)}
    send_mail.delay(subject=subject.strip(), body=body, unsubscribe_url=unsubscribe_url, **to)


def _untold_because(case: Case) -> str:
    """Who turned notices off is told on the site alone; but whoever appeals has asked for the answer."""
    preferences: NotificationPreferences | None = getattr(case.owner, "preferences", None)
    if preferences is None:
        return ""
    is_off = preferences.channel == NotificationPreferences.Channel.NONE and case.kind != Kind.APPEAL
    return preferences.stopped_because or (contract.Untold.CHOSEN.value if is_off else "")


def _context(case: Case) -> dict[str, Any]:
    return {
        "photo": case.photo,
        "address": f"{settings.SITE_URL}{case.photo.get_absolute_url()}",
        "is_rejected": case.photo.review == Review.REJECTED,
        "reason": Reason(case.reason).label if case.reason else "",
        "words": words_to_owner(case),
        "may_appeal": case.appealed_at is None,
    }
