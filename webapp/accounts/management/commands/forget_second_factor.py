from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.accounts import second_factors
from webapp.accounts.models import User


class Command(BaseCommand):
    help = "Take all second factors off an account whose owner lost them, and tell them by mail. Be sure who asks."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("mail_address")

    def handle(self, mail_address: str, **_: Any) -> None:
        try:
            user = User.objects.get_by_natural_key(mail_address)
        except User.DoesNotExist as error:
            raise CommandError(f"Nobody has an account with {mail_address}.") from error
        self.stdout.write(f"Taken off: {second_factors.forget(user=user)}. {user.email} can log in by password alone.")
