"""What a file says about itself, from its header alone: format, size, the camera's notes. No pixel is decoded here."""

from __future__ import annotations

import functools
import io
import math
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pillow_heif
from PIL import ExifTags, Image

from . import tiff
from .contract import FORMATS, SNIFF_BYTES, Exif, Place, Refusal, reason, refuse_dimensions, sniff_format
from .errors import Refused

_TRANSPOSED = {5, 6, 7, 8}
_FIRST_PHOTOGRAPH, _LAST_YEAR = 1826, 2100
_FRAME, _EXTENSION = 0x2C, 0x21  # of a GIF
_MOST_BLOCKS = 1000  # before a GIF's first picture: colour profiles and XMP take a few hundred


@dataclass(frozen=True)
class Facts:
    """An accepted file: its format (a name of `contract.FORMATS`), its upright size in pixels, its camera's notes, and
    the place it was taken at, if it says so."""

    format: str
    width: int
    height: int
    exif: Exif
    place: Place | None = None


def inspect(data: bytes) -> Facts:
    """The facts of a file. Raises Refused when it is no photo, or one outside the limits."""
    announced = sniff_format(data[:SNIFF_BYTES])
    if announced is None:
        raise Refused(reason(Refusal.NOT_A_PHOTO))
    with parsing():
        if announced.name in _ANNOUNCED_SIZES:
            _refuse_dimensions(*_ANNOUNCED_SIZES[announced.name](data))
    with parsing(), open_header(data) as image:
        if image.format == "TIFF":
            tiff.refuse_unsafe(image, data)
        tags, place_tags = read_exif(image)
        width, height = _upright_size(image, tags)
        _refuse_dimensions(width, height)
        return Facts(
            format=announced.name, width=width, height=height, exif=camera_notes(tags), place=place_of(place_tags)
        )


def _refuse_dimensions(width: int, height: int) -> None:
    if refusal := refuse_dimensions(width, height):
        raise Refused(refusal)


def _upright_size(image: Image.Image, tags: dict[int, Any]) -> tuple[int, int]:
    """Of a TIFF, Pillow tells it itself."""
    lies = image.format != "TIFF" and tags.get(ExifTags.Base.Orientation) in _TRANSPOSED
    return image.size[::-1] if lies else image.size


