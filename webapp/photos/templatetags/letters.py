from __future__ import annotations

from django import template

from webapp.photos import dead_letters
from webapp.photos.errors import AWS_ERRORS

register = template.Library()


@register.simple_tag
def dead_letter_count() -> int | None:
    """About how many dead letters there are, or None when the queue does not answer within about a second."""
    try:
        return dead_letters.count(probe=True)
    except AWS_ERRORS:
        return None
