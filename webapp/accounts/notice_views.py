"""What stands between a person and their notices: a phone to confirm, mails that stopped, and the end by one click."""

from __future__ import annotations

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from . import bounces, phones, preferences, sms
from . import unsubscribe as links
from .models import NotificationPreferences, User
from .views import Request

TOO_OFTEN = _("This was tried too often in a short time. Wait ten minutes, then try again.")
ENOUGH_TODAY = _("Enough codes were sent for today. Try again tomorrow, or choose to be told by mail until then.")
NOT_SENT = _("The text message could not be sent. Check the number, and try again in a few minutes.")
WRONG_CODE = _("This is not the code, or it is too old. Type the one we sent last, or have another one sent.")


@login_required
@require_POST
def send_phone_code(request: Request) -> HttpResponse:
    """Send a code to the number that the person has chosen."""
    if not ratelimit.consume(request, action="phone_code"):
        messages.error(request, TOO_OFTEN)
        return redirect("settings_notifications")
    try:
        if phones.send_code(user=request.user):
            messages.success(request, _("We sent a code to your phone. Type it below within ten minutes."))
    except sms.TooManyError:
        messages.error(request, ENOUGH_TODAY)
    except sms.SmsError:
        messages.error(request, NOT_SENT)
    return redirect("settings_notifications")


@login_required
@require_POST
def confirm_phone(request: Request) -> HttpResponse:
    """Take the code that the person has typed."""
    code = "".join(request.POST.get("code", "").split())
    if not ratelimit.consume(request, action="phone_code_try"):
        messages.error(request, TOO_OFTEN)
    elif phones.confirm(user=request.user, code=code):
        preferences.copy_if_possible(str(request.user.pk))
        messages.success(request, _("Your phone number is confirmed."))
    else:
        messages.error(request, WRONG_CODE)
    return redirect("settings_notifications")


@login_required
@require_POST
def resume_mail(request: Request) -> HttpResponse:
    """Send mails again to whoever asks for it, though they came back, or were marked as spam."""
    if bounces.resume(user=request.user):
        preferences.copy_if_possible(str(request.user.pk))
        messages.success(request, _("We write to you again. If mail still does not arrive, change your mail address."))
    return redirect("settings_notifications")


@csrf_exempt  # who holds the link may do it: a mail program has no other page of ours
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """RFC 8058: a POST ends all notices at once, of whomever the link names; a GET, which programs send too, asks, and
    writes nothing."""
    user_id = links.read(token)
    user = User.objects.filter(pk=user_id).first() if user_id else None
    if user is None:
        raise Http404
    if request.method == "POST":
        preferences.turn_off(user=user)
        preferences.copy_if_possible(str(user.pk))
    is_off = NotificationPreferences.objects.filter(user=user, channel=NotificationPreferences.Channel.NONE).exists()
    return render(request, "accounts/unsubscribe.html", {"is_off": is_off})
