"""What the photo page says about a photo, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import clock
from webapp.photos.models import Photo

STEP_WORDS = {
    "ResizeImage": ("Previews made", "Previews could not be made"),
    "RekognitionLabels": ("Labels found", "Labels could not be found"),
    "StoreMetadata": ("Result saved", "Result could not be saved"),
}


@dataclass(frozen=True)
class Event:
    """Something that happened to a photo: when, and how long it took in seconds (None when that says nothing)."""

    word: str
    at: datetime | None
    seconds: float | None = None
    attempt: int = 1
    is_bad: bool = False


def facts(photo: Photo, record: contract.Photo | None) -> list[tuple[str, str]]:
    """(word, value) pairs; what is not known is left out."""
    exif = record.exif if record else contract.Exif()
    original = record.original if record else contract.Original(bytes=photo.bytes)
    width, height = original.width or photo.width, original.height or photo.height
    pairs = [
        ("File", photo.file_name),
        ("Size", f"{photo.bytes / 1e6:.1f} MB"),
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


def _exposure(seconds: float) -> str:
    if not seconds:
        return ""
    return f"1/{round(1 / seconds)} s" if seconds < 0.4 else f"{seconds:g} s"


def _moment(text: str) -> str:
    moment = clock.parse(text)
    # The camera's own clock, which mostly names no zone: shown as it was written.
    return f"{moment:%-d %B %Y, %H:%M}" if moment else ""


def _words(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%-d %B %Y, %H:%M %Z}"


def history(photo: Photo, record: contract.Photo | None) -> list[Event]:
    """What happened to a photo, oldest first."""
    steps = record.steps if record else []
    return [Event("Uploaded", photo.uploaded_at), *(_event(step) for step in steps)]


def _event(step: contract.Step) -> Event:
    done, broken = STEP_WORDS.get(step.name, (step.name, f"{step.name} failed"))
    is_bad = step.outcome == "failed"
    seconds = None if is_bad else step.ms / 1000
    return Event(broken if is_bad else done, clock.parse(step.started), seconds, step.attempt, is_bad)
