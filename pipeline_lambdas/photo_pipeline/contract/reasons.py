"""Why a photo is refused or failed: the limits, a code for each case, and a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

MAX_BYTES = 50 * 1000 * 1000
MAX_PIXELS = 100 * 1000 * 1000
MIN_SIDE = 80


class Refusal(StrEnum):
    """What can be wrong with a file, or a run. The value is the code that is stored."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_A_PHOTO = "not_a_photo"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    DAMAGED = "damaged"


class Failure(StrEnum):
    """What can go wrong on our side."""

    RESIZE = "resize_failed"
    LABELS = "labels_failed"
    LABELS_REFUSED = "labels_refused"
    STORE = "store_failed"
    DID_NOT_ARRIVE = "did_not_arrive"
    STOPPED = "stopped"
    PAUSED = "paused"


SENTENCES: Mapping[str, str] = {
    Refusal.EMPTY: "This file is empty. Choose the photo again, or copy it anew from the camera.",
    Refusal.TOO_LARGE: "Too large: {megabytes} MB, the most is {limit} MB. Export a smaller copy and upload that.",
    Refusal.NOT_A_PHOTO: (
        "This is not a photo we can read. Upload a JPEG, PNG, WebP, GIF, HEIC, AVIF, TIFF or BMP file."
    ),
    Refusal.TOO_MANY_PIXELS: (
        "Too many pixels: {width} × {height} is {megapixels} megapixels, the most is {limit}. Upload a smaller copy."
    ),
    Refusal.TOO_SMALL: "Too small: {width} × {height} pixels, the least is {limit} on each side. Upload a larger copy.",
    Refusal.DAMAGED: "This file is damaged or incomplete. Copy it anew from the camera or phone, and upload that.",
    Failure.RESIZE: "Something went wrong on our side while making the previews. The original is safe; try again.",
    Failure.LABELS: "Something went wrong on our side while finding labels. The original is safe; try again.",
    Failure.LABELS_REFUSED: (
        "The service that finds labels did not take this photo. The photo and its previews are safe; try again later."
    ),
    Failure.STORE: "Something went wrong on our side while saving the result. The original is safe; try again.",
    Failure.DID_NOT_ARRIVE: "This photo did not arrive. Upload it again.",
    Failure.STOPPED: "Processing stopped before it was finished. The original is safe; try again.",
    Failure.PAUSED: (
        "Analysis is paused until {until} to keep the costs in bounds. Your photo is kept and is labelled by itself"
        " afterwards."
    ),
}


@dataclass(frozen=True)
class Reason:
    """Why a photo is rejected or failed: code, sentence for its owner, and detail for the operator alone."""

    code: str
    text: str
    detail: str = ""


def reason(code: Refusal | Failure, *, detail: str = "", **facts: object) -> Reason:
    """The reason of `code`, its sentence filled with `facts`."""
    return Reason(code=code.value, text=SENTENCES[code].format(**facts), detail=detail)


_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip


def name_day(moment: str) -> str:
    """The day of a moment in ISO 8601, as a sentence names it: 1 December 2026."""
    year, month, day = moment[:10].split("-")
    return f"{int(day)} {_MONTHS[int(month) - 1]} {year}"


def refuse_size(size: int) -> Reason | None:
    """Why a file of `size` bytes is refused, or None."""
    if size == 0:
        return reason(Refusal.EMPTY)
    if size > MAX_BYTES:
        return reason(Refusal.TOO_LARGE, megabytes=f"{size / 1e6:.1f}", limit=MAX_BYTES // 1_000_000)
    return None


def refuse_dimensions(width: int, height: int) -> Reason | None:
    """Why a picture of `width` by `height` pixels is refused, or None."""
    if width * height > MAX_PIXELS:
        megapixels = round(width * height / 1e6)
        return reason(
            Refusal.TOO_MANY_PIXELS, width=width, height=height, megapixels=megapixels, limit=MAX_PIXELS // 1_000_000
        )
    if min(width, height) < MIN_SIDE:
        return reason(Refusal.TOO_SMALL, width=width, height=height, limit=MIN_SIDE)
    return None
