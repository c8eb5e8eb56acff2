from typing import Any
from uuid import UUID

from anymail.exceptions import AnymailAPIError
from celery import shared_task
from django.core import mail

from webapp.costs import spending

from . import address_changes, bounces, closing, exports, preferences, sessions
from .models import NotificationPreferences


@shared_task(autoretry_for=(AnymailAPIError,), retry_backoff=2, retry_backoff_max=60, max_retries=8)
def send_mail(*, subject: str, body: str, to: str, person: str = "", unsubscribe_url: str = "") -> None:
    """Send one plain-text mail, trying again for a few minutes, and count it for the `person` (an id) that it is about.
    Without an address it is sent to nobody. Mail that one may unsubscribe from says where (RFC 8058)."""
    headers = {"List-Unsubscribe": f"<{unsubscribe_url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    if to:
        _Mail(subject, body, to=[to], headers=headers if unsubscribe_url else None).send()
        spending.note_sent(spending.MAIL, person=person)


class _Mail(mail.EmailMessage):
    """Keeps each header on one line, as long as lines may be: an address that is folded is none to some programs."""

    def message(self, **options: Any) -> Any:
        message = super().message(**options)
        message.policy = message.policy.clone(max_line_length=998)
        return message


@shared_task(autoretry_for=(preferences.CopyError,), retry_backoff=5, retry_backoff_max=60, max_retries=5)
def push_preferences(user_id: str) -> None:
    """Copy one person's preferences to DynamoDB, trying again for a few minutes."""
    preferences.copy(user_id)


@shared_task(autoretry_for=(preferences.CopyError,), retry_backoff=5, retry_backoff_max=600, max_retries=12)
def forget_preferences(user_id: str) -> None:
    """Take what DynamoDB holds of someone who is gone away, trying again for about an hour."""
    preferences.forget(user_id)


@shared_task
def push_waiting_preferences() -> None:
    """Set every copy going that is older than its choice."""
    for user_id in NotificationPreferences.objects.waiting().values_list("pk", flat=True)[:500]:
        push_preferences.delay(str(user_id))


@shared_task
def read_mail_feedback() -> int:
    """Stop mails that come back or are not welcome; how many messages about them were dealt with."""
    return bounces.read_feedback()


@shared_task
def forget_old_sessions() -> None:
    """Take what is over out of the lists of where people are logged in."""
    sessions.forget_old()


@shared_task
def forget_address_changes() -> None:
    """Take off the addresses that were not agreed to in time."""
    address_changes.forget_outlived()


@shared_task
def make_export(export_id: str) -> None:
    """Make an export, for some minutes, and hand the rest on."""
    if exports.make(UUID(export_id)):
        make_export.delay(export_id)


@shared_task
def look_after_exports() -> int:
    return exports.look_after()


@shared_task
def close_accounts() -> int:
    """Erase the next of what accounts hold whose time has come; how many accounts are gone."""
    return closing.go_on()
