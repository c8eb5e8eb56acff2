"""Photos to fill a gallery with, all different, made from those of a folder."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path

from PIL import ExifTags, Image, UnidentifiedImageError

NEWEST = datetime(2024, 5, 12, 14, 3, 11)
APART = timedelta(hours=31)
WIDE, HIGH = 2400, 1800
SHAPES = ((WIDE, HIGH), (WIDE, 1600), (HIGH, WIDE), (WIDE, 1350), (HIGH, HIGH))
GRAIN = 24  # of a sensor: what was enlarged has none, and would be drawn in too few bytes


def cuttings(folder: Path, count: int) -> dict[str, bytes]:
    """So many JPEGs by file name, newest first: other parts of the folder's photos, in the shapes and at the size that
    phones take them, one every day or two. Raises `ValueError` where there is no photo in the folder."""
    sources = [image for path in sorted(folder.rglob("*")) if path.is_file() and (image := _open(path))]
    if not sources:
        raise ValueError(f"There is no photo in {folder}.")
    noise = Image.effect_noise((WIDE, WIDE), GRAIN).convert("RGB")
    return {f"IMG_{at:04}.JPG": _cutting(sources[at % len(sources)], noise, at) for at in range(count)}


def _open(path: Path) -> Image.Image | None:
    try:
        return Image.open(path).convert("RGB")
    except (UnidentifiedImageError, OSError):
        return None


def _cutting(source: Image.Image, noise: Image.Image, at: int) -> bytes:
    width, height = SHAPES[at % len(SHAPES)]
    scale = min(source.width / width, source.height / height) * 0.85
    wide, high = scale * width, scale * height
    left, top = (source.width - wide) * (at % 6) / 6, (source.height - high) * (at // 6 % 6) / 6
    cut = source.resize((width, height), Image.Resampling.BICUBIC, box=(left, top, left + wide, top + high))
    grainy = Image.blend(cut, noise.crop((0, 0, width, height)), 0.06)
    file = io.BytesIO()
    grainy.save(file, "JPEG", quality=82, exif=_taken(NEWEST - at * APART))
    return file.getvalue()


def _taken(moment: datetime) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Apple", "iPhone 12"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{moment:%Y:%m:%d %H:%M:%S}"
    return exif
