from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from infra.local.rekognition.errors import (
    ImageTooLargeException,
    InvalidImageFormatException,
    InvalidParameterException,
    RekognitionError,
)
from infra.local.rekognition.images import decode_image

from .conftest import make_image, photo


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "BMP", "TIFF"])
def test_other_formats_are_refused(file_format: str) -> None:
    with pytest.raises(InvalidImageFormatException):
        decode_image(make_image(file_format=file_format))


def test_a_truncated_photo_is_refused() -> None:
    with pytest.raises(InvalidImageFormatException):
        decode_image(photo("chelsea.jpg")[:9000])


@given(st.binary(max_size=200))
@example(b"\x89PNG\r\n\x1a\n")
@example(b"\xff\xd8\xff\xe0")
def test_bytes_that_are_no_image_are_refused(content: bytes) -> None:
    with pytest.raises(RekognitionError):
        decode_image(content)


@pytest.mark.parametrize("size", [(79, 200), (200, 79)])
def test_a_side_under_80_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(InvalidParameterException):
        decode_image(make_image(size))


def test_a_side_of_80_pixels_is_taken() -> None:
    assert decode_image(make_image((80, 80))).size == (80, 80)


def test_a_side_over_10000_pixels_is_refused() -> None:
    with pytest.raises(ImageTooLargeException):
        decode_image(make_image((10_001, 100)))


def test_a_large_jpeg_is_decoded_small_enough_to_be_quick() -> None:
    assert decode_image(make_image((4000, 3000), "JPEG")).size == (1000, 750)


def test_a_jpeg_follows_its_orientation() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode_image(make_image((200, 100), "JPEG", exif=exif)).size == (100, 200)


def test_transparency_becomes_white() -> None:
    assert decode_image(make_image(mode="RGBA")).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "RGB"])
def test_every_mode_of_png_becomes_rgb(mode: str) -> None:
    assert decode_image(make_image(mode=mode)).mode == "RGB"


def test_sixteen_bit_grey_keeps_its_brightness() -> None:
    buffer = BytesIO()
    Image.new("I;16", (90, 90), 128 * 256).save(buffer, "PNG")
    assert decode_image(buffer.getvalue()).getpixel((0, 0)) == (128, 128, 128)


def test_a_cmyk_jpeg_becomes_rgb() -> None:
    assert decode_image(make_image(file_format="JPEG", mode="CMYK")).mode == "RGB"
