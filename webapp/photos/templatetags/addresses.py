from __future__ import annotations

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def bare(address: str) -> SafeString:
    """A presigned address for a quoted attribute, with the ampersands of its parameters as they are: no character
    reference begins with `&X-`, and in sixty tiles they are 1.4 KB."""
    return mark_safe(escape(address).replace("&amp;X-", "&X-"))  # noqa: S308 - the rest is escaped
