"""What the model cannot know, it must not name: pictures that are no photographs, as a photo app meets them."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from infra.local.rekognition.detectors import LabelDetector
from infra.local.rekognition.faces import FaceDetector
from infra.local.rekognition.images import decode_image
from infra.local.rekognition.photographs import may_be_photograph

from .conftest import opened

SIZE = (640, 480)
Draw = Callable[[ImageDraw.ImageDraw], object]


def noise(grain: int, seed: int = 0, *, colours: int = 3) -> Image.Image:
    shape = (SIZE[1] // grain, SIZE[0] // grain, colours)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    return Image.fromarray(pixels if colours == 3 else pixels[..., 0]).convert("RGB").resize(SIZE)


def gradient(*, down: bool = False) -> Image.Image:
    ramp = np.tile(np.linspace(0, 255, SIZE[0]).astype(np.uint8), (SIZE[0], 1))
    return Image.fromarray(ramp.T.copy() if down else ramp).resize(SIZE).convert("RGB")


def spot() -> Image.Image:
    across, down = np.meshgrid(np.linspace(-1, 1, SIZE[0]), np.linspace(-1, 1, SIZE[1]))
    return Image.fromarray((255 - np.hypot(across, down) * 180).astype(np.uint8)).convert("RGB")


def drawn(draw: Draw) -> Image.Image:
    image = Image.new("RGB", SIZE, "white")
    draw(ImageDraw.Draw(image))
    return image


def text(size: int) -> Image.Image:
    image = Image.new("RGB", (900, 1200), "white")
    for line in range(1100 // (size * 3 // 2)):
        place = (60, 50 + line * size * 3 // 2)
        ImageDraw.Draw(image).text(place, "The quick brown fox jumps over " * 4, "black", ImageFont.load_default(size))
    return image


def stick_figure(draw: ImageDraw.ImageDraw) -> None:
    draw.ellipse([280, 60, 360, 140], outline="black", width=5)
    for line in ([320, 140, 320, 300], [240, 240, 320, 180, 400, 240], [260, 420, 320, 300, 380, 420]):
        draw.line(line, fill="black", width=5)


def chart(draw: ImageDraw.ImageDraw) -> None:
    for place, (height, colour) in enumerate([(100, "red"), (250, "blue"), (180, "green"), (400, "teal")]):
        draw.rectangle([60 + place * 90, 460 - height, 120 + place * 90, 460], fill=colour)


NO_PHOTOS = {
    "noise": noise(1),
    "other noise": noise(1, 7),
    "grey noise": noise(1, colours=1),
    "coarse noise": noise(2),
    "soft colours": noise(32).resize((20, 15)).resize(SIZE, Image.Resampling.BICUBIC),
    "softer colours": noise(80).resize((8, 6)).resize(SIZE, Image.Resampling.BICUBIC),
    "gradient": gradient(),
    "gradient down": gradient(down=True),
    "spot": spot(),
    "stick figure": drawn(stick_figure),
    "chart": drawn(chart),
    "dense text": text(12),
} | {colour: Image.new("RGB", SIZE, colour) for colour in ("black", "white", "grey", "skyblue", "red")}


def as_jpeg(image: Image.Image) -> Image.Image:
    """As the pipeline would send it."""
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return decode_image(buffer.getvalue())


@pytest.mark.parametrize("name", NO_PHOTOS)
def test_a_picture_that_is_no_photo_has_no_labels(detector: LabelDetector, faces: FaceDetector, name: str) -> None:
    for image in (NO_PHOTOS[name], as_jpeg(NO_PHOTOS[name])):
        assert [one.label.name for one in detector.detect(image, 55)] == []
        assert faces.detect(image) == []


@pytest.mark.parametrize("size", [16, 20, 28])
def test_a_page_of_text_is_at_most_text(detector: LabelDetector, size: int) -> None:
    assert {one.label.name for one in detector.detect(as_jpeg(text(size)), 55)} <= {"Text", "Web Page"}


@pytest.mark.parametrize("name", ["astronaut.jpg", "chelsea.jpg", "coffee.jpg", "rocket.jpg"])
def test_a_photo_may_be_one_also_when_it_is_grey_dark_pale_blurred_or_small(name: str) -> None:
    photo = opened(name)
    levels = [photo.point(lambda value: value // 3), photo.point(lambda value: 170 + value // 3)]
    soft = photo.resize((photo.width // 3, photo.height // 3)).resize(photo.size)
    for image in (photo, photo.convert("L").convert("RGB"), soft, photo.resize((100, 90)), *levels):
        assert may_be_photograph(image)
