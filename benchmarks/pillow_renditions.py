"""The renditions that Shoebox ships, drawn by Pillow at its best: one decode, each rendition from the one before."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pillow_heif
from PIL import Image, ImageCms, ImageOps

from pipeline_lambdas.photo_pipeline.contract import ANALYSIS, DISPLAY, THUMB

_LANCZOS = Image.Resampling.LANCZOS
_SRGB = ImageCms.createProfile("sRGB")

Draw = Callable[[bytes], dict[str, bytes]]


def drawer(settings: dict[str, Any], *, slack: float) -> Draw:
    """A function from a file to its encoded renditions by name.

    A JPEG is decoded at a half, a quarter or an eighth where that leaves `slack` times the size that is wanted.
    """
    pillow_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None
    sides = settings["sides"]
    webp = {"quality": settings["webp"]["quality"], "method": settings["webp"]["effort"]}

    def draw(data: bytes) -> dict[str, bytes]:
        display = _decode(data, sides[DISPLAY], slack)
        analysis = _shrink(display, sides[ANALYSIS])
        thumb = _shrink(analysis, sides[THUMB])
        return {
            DISPLAY: _encode(display, "WEBP", webp),
            ANALYSIS: _encode(_on_white(analysis), "JPEG", settings["jpeg"]),
            THUMB: _encode(thumb, "WEBP", webp),
        }

    return draw


def _decode(data: bytes, side: int, slack: float) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.draft(None, _fit(image.size, side * slack))
        profile = image.info.get("icc_profile")
        small = _shrink(_in_colours(image), side)
        small.getexif().update(image.getexif())
    return _to_srgb(ImageOps.exif_transpose(small), profile)


def _shrink(image: Image.Image, side: int) -> Image.Image:
    size = _fit(image.size, side)
    return image if size == image.size else image.resize(size, _LANCZOS, reducing_gap=3.0)


def _fit(size: tuple[int, int], side: float) -> tuple[int, int]:
    scale = min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _in_colours(image: Image.Image) -> Image.Image:
    image.load()
    if image.mode in ("RGB", "RGBA"):
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if not profile:
        return image
    try:
        return ImageCms.profileToProfile(image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), _SRGB) or image
    except (ImageCms.PyCMSError, OSError):  # a broken profile, or one of other channels
        return image


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _encode(image: Image.Image, format: str, options: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    image.save(file, format, exif=b"", icc_profile=None, **options)
    return file.getvalue()
