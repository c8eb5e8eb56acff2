from contextlib import suppress
from functools import partial
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter, get_current_site
from allauth.account.models import EmailAddress
from allauth.core import context as allauth_context
from allauth.core import ratelimit
from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from . import address_changes, addresses
from .mail import MailError, send_soon
from .models import User

CONFIRMATION = "account/email/email_confirmation"  # of an address that is not a new person's, as allauth takes it


class AccountAdapter(DefaultAccountAdapter):
    """allauth in our words. A link that could not be sent is said; a notice, or what only an account gets, is not."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _(
            "Mail address and password do not go together. Check both, or reset the password."
        ),
        "too_many_login_attempts": _("Too many tries. Reset the password to get in now, or try again in an hour."),
        "enter_current_password": _("This is not the password you have. Type it again, or reset it."),
        "incorrect_password": _("This is not your password. Type it again, or reset it."),
        "same_as_current": _("This is the address you have. Enter another one."),
        "duplicate_email": _("This address is on your account already. Enter another one."),
        "email_taken": _("This address belongs to an account already. Log in with it, or enter another one."),
        "rate_limited": _("This was tried too often in a short time. Wait five minutes, then try again."),
        "unverified_primary_email": _("Confirm this address first: open the link in the mail we sent there."),
    }

    # How somebody shows that it is still them, by the name that allauth gives it.
    reauthentication_words = {
        "reauthenticate": _("Use your password"),
        "mfa_reauthenticate": _("Use a code"),
        "mfa_reauthenticate:webauthn": _("Use a passkey"),
    }

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, str]]:
        """Whoever has a second factor shows that one, a passkey first: a password that got known must not be enough to
        take it off."""
        methods = super().get_reauthentication_methods(user)
        stronger = [each for each in reversed(methods) if each["id"] != "reauthenticate"]
        return [each | {"description": self.reauthentication_words[each["id"]]} for each in stronger or methods]

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """A new person's address counts at once. One that replaces another counts when the old mailbox agrees too."""
        if not address_changes.replaces(email_address):
            return bool(super().confirm_email(request, email_address))
        try:
            waiting = address_changes.agree(request, address_id=email_address.pk, side=address_changes.NEW)
        except address_changes.OverError as error:
            raise ImmediateHttpResponse(render(request, "account/email_confirm.html", status=404)) from error
        except address_changes.TakenError as error:
            taken = {"confirmation": True, "email": email_address.email}
            raise ImmediateHttpResponse(render(request, "account/email_confirm.html", taken, status=409)) from error
        if waiting:
            raise ImmediateHttpResponse(render(request, "accounts/email_change_waits.html", {"change": waiting}))
        return True

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        request = allauth_context.request
        if template_prefix == CONFIRMATION and not address_changes.has_address(context["user"]):
            template_prefix += "_first"
        site = {"request": request, "email": email, "current_site": get_current_site(request)}
        message = self.render_mail(template_prefix, email, {**site, **context})
        user = context.get("user")
        to, person = ("", "") if _is_nobody(user) else (email, str(user.pk) if user else "")
        send_soon(subject=message.subject, body=message.body, to=to, person=person)

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        try:
            super().send_confirmation_mail(request, emailconfirmation, signup)
        except MailError as error:
            raise _not_sent(request, emailconfirmation.email_address.email) from error

    def send_account_already_exists_mail(self, email: str) -> None:
        try:
            super().send_account_already_exists_mail(email)
        except MailError as error:
            raise _not_sent(allauth_context.request, email) from error

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        with suppress(MailError):  # an unknown address sees the same page, which says to try again
            super().send_password_reset_mail(user, email, context)

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        told = dict(context or {})
        if "from_email" in told:  # the address changes: a reset would go to the new one
            told["stop_url"] = addresses.stop_url(user=user, old=told["from_email"], new=told["to_email"])
        send = partial(self._send_notification, template_prefix, user, told, email)
        if "agree_url" in told or "from_email" not in told:
            send()
        else:  # in the midst of the change, while others wait for its end
            transaction.on_commit(send)

    def _send_notification(self, template_prefix: str, user: User, told: dict[str, Any], email: str | None) -> None:
        with suppress(MailError):  # what it tells of is done
            super().send_notification_mail(template_prefix, user, told, email)


def _is_nobody(user: User | None) -> bool:
    """Whether `user` stands for the person that an unknown address has not."""
    return user is not None and user._state.adding


def _not_sent(request: HttpRequest, email: str) -> ImmediateHttpResponse:
    """The page that says so. The next try counts as the first, so that it sends the link."""
    ratelimit.clear(request, action="confirm_email", key=email.lower())
    return ImmediateHttpResponse(render(request, "account/mail_not_sent.html", status=503))
