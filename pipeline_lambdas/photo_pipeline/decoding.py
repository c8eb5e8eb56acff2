"""An original's pixels: upright, in sRGB, no larger than asked, and read small wherever the format allows."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pillow_heif
import pyvips
from PIL import ExifTags, Image

from . import tiff
from .inspection import open_header, parsing, read_exif

_JPEG_SHRINKS = (8, 4, 2)
_MOST_MISSING = 3 / 4  # of a JPEG's rows
_MOST_SCANS = 200
_OPAQUE = 255
_GREY = 128  # libjpeg fills what is missing with it


@dataclass(frozen=True)
class Decoded:
    """8 bits a channel, three or four channels, in memory. Incomplete when the file's end is missing."""

    image: Any
    incomplete: bool = False


def decode(data: bytes, format: str, *, side: int) -> Decoded:
    """The picture of a file whose header was accepted, at most `side` pixels wide and high.

    Raises Refused when its pixels cannot be had, or too few of them.
    """
    _prepare_libvips()
    with parsing():
        decoded = _DECODERS.get(format, _decode)(data, side)
        if decoded.image.bands not in (3, 4):
            raise ValueError(f"a picture of {decoded.image.bands} channels")
        return replace(decoded, image=_without_idle_alpha(decoded.image))


def _without_idle_alpha(image: Any) -> Any:
    """A screenshot's alpha channel is often opaque all over, and costs WebP more than the colours do."""
    return image[:-1].copy_memory() if image.hasalpha() and image[-1].min() == _OPAQUE else image


def shrink(image: Any, side: int) -> Any:
    """The picture at most `side` pixels wide and high, never enlarged, in memory."""
    return image.thumbnail_image(side, height=side, size="down").copy_memory()


@functools.cache
def _prepare_libvips() -> None:
    pyvips.block_untrusted_set(True)
    pyvips.cache_set_max(0)  # every photo is another: a cache of operations would only hold on to its pixels


def _decode(data: bytes, side: int) -> Decoded:
    try:
        return Decoded(_thumbnail(data, side))
    except pyvips.Error:
        # Pillow opens a few that libvips does not: TIFF in Lab or with old-style JPEG, PNG with a broken checksum.
        return _decode_by_pillow(data, side)


def _decode_jpeg(data: bytes, side: int) -> Decoded:
    try:
        return Decoded(_load_jpeg(data, side, fail_on="truncated"))
    except pyvips.Error:
        if data.count(b"\xff\xda") > _MOST_SCANS:
            raise
        # Unlimited, because libjpeg warns of every restart interval that is missing, and libvips loses patience.
        as_stored = _load_jpeg(data, side, no_rotate=True, fail_on="none", unlimited=True)
        if _rows_missing(as_stored) > _MOST_MISSING * as_stored.height:
            raise
        return Decoded(as_stored.autorot().copy_memory(), incomplete=True)


def _load_jpeg(data: bytes, side: int, *, no_rotate: bool = False, **options: Any) -> Any:
    """Read as small as libjpeg can without falling below `side`; `thumbnail` itself would keep twice of it."""

    def load(shrink: int) -> Any:
        source = pyvips.Source.new_from_memory(data)
        return pyvips.Image.jpegload_source(source, shrink=shrink, access="sequential", **options)

    whole = load(1)
    factor = next((factor for factor in _JPEG_SHRINKS if max(whole.width, whole.height) >= factor * side), 1)
    image = load(factor).thumbnail_image(side, height=side, size="down", no_rotate=no_rotate)
    return _to_srgb(image).copy_memory()


def _thumbnail(data: bytes, side: int) -> Any:
    source = pyvips.Source.new_from_memory(data)  # unlike a buffer, it is read in place
    # As an argument of its own, libvips 8.18 does not hand `fail_on` to the loader.
    image = pyvips.Image.thumbnail_source(source, side, height=side, size="down", option_string="fail_on=truncated")
    return _to_srgb(image).copy_memory()


