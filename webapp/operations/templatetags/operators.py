from typing import Any

from django import template

from webapp.accounts.roles import Role, has_role

register = template.Library()


@register.filter
def is_operator(user: Any) -> bool:
    return has_role(user, Role.OPERATOR)
