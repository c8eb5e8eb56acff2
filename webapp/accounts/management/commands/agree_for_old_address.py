from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.accounts import address_changes
from webapp.accounts.models import User


class Command(BaseCommand):
    help = (
        "Agree to a change of the mail address for who lost the old mailbox and has no second factor. Be sure who asks."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("old_mail_address")

    def handle(self, old_mail_address: str, **_: Any) -> None:
        try:
            user = User.objects.get_by_natural_key(old_mail_address)
            change = address_changes.agree_for_old(user=user)
        except User.DoesNotExist as error:
            raise CommandError(f"Nobody has an account with {old_mail_address}.") from error
        except address_changes.OverError as error:
            raise CommandError(
                "No change of it waits. Let them ask for it once more, on the page of the address."
            ) from error
        self.stdout.write(
            f"Agreed. It is {change.address.email} when they open the link in the mail there, once more if they did "
            f"(it works until {change.until:%Y-%m-%d %H:%M} UTC)."
        )