def _rows_missing(image: Any) -> int:
    """How many rows at the bottom are nothing but libjpeg's grey."""
    differs = ((image - _GREY).abs() > 2).bandor()
    from_bottom, _ = differs.flipver().profile()
    return int(from_bottom.min())


def _to_srgb(image: Any) -> Any:
    """By the embedded profile. Without one a picture is sRGB already, or of the colours that libvips takes for CMYK.

    Asking `thumbnail` itself for sRGB costs five times as much where there is no profile.
    """
    if image.get_typeof("icc-profile-data"):
        try:
            return image.icc_transform("srgb", embedded=True, intent="perceptual")
        except pyvips.Error:  # a profile that is broken, or of other channels
            pass
    return image.colourspace("srgb")


def _decode_tiff(data: bytes, side: int) -> Decoded:
    with open_header(data) as opened:
        tags = opened.tag_v2  # type: ignore[attr-defined]
    if not tiff.is_for_libvips(tags):
        return _decode_by_pillow(data, side)
    channels = tiff.channels_shown(tags)
    decoded = Decoded(_load_tiff(data, side, channels)) if channels else _decode(data, side)
    hides_all = decoded.image.hasalpha() and decoded.image[-1].max() == 0
    return Decoded(_load_tiff(data, side, tiff.colour_channels(tags))) if hides_all else decoded


def _load_tiff(data: bytes, side: int, channels: Sequence[int]) -> Any:
    source = pyvips.Source.new_from_memory(data)
    image = pyvips.Image.tiffload_source(source, access="sequential", fail_on="truncated")
    first, *others = [image[channel] for channel in channels]
    shown = first.bandjoin(others).copy(interpretation=image.interpretation)
    return _to_srgb(shown.thumbnail_image(side, height=side, size="down")).copy_memory()


def _decode_by_pillow(data: bytes, side: int) -> Decoded:
    with open_header(data) as opened:
        opened.load()  # and turns a TIFF, whose orientation is gone then
        tags, _ = read_exif(opened)
        pixels = _pixels(_few_enough(_in_colours(opened), side))
        profile, orientation = opened.info.get("icc_profile"), tags.get(ExifTags.Base.Orientation)
    return Decoded(_finish(pixels, side, profile=profile, orientation=orientation))


def _in_colours(image: Image.Image) -> Image.Image:
    if image.mode in ("RGB", "RGBA"):
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _few_enough(image: Image.Image, side: int) -> Image.Image:
    """At least twice `side` is kept, for the last and careful step: a full copy of 100 megapixels would be 300 MB."""
    factor = max(image.size) // (2 * side)
    return image.reduce(factor) if factor > 1 else image


def _pixels(image: Image.Image) -> Any:
    return pyvips.Image.new_from_memory(image.tobytes(), *image.size, len(image.getbands()), "uchar")


def _decode_heif(data: bytes, side: int) -> Decoded:
    """libheif turns the picture upright itself. Its memory is read in place."""
    opened = pillow_heif.open_heif(data)
    image = opened[opened.primary_index]
    bands = len(image.mode)
    row = image.stride // bands
    pixels = pyvips.Image.new_from_memory(image.data, row, image.size[1], bands, "uchar")
    upright = pixels.crop(0, 0, image.size[0], image.size[1])
    profile: Any = image.info.get("icc_profile")
    return Decoded(_finish(upright, side, profile=profile, orientation=1))


def _finish(pixels: Any, side: int, *, profile: bytes | None, orientation: Any) -> Any:
    image = pixels.copy(interpretation="b-w" if pixels.bands < 3 else "srgb")
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation if orientation in range(1, 9) else 1)
    if profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    small = image.thumbnail_image(side, height=side, size="down")  # which turns it upright
    return _to_srgb(small).copy_memory()


_DECODERS = {
    "JPEG": _decode_jpeg,
    "HEIF": _decode_heif,
    "TIFF": _decode_tiff,
    "BMP": _decode_by_pillow,
    "AVIF": _decode_by_pillow,
}
