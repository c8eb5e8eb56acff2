"""What staff are there for: reviewers decide on photos, operators keep the pipeline and its costs, superusers do all.

A role is a group that a migration made; whoever is not staff has none, whatever their groups.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any

from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]


class Role(StrEnum):
    """The names of the groups."""

    REVIEWER = "Reviewers"
    OPERATOR = "Operators"


def has_role(user: Any, role: Role) -> bool:
    if not (user.is_active and user.is_staff):
        return False
    return bool(user.is_superuser) or role in _groups(user)


def _groups(user: Any) -> set[str]:
    """The names of a person's groups, read once for a request."""
    if not hasattr(user, "_group_names"):
        user._group_names = set(user.groups.values_list("name", flat=True))
    names: set[str] = user._group_names
    return names


def for_role(role: Role) -> Callable[[View], View]:
    """A view for a role alone: strangers are asked to log in, other staff are refused."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not has_role(request.user, role):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return staff_member_required(checked, login_url="account_login")

    return decorate
