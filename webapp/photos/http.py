"""Requests as the middleware leaves them, and answers that suit a browser with or without htmx."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.gzip import gzip_page
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from webapp.accounts.models import User

# For pages of pictures, which are large, although they hold addresses that open photos: those change with the hour, the
# token of their forms with every answer, Django makes each answer's length uncertain, and another site cannot ask with
# the person's cookies except by opening the page.
compressed = gzip_page


class Request(HttpRequest):
    """Of someone who is logged in."""

    htmx: HtmxDetails
    user: User


def go(request: Request, address: str) -> HttpResponse:
    """Load the page at `address`, with its messages."""
    # A script that sends the form would follow a redirect by itself, and swallow the message of the page behind it.
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
