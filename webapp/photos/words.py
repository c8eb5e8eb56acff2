"""Photos in words, for whoever hears a page rather than sees it."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from webapp.photos.models import Photo

NOUNS_ARE_CAPITALISED = ("de",)


def alt_text(date: str, labels: Iterable[str]) -> str:
    """What a picture is: "Photo: dog, beach. 12 May 2024". `date` is that of `date_of`; `labels` are the names that it
    is known by, in the order in which they are to be said."""
    names = ", ".join(_in_running_text(name) for name in labels)
    if not names:
        return _("Photo. %(date)s") % {"date": date}
    return _("Photo: %(labels)s. %(date)s") % {"labels": names, "date": date}


def date_of(photo: Photo) -> str:
    """The day on which a photo stands in the timeline, "12 May 2024": the camera's own, wherever it is looked at."""
    return date_format(timezone.localtime(photo.timeline_at, timezone.get_default_timezone()), "DATE_FORMAT")


def _in_running_text(name: str) -> str:
    """A name without the capitals of a heading, where the language has none within a sentence; one that has others,
    such as BBQ, keeps them all."""
    return name.lower() if name.istitle() and get_language() not in NOUNS_ARE_CAPITALISED else name
