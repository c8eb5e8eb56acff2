"""A change of the mail address, which the new mailbox and the old one agree to, in either order.

allauth keeps the new address beside the old one, and asks its mailbox; who agreed is in `AddressChange`. Whoever cannot
open the old mailbox agrees with a second factor in its place. Then allauth replaces the one address by the other.
"""

from __future__ import annotations

from datetime import timedelta

from allauth.account.internal.flows.email_verification import verify_email
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from .models import AddressChange, User

SALT = "webapp.accounts.address_changes"
OLD, NEW = "old_agreed_at", "new_agreed_at"
GRACE = timedelta(hours=1)  # in which whoever agreed in the last moment is done


class OverError(Exception):
    """There is nothing to agree to: it was done or taken back, is too old, or was begun with another password."""


class TakenError(Exception):
    """Somebody else has the new address by now."""


def replaces(address: EmailAddress) -> bool:
    """Whether `address` is to replace another one, rather than to be a new person's first."""
    return EmailAddress.objects.filter(user=address.user_id, verified=True).exclude(pk=address.pk).exists()


def has_address(user: User) -> bool:
    """Whether an address of `user` was confirmed before."""
    return EmailAddress.objects.filter(user=user, verified=True).exists()


def begin(address: EmailAddress) -> bool:
    """Note that the account is to have the unverified `address`; False when that is known. Asked for anew, it lives on
    for as long again, and whoever agreed has, unless it was over."""
    user = User.objects.get(pk=address.user_id)
    known = AddressChange.objects.waiting().filter(address=address).first()
    if known and known.is_open:
        AddressChange.objects.filter(pk=known.pk).update(asked_at=timezone.now())
        return False
    fresh = {"old": user.email, "asked_with": user.get_session_auth_hash(), "asked_at": timezone.now()}
    AddressChange.objects.update_or_create(address=address, defaults=fresh | {OLD: None, NEW: None})
    return True


@transaction.atomic
def drop(*, user: User) -> None:
    """Forget the address that the account waits for; not one that it was given at this moment."""
    User.objects.select_for_update().get(pk=user.pk)
    EmailAddress.objects.filter(user=user, verified=False).delete()


def give_way(email: str) -> None:
    """Let no account wait for an address whose mailbox is known to be somebody's who is to have it now."""
    EmailAddress.objects.filter(email=email, verified=False).exclude(user__email=email).delete()


def agree_url(change: AddressChange) -> str:
    """The address that goes to the old mailbox alone. It is good for these two addresses, for as long as the change."""
    token = signing.dumps([change.pk, change.old, change.address.email], salt=SALT, compress=True)
    return f"{settings.SITE_URL}{reverse('settings_agree_to_email_change', args=[token])}"


def read(token: str) -> AddressChange | None:
    """What an `agree_url` is about, while one can agree to it."""
    try:
        address_id, old, new = signing.loads(token, salt=SALT, max_age=AddressChange.LIVES)
    except signing.BadSignature:
        return None
    found = AddressChange.objects.waiting().filter(pk=address_id, old=old, address__email=new).first()
    return found if found and found.is_open else None


def waiting_for_old(user: User) -> AddressChange | None:
    """The change that only waits for the old mailbox, or for both."""
    found = AddressChange.objects.waiting().filter(address__user=user, old_agreed_at=None).last()
    return found if found and found.is_open else None


def agree(request: HttpRequest, *, address_id: int, side: str) -> AddressChange | None:
    """Note that `side` agrees. What still waits for the other one, or None when the address is changed by this. Raises
    OverError, TakenError."""
    try:
        with transaction.atomic():
            change = _note(address_id, side)
            if not (change.old_agreed_at and change.new_agreed_at):
                return change
            if not (change.address.can_set_verified() and verify_email(request, change.address)):
                raise TakenError
            change.delete()
    except IntegrityError as error:  # taken at this very moment, or by somebody who never confirmed it
        raise TakenError from error
    return None


def agree_for_old(*, user: User) -> AddressChange:
    """Agree in place of an old mailbox that its owner can no longer open, as an operator who knows that it is them.
    The new mailbox agrees behind that, if need be once more. Raises OverError."""
    waiting = waiting_for_old(user)
    if waiting is None:
        raise OverError
    with transaction.atomic():
        change = _note(waiting.pk, OLD)
        AddressChange.objects.filter(pk=change.pk).update(new_agreed_at=None)
    return change


def _note(address_id: int, side: str) -> AddressChange:
    """One after the other for each person, as whatever else changes their address."""
    person = EmailAddress.objects.filter(pk=address_id).values("user")
    user = User.objects.select_for_update().filter(pk__in=person).first()
    change = AddressChange.objects.waiting().filter(pk=address_id, address__user=user).first()
    if change is None or not change.is_open:
        raise OverError
    setattr(change, side, getattr(change, side) or timezone.now())
    change.save(update_fields=[side])
    return change


def forget_outlived() -> None:
    """Let nobody's account wait for an address that was not agreed to in time."""
    outlived = AddressChange.objects.waiting().filter(asked_at__lte=timezone.now() - AddressChange.LIVES - GRACE)
    EmailAddress.objects.filter(pk__in=outlived.values("pk"), verified=False).delete()
