"""The pictures made of an original: upright, in sRGB, without metadata; one decode, each drawn from the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyvips
from PIL import ImageOps

from .contract import ANALYSIS, DISPLAY, MIN_SIDE, THUMB, Box, Refusal, reason
from .errors import Refused
from .inspection import open_header

DISPLAY_SIDE, ANALYSIS_SIDE, THUMB_SIDE = 2048, 1280, 480
_WEBP = {"Q": 80, "effort": 4, "keep": "none"}
_JPEG = {"Q": 85, "optimize_coding": True, "keep": "none"}
_WHITE = [255, 255, 255]
_DECODED_BY_PILLOW = {"HEIF", "BMP"}  # libvips as packaged opens neither


@dataclass(frozen=True)
class Picture:
    """One encoded rendition; width and height in pixels."""

    data: bytes
    media_type: str
    width: int
    height: int


@dataclass(frozen=True)
class Drawing:
    """All that is drawn of one original: pictures by name, a colour (`#rrggbb`) to show before them, and where in the
    analysis picture the photo lies (less than all of it when a panorama was padded)."""

    pictures: dict[str, Picture]
    placeholder: str
    analysis_content: Box


def draw(data: bytes, format: str) -> Drawing:
    """Draw the three renditions. Raises Refused when the pixels cannot be decoded to the end."""
    try:
        display = _decode(data, format)
        analysis = _shrink(display, ANALYSIS_SIDE)
        thumb = _shrink(analysis, THUMB_SIDE)
        padded, content = _pad(_on_white(analysis))
        return Drawing(
            pictures={
                DISPLAY: _webp(display),
                ANALYSIS: _jpeg(padded),
                THUMB: _webp(thumb),
            },
            placeholder=_mean_colour(thumb),
            analysis_content=content,
        )
    except (pyvips.Error, OSError, ValueError, SyntaxError, EOFError) as error:
        raise Refused(reason(Refusal.DAMAGED, detail=str(error).strip()[:500])) from error


def _decode(data: bytes, format: str) -> Any:
    if format in _DECODED_BY_PILLOW:
        image = _shrink(_pixels_from_pillow(data), DISPLAY_SIDE)
    else:
        image = pyvips.Image.thumbnail_buffer(
            data,
            DISPLAY_SIDE,
            height=DISPLAY_SIDE,
            size="down",
            export_profile="srgb",
            option_string="fail_on=truncated",  # as an argument of its own, libvips 8.18 does not hand it to the loader
        )
    return image.colourspace("srgb").copy_memory()


def _pixels_from_pillow(data: bytes) -> Any:
    with open_header(data) as image:
        profile = image.info.get("icc_profile")
        ImageOps.exif_transpose(image, in_place=True)
        if image.mode not in ("RGB", "RGBA"):
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        pixels = pyvips.Image.new_from_memory(
            image.tobytes(), image.width, image.height, len(image.getbands()), "uchar"
        ).copy(interpretation="srgb")
    if profile:
        pixels.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return pixels


def _shrink(image: Any, side: int) -> Any:
    return image.thumbnail_image(side, height=side, size="down", export_profile="srgb").copy_memory()


def _on_white(image: Any) -> Any:
    return image.flatten(background=_WHITE) if image.hasalpha() else image


def _pad(image: Any) -> tuple[Any, Box]:
    """Rekognition reads nothing narrower than 80 pixels: a long panorama gets white round it."""
    width, height = max(image.width, MIN_SIDE), max(image.height, MIN_SIDE)
    left, top = (width - image.width) // 2, (height - image.height) // 2
    content = Box(left=left / width, top=top / height, width=image.width / width, height=image.height / height)
    return image.embed(left, top, width, height, extend="white"), content


def _webp(image: Any) -> Picture:
    return Picture(image.webpsave_buffer(**_WEBP), "image/webp", image.width, image.height)


def _jpeg(image: Any) -> Picture:
    return Picture(image.jpegsave_buffer(**_JPEG), "image/jpeg", image.width, image.height)


def _mean_colour(image: Any) -> str:
    pixel = _on_white(image).thumbnail_image(1, height=1, size="force").getpoint(0, 0)
    return "#" + "".join(f"{min(255, max(0, round(channel))):02x}" for channel in pixel[:3])
