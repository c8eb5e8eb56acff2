"""Pages about all that is kept of a person: to take along, and to have removed."""

from __future__ import annotations

from uuid import UUID

from allauth.account.decorators import reauthentication_required
from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from . import closing, exports
from .models import Export
from .views import Request

TOO_MANY_EXPORTS = gettext_lazy("You asked for several ZIPs today. Ask for the next one tomorrow.")


@login_required
@require_safe
def settings_data(request: Request) -> HttpResponse:
    """What a person may do with all that is kept of them."""
    context = {"export": exports.current(owner=request.user), "days": exports.KEPT.days}
    return render(request, "accounts/data.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(allow_get=True)
def begin_export(request: Request) -> HttpResponse:
    """Have the ZIP made. A GET comes from who was asked for the password so long ago that the request is lost."""
    if request.method != "POST":
        return redirect("settings_data")
    if ratelimit.consume(request, action="export", user=request.user):
        exports.begin(owner=request.user)
    else:
        messages.warning(request, TOO_MANY_EXPORTS)
    return redirect("settings_data")


@login_required
@require_POST
def cancel_export(request: Request) -> HttpResponse:
    exports.cancel(owner=request.user)
    return redirect("settings_data")


@login_required
@require_safe
@never_cache
def download_export(request: Request, export_id: UUID) -> HttpResponse:
    """The ZIP, from S3, as a file to keep."""
    export = Export.objects.of(request.user).filter(pk=export_id, status=Export.Status.READY).first()
    if export is None or export.is_outlived:
        raise Http404
    return redirect(exports.address_of(export))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(allow_get=True)
def close_account(request: Request) -> HttpResponse:
    """Have the account deleted, a week from now."""
    if request.method == "POST":
        closing.begin(user=request.user)
        return redirect("settings_data")
    context = {"days": closing.TIME_TO_THINK.days, "counts": closing.count(request.user)}
    return render(request, "accounts/close_account.html", context)


@login_required
@require_POST
def keep_account(request: Request) -> HttpResponse:
    if closing.take_back(user=request.user):
        messages.success(request, _("Your account stays, with everything in it. Your links work again."))
    return redirect("settings_data")
