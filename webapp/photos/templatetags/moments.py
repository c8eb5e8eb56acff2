from __future__ import annotations

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince

register = template.Library()


@register.simple_tag
def moment(at: datetime) -> str:
    """A time as people say it: "3 minutes ago" within a day, else the date; the exact one on hover."""
    local, age = timezone.localtime(at), timezone.now() - at
    words = f"{local:%-d %B %Y}"
    if age < timedelta(minutes=1):
        words = "Just now"
    elif age < timedelta(days=1):
        words = f"{timesince(at, depth=1)} ago"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(), f"{local:%-d %B %Y, %H:%M:%S}", words
    )
