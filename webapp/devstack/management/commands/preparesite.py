"""`manage.py preparesite`: what is to be done before the local site starts."""

from __future__ import annotations

import os
from typing import Any

from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction

from infra.local.stack import STAFF_EMAIL
from webapp.accounts import preferences
from webapp.accounts.models import User
from webapp.photos.sweep import sweep


class Command(BaseCommand):
    help = (
        "Bring the database up to date, see that the local member of staff can log in (SHOEBOX_STAFF_PASSWORD), and set"
        " going again what is unfinished."
    )

    def handle(self, **_options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        provide_staff(email=STAFF_EMAIL, password=os.environ["SHOEBOX_STAFF_PASSWORD"])
        sweep()


@transaction.atomic
def provide_staff(*, email: str, password: str) -> None:
    """A superuser with a verified address, who is told by mail, and whose password is the one that was printed."""
    user = User.objects.filter(email=email).first() or User.objects.create_superuser(email=email, password=password)
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    EmailAddress.objects.get_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    preferences.provide(user=user)
    transaction.on_commit(lambda: preferences.copy_if_possible(str(user.pk)))
