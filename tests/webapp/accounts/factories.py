"""People to test with."""

from __future__ import annotations

import itertools
from typing import Any

from allauth.account.models import EmailAddress

from webapp.accounts.models import NotificationPreferences, User

PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)


def make_user(*, verified: bool = True, **overrides: Any) -> User:
    """A person who can log in with PASSWORD."""
    user = User.objects.create_user(
        **{"email": f"person{next(_numbers)}@example.org", "password": PASSWORD, **overrides}
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
    return user


def make_preferences(**overrides: Any) -> NotificationPreferences:
    """A person's choice, not yet copied to DynamoDB."""
    return NotificationPreferences.objects.create(**{"user": overrides.pop("user", None) or make_user(), **overrides})
