from __future__ import annotations

import logging

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from webapp.accounts import preferences
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.http import Request

from . import telling

logger = logging.getLogger(__name__)
BY_MAIL = _("A test notice is on its way to your mailbox.")
BY_SMS = _("A test notice is on its way to your phone.")
TOO_MANY = _("You asked for several test notices within an hour. Wait ten minutes, then ask again.")
NOWHERE = _("You chose not to be told. Choose mail or text messages, save, then ask again.")
LATER = _("The notifier does not answer right now. Your test notice comes once it does; you need not do anything.")


@login_required
@require_POST
def send_test_notice(request: Request) -> HttpResponse:
    """Tell the person something by the way they chose, so that they see whether it reaches them."""
    chosen = preferences.provide(user=request.user)
    if chosen.reaches == chosen.Channel.NONE:
        messages.warning(request, NOWHERE)
    elif not ratelimit.consume(request, action="test_notice"):
        messages.warning(request, TOO_MANY)
    elif _send(request):
        messages.success(request, BY_SMS if chosen.reaches == chosen.Channel.SMS else BY_MAIL)
    else:
        messages.warning(request, LATER)
    return redirect("settings_notifications")


def _send(request: Request) -> bool:
    """Whether the notifier was asked. If not, the beat asks it."""
    copied = preferences.copy_if_possible(str(request.user.pk))
    notice = telling.begin_test(user=request.user)
    try:
        telling.settle(notice)
    except AWS_ERRORS:
        logger.exception("test notice %s waits", notice.pk)
        return False
    return copied
