from __future__ import annotations

from typing import Any

from django import template

from webapp.accounts.roles import Role, has_role
from webapp.review import queue

register = template.Library()


@register.simple_tag
def photos_to_review(user: Any) -> int | None:
    """How many photos wait for a reviewer; None for who is none."""
    return queue.waiting() if has_role(user, Role.REVIEWER) else None
