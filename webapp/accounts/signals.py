from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.account.signals import email_added, email_confirmation_sent, email_confirmed, user_signed_up
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.db.models.signals import post_delete, pre_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from . import address_changes, preferences, provider_adapter, second_factors, sessions, tasks
from .models import AddressChange, User

NOT_AGAIN = gettext_lazy(
    "We wrote to the new address a moment ago, and the link in that mail works no longer. Wait three minutes, then "
    "send both mails again."
)


@receiver(email_confirmed)
def tell_the_pipeline_the_address(email_address: EmailAddress, **_: Any) -> None:
    """A verified address, a new person's or a changed one, is where the pipeline's mail goes from now on."""
    user_id = str(email_address.user_id)
    preferences.refresh(user=email_address.user)
    transaction.on_commit(lambda: preferences.copy_if_possible(user_id))


@receiver(user_signed_up)
def tell_the_pipeline_the_address_from_a_provider(user: User, **_: Any) -> None:
    """Which is verified from the start."""
    address = EmailAddress.objects.get_verified(user)
    if address:
        tell_the_pipeline_the_address(email_address=address)


@receiver(email_confirmation_sent)
def ask_the_old_address_as_well(confirmation: Any, **_: Any) -> None:
    """Whenever the new one is asked, whether it agrees to the change; its owner stops what somebody else began."""
    address = confirmation.email_address
    if address_changes.replaces(address):
        address_changes.begin(address)
        _ask_the_old_address(address)


@receiver(email_added)
def ask_the_old_address_alone(request: HttpRequest, email_address: EmailAddress, **_: Any) -> None:
    """Of a change whose new address was written to a moment ago already, about one before, and is not again."""
    if address_changes.replaces(email_address) and address_changes.begin(email_address):
        _ask_the_old_address(email_address)
        messages.warning(request, NOT_AGAIN)


def _ask_the_old_address(new: EmailAddress) -> None:
    change = AddressChange.objects.select_related("address__user").get(pk=new.pk)
    context = {"from_email": change.old, "to_email": new.email, "agree_url": address_changes.agree_url(change)}
    context |= {"days": AddressChange.LIVES.days}
    get_adapter().send_notification_mail("account/email/email_change_asked", new.user, context, email=change.old)


@receiver(authenticator_added)
def note_the_first_second_factor(request: HttpRequest, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        second_factors.note_first(request, authenticator)


@receiver(pre_save, sender=SocialAccount)
def keep_little_of_a_provider(instance: SocialAccount, **_: Any) -> None:
    """Of all that it tells, what the person knows that account by."""
    instance.extra_data = {"name": provider_adapter.name_in(instance.extra_data)}


@receiver(user_logged_in)
def note_the_session(request: HttpRequest, **_: Any) -> None:
    """Whatever logged in is among what the person can see and end, a program that never opens a page too."""
    if hasattr(request, "user"):  # it came through the middleware
        sessions.note(request)


@receiver(post_delete, sender=User)
def forget_someone_who_is_gone(instance: User, **_: Any) -> None:
    """Address and phone number go with the person, whoever deletes them."""
    user_id = str(instance.pk)
    transaction.on_commit(lambda: _forget(user_id), robust=True)  # they are deleted, whatever AWS and the queue say


def _forget(user_id: str) -> None:
    try:
        preferences.forget(user_id)
    except preferences.CopyError:
        tasks.forget_preferences.delay(user_id)
