"""The record of a photo."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from .analysis import Instance, Label, ModerationLabel
from .reasons import Reason
from .runs import Step, Usage


class Status(StrEnum):
    """The life of a photo: uploading, processing, then one of three ends; deleting from any of them."""

    UPLOADING = "uploading"
    PROCESSING = "processing"
    READY = "ready"
    REJECTED = "rejected"
    FAILED = "failed"
    DELETING = "deleting"


TERMINAL = (Status.READY, Status.REJECTED, Status.FAILED)
OPEN = (Status.UPLOADING, Status.PROCESSING)


@dataclass(frozen=True)
class Original:
    """The uploaded file. `format` is Pillow's name; width and height in pixels, upright; sha256 in hex; incomplete when
    its end is missing and what came before it is shown."""

    bytes: int
    width: int = 0
    height: int = 0
    format: str = ""
    sha256: str = ""
    incomplete: bool = False


@dataclass(frozen=True)
class Rendition:
    """A picture made from the original: its key in the renditions bucket, and its size in pixels and bytes."""

    key: str
    width: int
    height: int
    bytes: int


@dataclass(frozen=True)
class Exif:
    """What the camera wrote, as far as it is shown. taken_at in ISO 8601, without a zone when the camera knew none;
    exposure in seconds; focal_length in millimetres. Never a place."""

    taken_at: str = ""
    camera: str = ""
    lens: str = ""
    exposure: float = 0.0
    aperture: float = 0.0
    focal_length: float = 0.0
    iso: int = 0


@dataclass(frozen=True)
class Place:
    """Where a photo was taken, in degrees north and east. Kept in the owner's record alone, and only if they asked."""

    latitude: float
    longitude: float


@dataclass(frozen=True)
class Photo:
    """A photo record: pk `OWNER#{owner}`, sk `PHOTO#{photo}`. Times in ISO 8601 UTC. `placeholder` is a WebP of a few
    pixels in base64, to show before the thumbnail. What the owner says of labels lies beside what the model said.
    `asked_attempts` is how many attempts were behind it when a person last asked for one: each time that somebody asks,
    by the upload or later, there are `MAX_ATTEMPTS`. `relabel_run` looks for labels anew, `labelled_by` is the one that
    found those of now (empty: `run_id` itself), `relabel_failure` tells of the last one that found none. `asked_anew`
    is the name under which answers are kept where none from before may be taken. `usage` has an entry for each run that
    stored its end, written with it and never changed; the last `KEPT_ATTEMPTS` are kept."""

    owner_id: str
    photo_id: str
    status: str
    uploaded_at: str
    updated_at: str
    key: str
    original: Original
    batch_id: str = ""
    run_id: str = ""
    requested_run: str = ""
    attempt: int = 1
    asked_attempts: int = 0
    reason: Reason | None = None
    renditions: dict[str, Rendition] = field(default_factory=dict)
    placeholder: str = ""
    exif: Exif = field(default_factory=Exif)
    labels: list[Label] = field(default_factory=list)
    label_model: str = ""
    faces: list[Instance] = field(default_factory=list)
    moderation: list[ModerationLabel] = field(default_factory=list)
    moderation_model: str = ""
    relabel_run: str = ""
    relabel_failure: Step | None = None
    labelled_by: str = ""
    asked_anew: str = ""
    denied_labels: set[str] = field(default_factory=set)
    added_labels: set[str] = field(default_factory=set)
    place: Place | None = None
    steps: list[Step] = field(default_factory=list)
    usage: list[Usage] = field(default_factory=list)


def shown_labels(photo: Photo) -> list[Label]:
    """What a photo shows, its owner's corrections applied: those they added, with full confidence, then the model's."""
    added = [Label(name=name, confidence=100.0) for name in sorted(photo.added_labels)]
    hidden = photo.denied_labels | photo.added_labels
    return added + [label for label in photo.labels if label.name not in hidden]
