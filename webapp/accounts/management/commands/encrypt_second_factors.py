from typing import Any

from django.core.management.base import BaseCommand

from webapp.accounts import second_factors


class Command(BaseCommand):
    help = (
        "Encrypt the secrets of second factors with SECRET_KEY, before the one in SECRET_KEY_FALLBACKS is taken away."
    )

    def handle(self, **_: Any) -> None:
        self.stdout.write(f"Encrypted for so many people: {second_factors.encrypt_anew()}.")
