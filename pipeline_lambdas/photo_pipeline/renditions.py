"""The pictures made of an original: without metadata, from one decode, each drawn from the one before."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

from . import padding
from .contract import ANALYSIS, DISPLAY, THUMB, Box
from .decoding import Decoded, decode, shrink

DISPLAY_SIDE, ANALYSIS_SIDE, THUMB_SIDE, PLACEHOLDER_SIDE = 2048, 1280, 480, 16
WEBP = {"quality": 80, "method": 2}  # the effort, 0 to 6: benchmarks/README.md has the curve that it is chosen from
JPEG = {"quality": 85, "optimize": True}
_PLACEHOLDER = {"quality": 40, "method": 4}
_WHITE = [255, 255, 255]


@dataclass(frozen=True)
class Picture:
    """One encoded rendition; width and height in pixels."""

    data: bytes
    media_type: str
    width: int
    height: int


@dataclass(frozen=True)
class Drawing:
    """All that is drawn of one original: pictures by name; the placeholder, a WebP of a few pixels in base64; where in
    the analysis picture the photo lies (less than all of it when a panorama was padded); incomplete when the file's end
    is missing."""

    pictures: dict[str, Picture]
    placeholder: str
    analysis_content: Box
    incomplete: bool = False


def draw(data: bytes, format: str) -> Drawing:
    """Draw the three renditions of a file whose header was accepted. Raises Refused when its pixels cannot be had."""
    return render(open_original(data, format))


def open_original(data: bytes, format: str) -> Decoded:
    """The pixels that `render` needs, so that a caller can let go of the file before. Raises Refused as `draw` does."""
    return decode(data, format, side=DISPLAY_SIDE)


def render(decoded: Decoded) -> Drawing:
    """Draw the three renditions."""
    display = decoded.image
    analysis = shrink(display, ANALYSIS_SIDE)
    thumb = shrink(analysis, THUMB_SIDE)
    padded, content = _pad(_on_white(analysis))
    return Drawing(
        pictures={DISPLAY: _webp(display), ANALYSIS: _jpeg(padded), THUMB: _webp(thumb)},
        placeholder=_placeholder(thumb),
        analysis_content=content,
        incomplete=decoded.incomplete,
    )


def _on_white(image: Any) -> Any:
    return image.flatten(background=_WHITE) if image.hasalpha() else image


def _pad(image: Any) -> tuple[Any, Box]:
    size = (image.width, image.height)
    framed = padding.frame(size)
    left, top, _width, _height = padding.place(size, framed)
    return image.embed(left, top, *framed, extend="white") if framed != size else image, padding.content(size, framed)


def _webp(image: Any) -> Picture:
    return Picture(_encode(image, "WEBP", WEBP), "image/webp", image.width, image.height)


def _jpeg(image: Any) -> Picture:
    return Picture(_encode(image, "JPEG", JPEG), "image/jpeg", image.width, image.height)


def _placeholder(image: Any) -> str:
    return base64.b64encode(_encode(shrink(image, PLACEHOLDER_SIDE), "WEBP", _PLACEHOLDER)).decode()


def _encode(image: Any, format: str, options: Mapping[str, Any]) -> bytes:
    """By Pillow, whose builds of libwebp and libjpeg-turbo write the same for less time than those of libvips."""
    size, mode = (image.width, image.height), "RGBA" if image.hasalpha() else "RGB"
    file = io.BytesIO()
    pixels = Image.frombuffer(mode, size, image.write_to_memory(), "raw", mode, 0, 1)
    pixels.save(file, format, **options)
    return file.getvalue()
