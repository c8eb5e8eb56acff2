"""Pages about what is kept of somebody's photos."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from webapp.accounts import preferences, quota
from webapp.photos import places
from webapp.photos.forms import KeepPlaceForm
from webapp.photos.http import Request


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: Request) -> HttpResponse:
    """What the person wants kept of their photos."""
    chosen = preferences.provide(user=request.user)
    form = KeepPlaceForm(request.POST if request.method == "POST" else None, initial={"keep_place": chosen.keep_place})
    if form.is_bound and form.is_valid():
        places.choose(user=request.user, keep=form.cleaned_data["keep_place"])
        return _say_saved(request, keep=form.cleaned_data["keep_place"])
    return render(request, "photos/settings.html", {"form": form, "room": quota.room(request.user)})


def _say_saved(request: Request, *, keep: bool) -> HttpResponse:
    said = _("Your choice is saved.") if keep else _("Your choice is saved. Places kept so far are being forgotten.")
    if preferences.copy_if_possible(str(request.user.pk)):
        messages.success(request, said)
    else:
        later = _("Photos that you upload in the next minutes may still follow the last one.")
        messages.warning(request, f"{said} {later}")
    return redirect("photos:settings")
