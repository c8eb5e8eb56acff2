from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from . import preferences
from .forms import NotificationPreferencesForm
from .models import NotificationPreferences
from .tasks import push_soon

SAVED = "Your choice is saved."
SAVED_NOT_COPIED = (
    "Your choice is saved, but did not reach the notifier yet. It will within a few minutes; you need not do anything."
)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings_notifications(request: HttpRequest) -> HttpResponse:
    """How the person wants to be told about their photos."""
    chosen = NotificationPreferences.objects.filter(pk=request.user.pk).first()
    form = NotificationPreferencesForm(request.POST or None, instance=chosen)
    if request.method == "POST" and form.is_valid():
        preferences.choose(user=request.user, **form.cleaned_data)
        _copy_or_say_so(request)
        return redirect("settings_notifications")
    return render(request, "accounts/notifications.html", {"form": form, "waits": chosen and chosen.is_waiting})


def _copy_or_say_so(request: HttpRequest) -> None:
    user_id = str(request.user.pk)
    try:
        preferences.copy(user_id)
    except preferences.CopyError:
        messages.warning(request, SAVED_NOT_COPIED)
        push_soon(user_id)
    else:
        messages.success(request, SAVED)
