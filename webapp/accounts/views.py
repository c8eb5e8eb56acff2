from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from . import addresses, preferences, sessions
from .forms import NotificationPreferencesForm
from .models import User

SAVED = _("Your choice is saved.")
SAVED_NOT_COPIED = _(
    "Your choice is saved, but did not reach the notifier yet. It will within a few minutes; you need not do anything."
)


class Request(HttpRequest):
    """A request of someone who is logged in."""

    user: User


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings_notifications(request: Request) -> HttpResponse:
    """How the person wants to be told about their photos."""
    chosen = preferences.provide(user=request.user)
    form = NotificationPreferencesForm(request.POST or None, instance=chosen)
    if request.method == "POST" and form.is_valid():
        preferences.choose(user=request.user, **form.cleaned_data)
        if preferences.copy_if_possible(str(request.user.pk)):
            messages.success(request, SAVED)
        else:
            messages.warning(request, SAVED_NOT_COPIED)
        return redirect("settings_notifications")
    waits = chosen.is_waiting and not preferences.copy_if_possible(str(request.user.pk))
    return render(request, "accounts/notifications.html", {"form": form, "waits": waits})


@login_required
@require_POST
def end_session(request: Request, session_id: int) -> HttpResponse:
    """Log the person out on another device. allauth's page lists them, and logs out on all others at once."""
    try:
        sessions.end(user=request.user, session_id=session_id, current_key=request.session.session_key or "")
    except UserSession.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("You are logged out there."))
    return redirect("usersessions_list")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop_email_change(request: HttpRequest, token: str) -> HttpResponse:
    """For whoever reads the mailbox of the old address, logged in or not; programs that look into mail only ask."""
    change = addresses.read(token)
    if change is None or not change.is_there:
        return render(request, "accounts/email_change_over.html", status=404)
    if request.method != "POST":
        return render(request, "accounts/email_change_stop.html", {"change": change})
    addresses.stop(change)
    messages.success(
        request, _("The change is stopped. Choose a new password now: the old one opens nothing any more.")
    )
    return redirect("account_reset_password")
