"""A file as it comes out of the form, or as a browser says that it is: can it be kept as a photo, and if not, why.

Reads headers alone. Whether the picture inside is whole is for ResizeImage to find out.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pillow_heif
from django.core.files.uploadedfile import UploadedFile
from PIL import Image

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos.sentences import said as said_of

ORIENTATION = 0x0112
TURNED = (5, 6, 7, 8)


@dataclass(frozen=True)
class Facts:
    """What is known of a file that may be stored. Width and height in pixels, upright, 0 where nobody looked; sha256 in
    hex."""

    name: str
    format: contract.Format
    bytes: int
    width: int
    height: int
    sha256: str


@dataclass(frozen=True)
class Accepted(Facts):
    """A file of the form that may be stored."""

    file: UploadedFile


@dataclass(frozen=True)
class Refused:
    """A file that may not, and the sentence for whoever sent it."""

    name: str
    text: str


def examine(file: UploadedFile) -> Accepted | Refused:
    """What a file of the form is. Its content decides, never its name or what the browser says of it."""
    name, size = (file.name or "")[-255:], file.size or 0
    format = contract.sniff_format(_head(file))
    if why := contract.refuse_size(size):
        return Refused(name, said_of(why))
    if format is None:
        return Refused(name, said_of(contract.reason(contract.Refusal.NOT_A_PHOTO)))
    dimensions = _dimensions(file, format)
    if dimensions is None:
        return Refused(name, said_of(contract.reason(contract.Refusal.DAMAGED)))
    if why := contract.refuse_dimensions(*dimensions):
        return Refused(name, said_of(why))
    width, height = dimensions
    return Accepted(name, format, size, width, height, _sha256(file), file)


def examine_announced(said: Mapping[str, Any]) -> Facts | Refused:
    """What a file is that a browser has and will send: its name, size in bytes, first bytes (`head`), width and height
    in pixels (0 where unknown) and sha256. S3 holds it to size and type, and ResizeImage looks at all of it again."""
    name, size, width, height = said["name"], said["size"], said["width"], said["height"]
    format = contract.sniff_format(said["head"])
    why = contract.refuse_size(size) or (contract.refuse_dimensions(width, height) if width and height else None)
    if why is None and format is None:
        why = contract.reason(contract.Refusal.NOT_A_PHOTO)
    if why or format is None:
        return Refused(name, said_of(why))
    return Facts(name, format, size, width, height, said["sha256"])


def _head(file: UploadedFile) -> bytes:
    file.seek(0)
    return file.read(contract.SNIFF_BYTES)


def _dimensions(file: UploadedFile, format: contract.Format) -> tuple[int, int] | None:
    """Width and height from the header, upright, or None when it cannot be read.

    The format's own reader is asked instead of `Image.open`, which refuses a decompression bomb without its size.
    """
    file.seek(0)
    try:
        with _reader(format.name)(file, None) as picture:
            width, height = picture.size
            # Of the formats with an orientation, this one has it in the header and leaves it to us.
            turned = format.name == "JPEG" and picture.getexif().get(ORIENTATION) in TURNED
    except Exception:  # a hostile header may raise anything, and all of it means the same
        return None
    return (height, width) if turned else (width, height)


@functools.cache
def _reader(name: str) -> Callable[..., Any]:
    Image.init()
    pillow_heif.register_heif_opener()
    return Image.OPEN[name][0]


def _sha256(file: UploadedFile) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()
