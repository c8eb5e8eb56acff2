from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.middleware import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from . import second_factors, sessions, zones
from .models import User

Answer = Callable[[HttpRequest], HttpResponse]
SAFE = ("GET", "HEAD")


def back_after_login(get_response: Answer) -> Answer:
    """Whoever was logged out meanwhile comes back to the page they were on. Where its form was sent to, or its script
    asked, there is no page to come back to."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_by_htmx = "HX-Current-URL" in request.headers
        if not _asks_to_log_in(response) or (request.method in SAFE and not is_by_htmx):
            return response
        if request.method not in SAFE and "text/html" in request.headers.get("Accept", ""):
            messages.warning(request, _("You were logged out, so this was not done. Log in, and do it again."))
        address = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': _page_of(request)})}"
        return HttpResponseClientRedirect(address) if is_by_htmx else redirect(address)

    return answer


def _asks_to_log_in(response: HttpResponse) -> bool:
    to = urlsplit(response.headers.get("Location", ""))
    return to.path == resolve_url(settings.LOGIN_URL) and to.query.startswith("next=")


def _page_of(request: HttpRequest) -> str:
    """The page of this site that the request came from, as far as the browser tells."""
    page = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return urlsplit(page)._replace(scheme="", netloc="", fragment="").geturl() if is_ours else resolve_url("home")


def note_session(get_response: Answer) -> Answer:
    """Notes that a session is used, when a page is opened in it; what pages fetch by themselves does not count."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_page = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
        # A page for which nobody looked at the session stays one that is the same for everybody.
        if is_page and request.session.accessed and SESSION_KEY in request.session:
            sessions.note_if_due(request)
        return response

    return answer


def times_of_the_person(get_response: Answer) -> Answer:
    """Tells times on the clock of whoever is logged in, from the moment on that somebody asks who that is. Strangers
    are told UTC, and so are staff on their pages, where times are held against logs."""

    def answer(request: HttpRequest) -> HttpResponse:
        with timezone.override(None):  # the person before had this thread, and a zone
            if not request.path.startswith(reverse("admin:index")):
                request.user = SimpleLazyObject(partial(_on_their_clock, request))  # type: ignore[assignment]
            return get_response(request)

    return answer


def _on_their_clock(request: HttpRequest) -> User | AnonymousUser:
    user: User | AnonymousUser = get_user(request)
    zone = zones.of(user)
    if zone:
        timezone.activate(zone)
    return user


def staff_need_second_factor(get_response: Answer) -> Answer:
    """Staff see no page below /admin/ before they have a second factor, and have used it in this session."""

    def answer(request: HttpRequest) -> HttpResponse:
        if not settings.STAFF_NEED_MFA or not request.path.startswith(reverse("admin:index")):
            return get_response(request)
        if not request.user.is_staff:
            return get_response(request)
        if not second_factors.is_set_up(request.user):
            messages.warning(
                request, _("Staff pages are for people with a second factor. Add a passkey or an app first.")
            )
            return redirect("mfa_index")
        was_used = second_factors.was_used(request)
        return get_response(request) if was_used else redirect(second_factors.ask_for_it(request))

    return answer
