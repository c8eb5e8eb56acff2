from typing import Any

from allauth.account.adapter import DefaultAccountAdapter, get_current_site
from allauth.core import context as allauth_context

from .tasks import send_mail


class AccountAdapter(DefaultAccountAdapter):
    """allauth in our words. A worker sends its mail, so that no page's speed tells whether there is an account."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "Mail address and password do not go together. Check both, or reset the password.",
        "too_many_login_attempts": "Too many tries. Wait five minutes, or reset the password.",
        "enter_current_password": "This is not the password you have. Type it again, or reset it.",
        "incorrect_password": "This is not your password. Type it again, or reset it.",
        "same_as_current": "This is the address you have. Enter another one.",
        "duplicate_email": "This address is on your account already. Enter another one.",
        "email_taken": "This address belongs to an account already. Log in with it, or enter another one.",
        "rate_limited": "This was tried too often in a short time. Wait five minutes, then try again.",
        "unverified_primary_email": "Confirm this address first: open the link in the mail we sent there.",
    }

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        request = allauth_context.request
        site = {"request": request, "email": email, "current_site": get_current_site(request)}
        message = self.render_mail(template_prefix, email, {**site, **context})
        send_mail.delay(subject=message.subject, body=message.body, to=email)
