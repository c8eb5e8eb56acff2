"""Logging in by Google, GitHub or another provider: who is let in by what it says."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.utils import user_email
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from django.http import HttpRequest
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from . import address_changes

NAMES = ("email", "login", "preferred_username")  # by which a person knows an account elsewhere


class Adapter(DefaultSocialAccountAdapter):
    error_messages = DefaultSocialAccountAdapter.error_messages | {
        "no_password": _("It is your only way in. Set a password first, under “Password”."),
    }

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """A new person has the one address that their provider knows to be theirs, or signs up by mail."""
        if sociallogin.is_existing or sociallogin.state.get("process") == AuthProcess.CONNECT:
            return
        address = _verified(sociallogin.email_addresses)
        if address is None:
            context = {"provider": sociallogin.provider}
            raise ImmediateHttpResponse(render(request, "socialaccount/unverified.html", context, status=403))
        sociallogin.email_addresses = [EmailAddress(email=address.email.lower(), verified=True, primary=True)]
        user_email(sociallogin.user, address.email.lower())
        address_changes.give_way(address.email.lower())


def _verified(addresses: list[EmailAddress]) -> EmailAddress | None:
    """The first of those that are verified, the primary one before all others."""
    return next(iter(sorted((each for each in addresses if each.verified), key=lambda each: not each.primary)), None)


def name_in(told: dict[str, Any]) -> str:
    """What to call an account by, of all that its provider tells, or of what was kept of it before."""
    facts = told | (told.get("id_token") or {}) | (told.get("userinfo") or {})
    return next((str(facts[name]) for name in (*NAMES, "name") if facts.get(name)), "")
