"""Where a person is logged in: noted when they log in, and now and then when they open a page."""

from __future__ import annotations

import time

from allauth.usersessions.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone

from .models import User

SEEN = "seen"  # in the session: when it was last noted, in seconds since the epoch
NOTED_EVERY = 10 * 60


def note(request: HttpRequest) -> None:
    """Keep from which address and with which browser the session of `request` is used now."""
    request.session[SEEN] = time.time()
    try:
        UserSession.objects.create_from_request(request)
    except PermissionDenied:  # there is no address: nobody came over the network
        return


def note_if_due(request: HttpRequest) -> None:
    """`note`, every ten minutes at most."""
    if time.time() - request.session.get(SEEN, 0) >= NOTED_EVERY:
        note(request)


def forget_old() -> None:
    """Keep no session that is over, nor where it was: people who never come back clean up nothing."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()


def end(*, user: User, session_id: int, current_key: str) -> None:
    """Log `user` out there. Raises `UserSession.DoesNotExist` unless it is another session of theirs than this one."""
    others = UserSession.objects.filter(user=user).exclude(session_key=current_key)
    get_adapter().end_sessions([others.get(pk=session_id)])
