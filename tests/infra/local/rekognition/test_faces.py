from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from infra.local.rekognition.faces import MOST_FACES, Face, FaceDetector, distinct, look, overlaps

from .conftest import opened

# Where the face in astronaut.jpg is, as a person would draw it.
ASTRONAUT = Face(left=0.35, top=0.11, width=0.18, height=0.24, confidence=100)


class FixedSession:
    """A model that sees, in a photo of any size, a face of `size` cells at each (row, column) given."""

    def __init__(self, *cells: tuple[int, int], size: float = 2, score: float = 0.9) -> None:
        self._cells, self._size, self._score = cells, size, score

    def run(self, _outputs: object, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        rows, columns = (side // 4 for side in feeds["pixels"].shape[2:])
        heat = np.zeros((1, 1, rows, columns), np.float32)
        for row, column in self._cells:
            heat[0, 0, row, column] = self._score
        sizes = np.full((1, 2, rows, columns), np.log(self._size), np.float32)
        return [heat, sizes, np.zeros((1, 2, rows, columns), np.float32)]


def overlap(one: Face, other: Face) -> float:
    first, second = (np.array([[f.left, f.top, f.left + f.width, f.top + f.height]]) for f in (one, other))
    return float(overlaps(first[0], second)[0])


def test_a_face_is_found_where_it_is(faces: FaceDetector) -> None:
    (found,) = faces.detect(opened("astronaut.jpg"))
    assert overlap(found, ASTRONAUT) > 0.8
    assert 85 < found.confidence <= 100


@pytest.mark.parametrize("name", ["chelsea.jpg", "coffee.jpg", "rocket.jpg"])
def test_a_cat_a_cup_and_a_rocket_have_no_face(faces: FaceDetector, name: str) -> None:
    assert faces.detect(opened(name)) == []


def test_noise_has_no_face(faces: FaceDetector) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (300, 400, 3), np.uint8)
    assert faces.detect(Image.fromarray(noise)) == []


def test_every_face_of_a_group_is_found_the_largest_first(faces: FaceDetector) -> None:
    portrait = opened("astronaut.jpg")
    group = Image.new("RGB", (800, 512), "grey")
    group.paste(portrait.resize((280, 280)), (0, 100))
    group.paste(portrait, (288, 0))
    first, second = faces.detect(group)
    assert overlap(first, Face(0.36 + 0.64 * 0.35, 0.11, 0.64 * 0.18, 0.24, 100)) > 0.7
    assert second.left < 0.35
    assert first.width > second.width


def test_a_box_is_in_shares_of_the_photo() -> None:
    # 640 x 320 pixels are 160 x 80 cells: the middle of cell (39, 79) is at (318, 158).
    (found,) = FaceDetector(FixedSession((39, 79), size=10)).detect(Image.new("RGB", (1000, 500)))
    assert (found.left, found.top) == pytest.approx(((318 - 20) / 640, (158 - 20) / 320))
    assert (found.width, found.height) == pytest.approx((40 / 640, 40 / 320))
    assert found.confidence == pytest.approx(90)


def test_neighbouring_cells_are_one_face() -> None:
    session = FixedSession((20, 20), (20, 21), (21, 20), size=8)
    assert len(FaceDetector(session).detect(Image.new("RGB", (640, 640)))) == 1


def test_an_unsure_face_is_none() -> None:
    assert FaceDetector(FixedSession((20, 20), score=0.45)).detect(Image.new("RGB", (640, 640))) == []


def test_no_more_faces_than_rekognition_answers_with() -> None:
    cells = [(row, column) for row in range(2, 150, 4) for column in range(2, 150, 4)]
    assert len(FaceDetector(FixedSession(*cells)).detect(Image.new("RGB", (640, 640)))) == MOST_FACES


@settings(max_examples=25)
@given(st.integers(80, 3000), st.integers(80, 3000), st.floats(0.1, 500))
def test_boxes_stay_inside_the_photo(width: int, height: int, size: float) -> None:
    image = Image.new("RGB", (width, height))
    for face in FaceDetector(FixedSession((0, 0), (7, 7), size=size)).detect(image):
        assert face.left >= 0
        assert face.top >= 0
        assert face.left + face.width <= 1 + 1e-6
        assert face.top + face.height <= 1 + 1e-6


@pytest.mark.parametrize(
    ("size", "shape"), [((640, 640), (640, 640)), ((4000, 3000), (480, 640)), ((80, 9000), (640, 32))]
)
def test_the_model_sees_multiples_of_32_whatever_the_photo(size: tuple[int, int], shape: tuple[int, int]) -> None:
    assert look(Image.new("RGB", size)).shape == (3, *shape)


def test_of_boxes_over_each_other_the_surest_is_kept() -> None:
    boxes = np.array([[0, 0, 0.5, 0.5], [0.02, 0, 0.5, 0.5], [0.6, 0.6, 0.9, 0.9]])
    assert distinct(boxes, np.array([0.6, 0.9, 0.7])) == [1, 2]
