"""A photo comes out upright whatever its orientation says, in every format that can say it."""

from __future__ import annotations

import io

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from pipeline_lambdas.photo_pipeline.inspection import inspect
from pipeline_lambdas.photo_pipeline.renditions import draw
from tests import photo_files

FORMATS = ("JPEG", "TIFF", "WEBP", "PNG", "HEIF", "AVIF")
TURNS = (None, *Image.Transpose)
SIZE = (288, 192)


def _lying(format: str, orientation: int, **notes: object) -> bytes:
    """The photo as a camera stores it that was held so."""
    pillow_heif.register_heif_opener()
    stored = _turned(photo_files.photo(), photo_files._AS_STORED[orientation])
    return photo_files.encode(stored, format, quality=90, **notes)


def _stored(format: str, orientation: int) -> bytes:
    """With its orientation: HEIC and AVIF tell it in boxes of their own (`irot`, `imir`), the others in EXIF."""
    return _lying(format, orientation, exif=photo_files.camera_exif(orientation=orientation).tobytes())


def _turned(image: Image.Image, turn: Image.Transpose | None) -> Image.Image:
    return image if turn is None else image.transpose(turn)


def _blocks(image: Image.Image) -> np.ndarray:
    """The grey of 8 × 8 blocks, a row each."""
    grey = np.asarray(image.convert("L").resize(SIZE), float)
    return grey.reshape(SIZE[1] // 8, 8, SIZE[0] // 8, 8).swapaxes(1, 2).reshape(-1, 64)


def _likeness(one: Image.Image, other: Image.Image) -> float:
    """Mean SSIM, 1 for the same picture."""
    a, b = _blocks(one), _blocks(other)
    mean_a, mean_b = a.mean(1), b.mean(1)
    covariance = (a * b).mean(1) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + 6.5) / (mean_a**2 + mean_b**2 + 6.5)
    return float((luminance * (2 * covariance + 58.5) / (a.var(1) + b.var(1) + 58.5)).mean())


def _by_turn(drawn: bytes) -> dict[Image.Transpose | None, float]:
    """How much a rendition looks like the upright photo, turned in each of the eight ways."""
    image, upright = Image.open(io.BytesIO(drawn)).convert("L"), photo_files.photo()
    return {turn: _likeness(_turned(image, turn), upright) for turn in TURNS}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", FORMATS)
def test_every_rendition_is_upright(format: str, orientation: int) -> None:
    data = _stored(format, orientation)
    facts = inspect(data)
    assert (facts.format, facts.width, facts.height) == (format, *photo_files.photo().size)
    for picture in draw(data, facts.format).pictures.values():
        likeness = _by_turn(picture.data)
        assert likeness.pop(None) > 0.85
        assert max(likeness.values()) < 0.4


@pytest.mark.parametrize("format", FORMATS)
def test_a_photo_that_lies_and_does_not_say_so_is_drawn_as_it_lies(format: str) -> None:
    likeness = _by_turn(draw(_lying(format, 6), format).pictures["display"].data)
    assert likeness[None] < 0.4
    assert max(likeness, key=likeness.__getitem__) == Image.Transpose.ROTATE_270
