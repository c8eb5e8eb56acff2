"""What the photo page says about a photo, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import clock
from webapp.photos.models import Photo

INCOMPLETE = "The end of this file is missing. If you still have the original, upload it again."
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
        ("File", photo.file_name),
        ("Size", _size(photo.bytes)),
        ("Shown as", _saving(record) if record else ""),
        ("Pixels", f"{width} × {height}" if width else ""),
        ("Format", original.format),
        ("Taken", _moment(exif.taken_at)),
        ("Uploaded", _words(photo.uploaded_at)),
        ("Camera", exif.camera),
        ("Lens", exif.lens),
        ("Exposure", _exposure(exif.exposure)),
        ("Aperture", f"f/{round(exif.aperture, 1):g}" if exif.aperture else ""),
        ("Focal length", f"{exif.focal_length:g} mm" if exif.focal_length else ""),
        ("ISO", str(exif.iso or "")),
    ]
    return [(word, value) for word, value in pairs if value]


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else "under 0.1 MB"


def _saving(record: contract.Photo) -> str:
    """How much smaller what is looked at is than what was uploaded; nothing where it is not."""
    display, original = record.renditions.get(contract.DISPLAY), record.original.bytes
    percent = int(100 * (1 - display.bytes / original)) if display and original else 0
    return f"{_size(display.bytes)}, {percent} % less than the original" if display and percent > 0 else ""


def _exposure(seconds: float) -> str:
    if not seconds:
        return ""
    return f"1/{round(1 / seconds)} s" if seconds < 0.4 else f"{seconds:g} s"


def _moment(text: str) -> str:
    """The camera's own clock as it was written, with its zone if it knew one."""
    moment = clock.parse(text)
    zone = " %Z" if clock.names_zone(text) else ""
    return f"{moment:%-d %B %Y, %H:%M{zone}}" if moment else ""


def _words(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%-d %B %Y, %H:%M %Z}"


def place(place: contract.Place) -> PlaceFact:
    """As degrees north or south, east or west, to about ten metres."""
    north, east = f"{place.latitude:.4f}", f"{place.longitude:.4f}"
    words = (
        f"{north.lstrip('-')}° {'S' if north[0] == '-' else 'N'}, {east.lstrip('-')}° {'W' if east[0] == '-' else 'E'}"
    )
    return PlaceFact(words, f"{MAP}?{urlencode({'mlat': north, 'mlon': east})}#map=15/{north}/{east}")


def analysis(record: contract.Photo) -> str:
    """What looked at the photo: "Label model 3.0 · Moderation model 7.0"."""
    parts = (
        f"Label model {record.label_model}" if record.label_model else "",
        f"Moderation model {record.moderation_model}" if record.moderation_model else "",
    )
    return " · ".join(filter(None, parts))
