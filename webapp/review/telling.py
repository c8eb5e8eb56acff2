"""Owners are told what was decided once it can no longer be undone: who claims a case tells of it, once."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from kombu.exceptions import OperationalError

from webapp.accounts import unsubscribe
from webapp.accounts.models import NotificationPreferences
from webapp.accounts.tasks import send_mail
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.models import Review
from webapp.review.models import Case, Kind, Reason
from webapp.review.standing import words_to_owner

logger = logging.getLogger(__name__)
TOGETHER = 200


def tell_due() -> int:
    due = Case.objects.filter(tell_at__lte=timezone.now(), is_open=False).select_related("photo", "owner__preferences")
    return sum(_tell(case) for case in due.order_by("tell_at")[:TOGETHER])


def _tell(case: Case) -> bool:
    claimed = Case.objects.filter(pk=case.pk, tell_at=case.tell_at, is_open=False).update(tell_at=None)
    if not claimed:
        return False
    try:
        return _send(case)
    except (*AWS_ERRORS, OperationalError):
        logger.exception("the owner of case %s is told later", case.pk)
        Case.objects.filter(pk=case.pk, is_open=False).update(tell_at=case.tell_at)
        return False


def _send(case: Case) -> bool:
    preferences = getattr(case.owner, "preferences", None)
    if not case.owner.is_active or (preferences and _is_unwanted(case, preferences)):
        return False
    with translation.override(preferences.language if preferences else settings.LANGUAGE_CODE):
        subject, body = (render_to_string(f"review/email/decided_{part}.txt", _context(case))
                         for part in ("subject", "message"))  # fmt: skip
    unsubscribe_url = unsubscribe.url_for(case.owner_id)
    to = {"to": case.owner.email, "person": str(case.owner_id)}
    send_mail.delay(subject=subject.strip(), body=body, unsubscribe_url=unsubscribe_url, **to)
    return True


def _is_unwanted(case: Case, preferences: NotificationPreferences) -> bool:
    """Who turned notices off is told on the page of the photo alone; but whoever appeals has asked for the answer."""
    is_off = preferences.channel == NotificationPreferences.Channel.NONE and case.kind != Kind.APPEAL
    return is_off or bool(preferences.stopped_because)


def _context(case: Case) -> dict[str, Any]:
    return {
        "photo": case.photo,
        "address": f"{settings.SITE_URL}{case.photo.get_absolute_url()}",
        "is_rejected": case.photo.review == Review.REJECTED,
        "reason": Reason(case.reason).label if case.reason else "",
        "words": words_to_owner(case),
        "may_appeal": case.appealed_at is None,
    }
