"""Where the faces in a photo are. Whose they are, or how they look, is not asked."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from .model_files import FACES, open_session

# The longer side as the model sees it: faces down to about a thirtieth of it are found (models/README.md).
LONG_SIDE = 640
# The model halves five times, and answers for cells of four pixels.
STEP, CELL = 32, 4
# Of the few photos it was tried on, those without people stay under 0.33, and the faces begin at 0.6.
LEAST = 0.5
# Two boxes that share more than this, of what they cover together, are one face.
SAME_FACE = 0.3
MOST_FACES = 100


@dataclass(frozen=True)
class Face:
    """A box in shares of the photo's width and height, 0 to 1, with a confidence from 0 to 100."""

    left: float
    top: float
    width: float
    height: float
    confidence: float


class FaceDetector:
    """CenterFace. Safe to call from several threads."""

    def __init__(self, session: Any) -> None:
        self._session = session

    @classmethod
    def load(cls, threads: int = 1) -> "FaceDetector":
        """Read the model from disk. Raises DamagedModelError."""
        return cls(open_session(FACES, threads))

    def detect(self, image: Image.Image) -> list[Face]:
        """The faces of an upright RGB image, at most 100, the largest first."""
        pixels = look(image)
        heat, sizes, offsets = self._session.run(["heat", "sizes", "offsets"], {"pixels": pixels[None]})
        rows, columns = np.nonzero(heat[0, 0] > LEAST)
        scores = heat[0, 0, rows, columns]
        boxes = to_boxes(rows, columns, sizes[0], offsets[0]) / np.tile(pixels.shape[:0:-1], 2)
        boxes = boxes.clip(0, 1)
        found = [to_face(boxes[one], scores[one]) for one in distinct(boxes, scores)]
        return sorted(found, key=lambda face: -face.width * face.height)


def look(image: Image.Image) -> np.ndarray:
    """The photo as the model was trained to see it: float32 of shape (3, height, width), 0 to 255."""
    scale = LONG_SIDE / max(image.size) / STEP
    width, height = (max(1, round(side * scale)) * STEP for side in image.size)
    resized = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized, np.float32).transpose(2, 0, 1)


def to_boxes(rows: np.ndarray, columns: np.ndarray, sizes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The boxes the model sees around these cells, in its pixels: (left, top, right, bottom) a row."""
    cells = np.stack([columns, rows], axis=1)
    centres = (cells + offsets[::-1, rows, columns].T + 0.5) * CELL
    halves = np.exp(sizes[::-1, rows, columns].T) * CELL / 2
    return np.concatenate([centres - halves, centres + halves], axis=1)


def distinct(boxes: np.ndarray, scores: np.ndarray) -> list[int]:
    """Which boxes to keep, surest first: one for each face."""
    kept: list[int] = []
    left = np.argsort(-scores, kind="stable")
    while left.size and len(kept) < MOST_FACES:
        kept.append(int(left[0]))
        left = left[1:][overlaps(boxes[left[0]], boxes[left[1:]]) <= SAME_FACE]
    return kept


def overlaps(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """What each of the others shares with the box, of what the two cover together: 0 to 1."""
    corners = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = areas(np.concatenate(corners, axis=1))
    return shared / np.maximum(areas(box[None]) + areas(others) - shared, 1e-9)


def areas(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2:] - boxes[:, :2]).clip(0).prod(axis=1)


def to_face(box: np.ndarray, score: np.floating[Any]) -> Face:
    left, top, right, bottom = box.tolist()
    return Face(left, top, right - left, bottom - top, min(100.0, float(score) * 100))
