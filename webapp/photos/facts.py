"""What the photo page says about a photo, in words."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import clock
from webapp.photos.models import Photo
from webapp.times import exactly, in_own_zone

INCOMPLETE = gettext_lazy("The end of this file is missing. If you still have the original, upload it again.")
MAP = "https://www.openstreetmap.org/"


@dataclass(frozen=True)
class PlaceFact:
    """Where a photo was taken, in words, and the address of a map of it."""

    words: str
    address: str


def facts(photo: Photo, record: contract.Photo | None) -> list[tuple[str, str]]:
    """(word, value) pairs; what is not known is left out."""
    exif = record.exif if record else contract.Exif()
    original = record.original if record else contract.Original(bytes=photo.bytes)
    width, height = original.width or photo.width, original.height or photo.height
    pairs = [
        (_("File"), photo.file_name),
        (_("Size"), _size(photo.bytes)),
        (_("Shown as"), _saving(record) if record else ""),
        (_("Pixels"), f"{width} × {height}" if width else ""),
        (_("Format"), original.format),
        (_("Taken"), _moment(exif.taken_at)),
        (_("Uploaded"), exactly(photo.uploaded_at)),
        (_("Camera"), exif.camera),
        (_("Lens"), exif.lens),
        (_("Exposure"), _exposure(exif.exposure)),
        (_("Aperture"), f"f/{_number(round(exif.aperture, 1))}" if exif.aperture else ""),
        (_("Focal length"), f"{_number(exif.focal_length)} mm" if exif.focal_length else ""),
        ("ISO", str(exif.iso or "")),
    ]
    return [(word, value) for word, value in pairs if value]


def _size(size: int) -> str:
    most = number_format(f"{max(size / 1e6, 0.1):.1f}")
    return f"{most} MB" if size >= 100_000 else _("under %(size)s MB") % {"size": most}


def _saving(record: contract.Photo) -> str:
    """How much smaller what is looked at is than what was uploaded; nothing where it is not."""
    display, original = record.renditions.get(contract.DISPLAY), record.original.bytes
    percent = int(100 * (1 - display.bytes / original)) if display and original else 0
    if not display or percent <= 0:
        return ""
    return _("%(size)s, %(percent)d %% less than the original") % {"size": _size(display.bytes), "percent": percent}


def _number(value: float) -> str:
    return number_format(f"{value:g}")


def _exposure(seconds: float) -> str:
    if not seconds:
        return ""
    return f"1/{round(1 / seconds)} s" if seconds < 0.4 else f"{_number(seconds)} s"


def _moment(text: str) -> str:
    """The camera's own clock as it was written, with its zone if it knew one."""
    moment = clock.parse(text)
    if moment is None:
        return ""
    return in_own_zone(moment) if clock.names_zone(text) else date_format(moment, "DATETIME_FORMAT")


def place(place: contract.Place) -> PlaceFact:
    """As degrees north or south, east or west, to about ten metres."""
    north, east = f"{place.latitude:.4f}", f"{place.longitude:.4f}"
    vertical = pgettext("compass", "S") if north[0] == "-" else pgettext("compass", "N")
    across = pgettext("compass", "W") if east[0] == "-" else pgettext("compass", "E")
    words = f"{number_format(north.lstrip('-'))}° {vertical}, {number_format(east.lstrip('-'))}° {across}"
    return PlaceFact(words, f"{MAP}?{urlencode({'mlat': north, 'mlon': east})}#map=15/{north}/{east}")


def analysis(record: contract.Photo) -> str:
    """What looked at the photo: "Label model 3.0 · Moderation model 7.0"."""
    parts = (
        _("Label model %(model)s") % {"model": record.label_model} if record.label_model else "",
        _("Moderation model %(model)s") % {"model": record.moderation_model} if record.moderation_model else "",
    )
    return " · ".join(filter(None, parts))
