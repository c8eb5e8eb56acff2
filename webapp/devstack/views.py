from __future__ import annotations

from pathlib import Path

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from . import inbox

# A mail brings its own style and its pictures, and the frame that shows it inherits the page's policy.
MAIL_SECURITY = {"style-src": [UNSAFE_INLINE], "img-src": ["*"]}


@require_safe
@never_cache
def show_inbox(request: HttpRequest) -> HttpResponse:
    """All mail and SMS that Shoebox has sent on this machine."""
    return render(request, "devstack/inbox.html", {"sent": inbox.list_messages(inbox_directory())})


@require_safe
@never_cache
@csp_update(MAIL_SECURITY)  # type: ignore[arg-type]
def show_message(request: HttpRequest, message_id: str) -> HttpResponse:
    """One mail or SMS, in full."""
    message = inbox.find_message(inbox_directory(), message_id)
    if message is None:
        raise Http404
    return render(request, "devstack/message.html", {"message": message})


def inbox_directory() -> Path:
    return Path(settings.DATA_DIR) / "inbox"
