"""Who a session is of, read with what every page asks of them: one query for both."""

from __future__ import annotations

from typing import Any

from allauth.account import auth_backends
from django.contrib.auth import backends

from .models import User


class WithPreferences:
    def get_user(self, user_id: Any) -> User | None:
        user = User.objects.select_related("preferences").filter(pk=user_id).first()
        return user if user and user.is_active else None


class ModelBackend(WithPreferences, backends.ModelBackend):
    pass


class AuthenticationBackend(WithPreferences, auth_backends.AuthenticationBackend):
    pass
