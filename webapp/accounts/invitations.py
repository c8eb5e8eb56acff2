"""The first mail to a person whom staff added: what this is, who runs it, and how to get in."""

from __future__ import annotations

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from . import mail
from .models import User


def send(*, user: User, invited_by: User) -> None:
    """Write to `user`, in the language of whoever invites. Raises MailError."""
    key = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    context = {
        "email": user.email,
        "invited_by": invited_by.email,
        "SITE_URL": settings.SITE_URL,
        "url": f"{settings.SITE_URL}{reverse('account_reset_password_from_key', kwargs=key)}",
        "days": settings.PASSWORD_RESET_TIMEOUT // (24 * 60 * 60),
    }
    subject, body = (
        render_to_string(f"accounts/email/invitation_{part}.txt", context).strip() for part in ("subject", "message")
    )
    mail.send_soon(subject=subject, body=body, to=user.email)
