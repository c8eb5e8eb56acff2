from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from infra.local.rekognition.moderation import ModerationDetector, look

from .conftest import opened


class FixedSession:
    """A model that gives every photo the same score."""

    def __init__(self, score: float) -> None:
        self._score = score

    def run(self, _outputs: object, _feeds: object) -> list[np.ndarray]:
        return [np.array([[1 - self._score, self._score]], np.float32)]


# What the package that the model comes from says of these photos, in percent.
@pytest.mark.parametrize(
    ("name", "expected"),
    [("astronaut.jpg", 1.6856), ("chelsea.jpg", 0.0066), ("coffee.jpg", 1.0540), ("rocket.jpg", 0.1044)],
)
def test_a_photo_scores_as_with_the_models_own_package(
    moderation: ModerationDetector, name: str, expected: float
) -> None:
    assert moderation.explicit(opened(name)) == pytest.approx(expected, abs=0.01)


def test_the_second_probability_is_the_explicit_one() -> None:
    assert ModerationDetector(FixedSession(0.75)).explicit(Image.new("RGB", (100, 100))) == pytest.approx(75)


def test_a_score_is_never_over_100() -> None:
    assert ModerationDetector(FixedSession(1.0000001)).explicit(Image.new("RGB", (100, 100))) == 100


def test_the_model_sees_blue_first_and_the_middle_of_the_photo() -> None:
    image = Image.new("RGB", (256, 256), "black")
    image.paste("blue", (16, 16, 240, 240))
    assert look(image).shape == (224, 224, 3)
    assert (look(image) == np.array([255 - 104, -117, -123], np.float32)).all()
