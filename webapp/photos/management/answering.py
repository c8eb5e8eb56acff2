"""For commands: what they need is not there, said in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError
from django.db import OperationalError

from webapp.photos.errors import AWS_ERRORS

HINT = "On a laptop, start Shoebox first: make run"


@contextmanager
def answering() -> Iterator[None]:
    """Raises CommandError when the database or AWS does not answer."""
    try:
        yield
    except OperationalError as error:
        raise CommandError(f"The database does not answer ({error}). {HINT}") from error
    except AWS_ERRORS as error:
        raise CommandError(f"AWS does not answer ({error}). {HINT}") from error
