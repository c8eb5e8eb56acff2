from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import get_adapter
from django import template
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from webapp.accounts import second_factors
from webapp.accounts.models import User

register = template.Library()


@register.simple_tag
def connections_address() -> str:
    """Of the page with accounts elsewhere, or nothing where no provider is set up."""
    try:
        return reverse("socialaccount_connections")
    except NoReverseMatch:
        return ""


@register.simple_tag(takes_context=True)
def providers(context: dict[str, Any]) -> list[Any]:
    """allauth's, of those that are set up."""
    request: HttpRequest = context["request"]
    return list(get_adapter().list_providers(request))


@register.filter
def has_settled_one(user: User) -> bool:
    """Whether an account has had a second factor for long enough to stand for its owner."""
    return second_factors.settled(user).exists()


@register.filter
def wrapped(authenticators: Iterable[Authenticator]) -> list[Any]:
    """As allauth's page of all second factors has them."""
    return [each.wrap() for each in authenticators]


@register.filter
def in_fours(key: str) -> str:
    """ "ABCDEFGH" as "ABCD EFGH", which is easier to type."""
    return " ".join(key[at : at + 4] for at in range(0, len(key), 4))


@register.simple_tag(takes_context=True)
def provider_name(context: dict[str, Any], provider_id: str) -> str:
    """What people call a provider; one that is set up no longer goes by its id."""
    found = (each.name for each in providers(context) if provider_id in (each.id, each.sub_id))
    return next(found, provider_id)
