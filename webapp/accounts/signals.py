from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.db import transaction
from django.dispatch import receiver

from . import preferences


@receiver(email_confirmed)
def tell_the_pipeline_the_address(email_address: EmailAddress, **_: Any) -> None:
    """A verified address, a new person's or a changed one, is where the pipeline's mail goes from now on."""
    user_id = str(email_address.user_id)
    preferences.refresh(user=email_address.user)
    transaction.on_commit(lambda: preferences.copy_if_possible(user_id))
