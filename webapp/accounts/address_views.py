"""Pages by which the old side of a change of the mail address agrees to it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from . import address_changes, second_factors
from .models import AddressChange
from .views import Request

TOO_NEW = _("Use a second factor that you have had for a week: a newer one cannot stand for the old mailbox.")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def agree_to_email_change(request: HttpRequest, token: str) -> HttpResponse:
    """For whoever reads the mailbox of the old address, logged in or not; programs that look into mail only ask."""
    change = address_changes.read(token)
    if change is None:
        return _over(request)
    if request.method != "POST":
        return render(request, "accounts/email_change_agree.html", {"change": change})
    return _agree(request, change)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def agree_by_second_factor(request: Request) -> HttpResponse:
    """For who lost the old mailbox, and shows a second factor now that the account has had for a while."""
    change = address_changes.waiting_for_old(request.user)
    if change is None or not second_factors.settled(request.user).exists():
        raise Http404
    shown = second_factors.shown_since(request, change.asked_at)
    if not second_factors.settled(request.user).filter(pk__in=shown).exists():
        if shown:
            messages.warning(request, TOO_NEW)
        return redirect(second_factors.ask_for_it(request))
    if request.method != "POST":
        return render(request, "accounts/email_change_agree.html", {"change": change, "by_second_factor": True})
    return _agree(request, change)


def _agree(request: HttpRequest, change: AddressChange) -> HttpResponse:
    try:
        waiting = address_changes.agree(request, address_id=change.pk, side=address_changes.OLD)
    except address_changes.OverError:
        return _over(request)
    except address_changes.TakenError:
        taken = {"confirmation": True, "email": change.address.email}
        return render(request, "account/email_confirm.html", taken, status=409)
    if waiting:
        return render(request, "accounts/email_change_waits.html", {"change": waiting})
    return redirect("account_email")


def _over(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/email_change_lapsed.html", status=404)
