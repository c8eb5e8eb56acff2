"""`manage.py preparesite`: what the site's database needs before the local site starts."""

from __future__ import annotations

import os
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction

from infra.local.stack import STAFF_EMAIL


class Command(BaseCommand):
    help = "Bring the database up to date, and see that the local member of staff can log in (SHOEBOX_STAFF_PASSWORD)."

    def handle(self, **_options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        provide_staff(email=STAFF_EMAIL, password=os.environ["SHOEBOX_STAFF_PASSWORD"])


@transaction.atomic
def provide_staff(*, email: str, password: str) -> None:
    """A superuser with a verified address. One that exists already keeps the password it has now."""
    users = get_user_model()._default_manager
    user = users.filter(email=email).first() or users.create_superuser(email=email, password=password)
    EmailAddress.objects.get_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