def _webp_size(data: bytes) -> tuple[int, int]:
    """The size in pixels that a WebP's first chunk tells (RFC 9649, sections 2.5 to 2.7)."""
    chunk, start = data[12:16], data[20:30]
    if chunk == b"VP8X":
        return int.from_bytes(start[4:7], "little") + 1, int.from_bytes(start[7:10], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(start[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        return int.from_bytes(start[6:8], "little") & 0x3FFF, int.from_bytes(start[8:10], "little") & 0x3FFF
    raise Refused(reason(Refusal.DAMAGED, detail="a WebP that begins with no picture"))


def _gif_size(data: bytes) -> tuple[int, int]:
    """The size in pixels of a GIF's screen, or of its first frame where that is larger (GIF89a, sections 18 to 20)."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at = 13 + (3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0)
    for _ in range(_MOST_BLOCKS):
        if data[at] == _FRAME:
            left, top, frame_width, frame_height = struct.unpack_from("<HHHH", data, at + 1)
            return max(width, left + frame_width), max(height, top + frame_height)
        at = _end_of_extension(data, at) if data[at] == _EXTENSION else at + 1  # strays are skipped, as Pillow does
    raise ValueError("a GIF in which no picture begins")


def _end_of_extension(data: bytes, at: int) -> int:
    at += 2
    for _ in range(_MOST_BLOCKS):
        if not data[at]:
            return at + 1
        at += data[at] + 1
    raise ValueError("a GIF with a vast extension")


# Pillow makes room for all pixels of these when it opens one, before it can be asked for the size.
_ANNOUNCED_SIZES = {"WEBP": _webp_size, "GIF": _gif_size}


@contextmanager
def parsing() -> Iterator[None]:
    """Parsers raise whatever a hostile file makes them stumble over: all of it says that the file is damaged."""
    try:
        yield
    except Refused:
        raise
    except Exception as error:
        detail = f"{type(error).__name__}: {str(error).strip()}"[:500]
        raise Refused(reason(Refusal.DAMAGED, detail=detail)) from error


def open_header(data: bytes) -> Image.Image:
    """Pillow's lazy image, of accepted formats alone. Raises whatever Pillow does: call it while `parsing`."""
    _prepare_pillow()
    return Image.open(io.BytesIO(data), formats=tuple(FORMATS))


@functools.cache
def _prepare_pillow() -> None:
    pillow_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None  # our own limit, which has a sentence, is asked before anything is decoded


def read_exif(image: Image.Image) -> tuple[dict[int, Any], dict[int, Any]]:
    """The first image's tags, the camera's among them, and those of the place; whatever cannot be read is left out.

    Not by Pillow's `getexif`: of a PNG it decodes all pixels first, and it takes an orientation from XMP, which neither
    libvips nor browsers do.
    """
    exif = Image.Exif()
    try:
        if image.format == "TIFF":
            exif = image.getexif()
        elif notes := image.info.get("exif"):
            exif.load(notes)
        return {**exif, **exif.get_ifd(ExifTags.IFD.Exif)}, exif.get_ifd(ExifTags.IFD.GPSInfo)
    except Exception:  # a maker's broken notes must not cost the photo; Pillow raises whatever its parsers do
        return {}, {}


def camera_notes(tags: dict[int, Any]) -> Exif:
    """What is kept of EXIF tags for everyone who may see the photo. Never the place."""
    return Exif(
        taken_at=_taken_at(tags),
        camera=_camera(_text(tags, ExifTags.Base.Make), _text(tags, ExifTags.Base.Model)),
        lens=_text(tags, ExifTags.Base.LensModel),
        exposure=_number(tags, ExifTags.Base.ExposureTime),
        aperture=_number(tags, ExifTags.Base.FNumber),
        focal_length=_number(tags, ExifTags.Base.FocalLength),
        iso=int(_number(tags, ExifTags.Base.ISOSpeedRatings)),
    )


def place_of(tags: dict[int, Any]) -> Place | None:
    """Where EXIF's GPS tags say the photo was taken, to about a metre."""
    latitude = _degrees(tags, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "S")
    longitude = _degrees(tags, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "W")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return Place(latitude=latitude, longitude=longitude) if latitude or longitude else None


def _degrees(tags: dict[int, Any], tag: int, reference: int, negative: str) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in tags[tag])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value):
        return None
    return round(-value if _text(tags, reference).upper() == negative else value, 5)


def _text(tags: dict[int, Any], tag: int) -> str:
    value = tags.get(tag, "")
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    printable = "".join(letter for letter in str(value) if letter.isprintable())
    return " ".join(printable.split())[:100]


def _number(tags: dict[int, Any], tag: int) -> float:
    value = tags.get(tag, 0)
    if isinstance(value, tuple | list):
        value = value[0] if value else 0
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return 0.0
    return number if 0 < number < 1e6 else 0.0


def _camera(make: str, model: str) -> str:
    """`NIKON CORPORATION`, `NIKON D90` is `NIKON D90`; `Apple`, `iPhone 7` is `Apple iPhone 7`."""
    brand = make.split(" ")[0]
    return model if not brand or model.lower().startswith(brand.lower()) else f"{make} {model}".strip()


_EXIF_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")
_EXIF_ZONE = re.compile(r"[+-]\d\d:\d\d")


def _taken_at(tags: dict[int, Any]) -> str:
    time = _EXIF_TIME.match(_text(tags, ExifTags.Base.DateTimeOriginal))
    if not time or not _is_real_time(time):
        return ""
    zone = _EXIF_ZONE.fullmatch(_text(tags, ExifTags.Base.OffsetTimeOriginal))
    return f"{time[1]}-{time[2]}-{time[3]}T{time[4]}:{time[5]}:{time[6]}" + (zone[0] if zone else "")


def _is_real_time(time: re.Match[str]) -> bool:
    try:
        moment = datetime(*(int(part) for part in time.groups()))  # type: ignore[arg-type]
    except ValueError:
        return False
    return _FIRST_PHOTOGRAPH <= moment.year <= _LAST_YEAR
