"""A change of the mail address that its owner did not ask for: stopped, or taken back, from the old address."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from allauth.usersessions.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse

from . import closing, preferences, second_factors
from .models import User

SALT = "webapp.accounts.addresses"
DAYS_TO_STOP = 7


@dataclass(frozen=True)
class Change:
    """From one mail address to another, asked for, or done."""

    user: User
    old: str
    new: str

    @property
    def is_there(self) -> bool:
        """Whether there is something to stop: the account has, or is about to have, another address than the old one
        (a third by now, perhaps), and nobody else has taken the old one since."""
        others = EmailAddress.objects.filter(user=self.user).exclude(email=self.old)
        taken = User.objects.filter(email=self.old).exclude(pk=self.user.pk)
        return others.exists() and not taken.exists()


def stop_url(*, user: User, old: str, new: str) -> str:
    """The address that goes to the old mailbox alone."""
    token = signing.dumps([str(user.pk), old, new], salt=SALT, compress=True)
    return f"{settings.SITE_URL}{reverse('settings_stop_email_change', args=[token])}"


def read(token: str) -> Change | None:
    """What a `stop_url` is about; None for one that is made up or older than a week, or when the account is gone."""
    try:
        user_id, old, new = signing.loads(token, salt=SALT, max_age=DAYS_TO_STOP * 24 * 60 * 60)
        return Change(User.objects.get(pk=user_id), old, new)
    except (signing.BadSignature, User.DoesNotExist):
        return None


@transaction.atomic
def stop(change: Change) -> None:
    """The account is at its old address again, nobody is logged in, and the password, which whoever asked for the
    change knows, opens nothing any more; nor does what was added meanwhile. Nor is it deleted, if that was asked for
    since."""
    user = User.objects.select_for_update().get(pk=change.user.pk)
    EmailAddress.objects.filter(user=user).delete()
    EmailAddress.objects.create(user=user, email=change.old, verified=True, primary=True)
    user.email = change.old
    user.set_unusable_password()
    user.save(update_fields=["email", "password"])
    closing.take_back(user=user)
    second_factors.forget_young(user=user, days=DAYS_TO_STOP)
    get_adapter().end_sessions(UserSession.objects.filter(user=user))
    preferences.refresh(user=user)
    transaction.on_commit(lambda: preferences.copy_if_possible(str(user.pk)))
