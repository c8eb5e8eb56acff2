from __future__ import annotations

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from webapp import times

register = template.Library()


@register.simple_tag
def moment(at: datetime) -> str:
    """A time as people say it: "3 minutes ago" within a day, else the date; the exact one, with its zone, on hover."""
    local, age = timezone.localtime(at), timezone.now() - at
    words = date_format(local, "DATE_FORMAT")
    if age < timedelta(minutes=1):
        words = _("Just now")
    elif age < timedelta(days=1):
        words = _("%(time)s ago") % {"time": timesince(at, depth=1)}
    exact = times.exactly(at, seconds=True)
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact, words)


register.filter("exactly", times.exactly)
