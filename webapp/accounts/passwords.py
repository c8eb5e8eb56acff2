"""What a password may not be, as ASVS 5 has it: length and what is guessed first, nothing about kinds of characters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from .models import User

# What keys and letters give when a finger goes along them, both ways.
ROWS = ("1234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm")
RUNS = [run * 3 for row in ROWS for run in (row, row[::-1])]
AROUND = re.compile(r"^[^a-z]{0,8}|[^a-z]{0,8}$")
LEAST_OF_ONES_OWN = 8


class CommonPasswordValidator(password_validation.CommonPasswordValidator):
    """Django's list of known passwords, nearly all of them short, and what people make of one to reach a length."""

    def validate(self, password: str, user: User | None = None) -> None:
        text = password.lower()
        for core in _cores(text):
            super().validate(core, user)
        if any(text in run for run in RUNS) or len(_repeated(text)) <= 4:
            raise ValidationError(self.get_error_message(), code="password_too_common")


def _cores(text: str) -> Iterator[str]:
    """The password, and what is left of it without digits and signs around it, each also once where it is repeated."""
    for core in (text, AROUND.sub("", text)):
        yield core
        yield _repeated(core)


def _repeated(text: str) -> str:
    """The part that `text` repeats, or all of it."""
    return text[: (text + text).find(text, 1)]


class ContextValidator:
    """Enough must be left of a password without the words that anybody who guesses here begins with."""

    def validate(self, password: str, user: User | None = None) -> None:
        left = password.lower()
        for word in sorted(_context(user), key=len, reverse=True):
            left = left.replace(word, "")
        if left != password.lower() and len(left) < LEAST_OF_ONES_OWN:
            raise ValidationError(self.get_help_text(), code="password_of_context")

    def get_help_text(self) -> str:
        return str(_("Leave out the name of this site and your mail address: they are what others try first."))


def _context(user: User | None) -> set[str]:
    host = urlsplit(settings.SITE_URL).hostname or ""
    email = user.email.lower() if user else ""
    words = {"shoebox", "photos", "photo", email, *re.split(r"[^a-z0-9]+", f"{host} {email}")}
    return {word for word in words if len(word) >= 4}
