"""The models at work: a decoded image in, plain values out. Nothing here knows of requests or AWS."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from .faces import Face
from .label_table import Label, LabelTable, load_label_table
from .model_files import LABELS, open_session
from .photographs import may_be_photograph

VIEW_SIDE = 260
# The share of the shorter side that the model was trained to look at: 260 of 292 pixels.
CENTRE = 260 / 292
# Photos nearer to square than this have nothing outside the middle that is worth another look.
NEARLY_SQUARE = 1.1
MOST_SQUARES = 5
# The published weights are under-confident. Of the temperatures tried, this one makes the probabilities truest:
# models/README.md has the measurements.
TEMPERATURE = 0.6
# Above this entropy (in nats) the probability is spread so thin that only the sheer number of classes below
# "Animal" lifts it over the default threshold.
CLUELESS = 3.4
# Probabilities are rounded to this many steps, which sums in any order of float64 keep exact: no parent comes out a
# hair less sure than its child, which a threshold between the two would tell apart.
STEPS = 2.0**30

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Detection:
    """A label seen in one photo, with a confidence from 0 to 100, and where it was seen, if that is known."""

    label: Label
    confidence: float
    instances: tuple[Face, ...] = ()


class LabelDetector:
    """EfficientNet-Lite2 over several views of a photo. Safe to call from several threads."""

    def __init__(self, session: Any, table: LabelTable) -> None:
        self._session = session
        self._table = table

    @classmethod
    def load(cls, threads: int = 1) -> "LabelDetector":
        """Read the model and the table from disk. Raises DamagedModelError."""
        return cls(open_session(LABELS, threads), load_label_table())

    def detect(self, image: Image.Image, min_confidence: float = 0.0) -> list[Detection]:
        """The labels of an upright RGB image, surest first.

        A label's confidence is the summed probability of the classes below it, so a parent is never less sure
        than its children. What is no photo, or one that the model cannot place, has no labels.
        """
        if not may_be_photograph(image):
            return []
        probabilities = self.classify(image, view_boxes(*image.size))
        if entropy(probabilities) > CLUELESS:
            return []
        return self._name(probabilities, min_confidence)

    def classify(self, image: Image.Image, boxes: Iterable[Box]) -> np.ndarray:
        """The probability of each class, averaged over the views: shape (1000,)."""
        pixels = np.stack([_look(image, box) for box in boxes])
        (logits,) = self._session.run(None, {"pixels": pixels})
        return softmax(logits / TEMPERATURE).mean(axis=0)

    def _name(self, probabilities: np.ndarray, min_confidence: float) -> list[Detection]:
        steps = self._table.membership @ np.rint(probabilities * STEPS)
        confidences = np.minimum(steps / STEPS * 100, 100)
        pairs = zip(self._table.labels.values(), confidences.tolist(), strict=True)
        found = [Detection(label, confidence) for label, confidence in pairs if confidence >= min_confidence]
        return surest_first(found)


def surest_first(detections: Iterable[Detection]) -> list[Detection]:
    """Of two equally sure, the more general first, as a reader would say them."""
    return sorted(detections, key=lambda one: (-one.confidence, len(one.label.parents), one.label.name))


def view_boxes(width: int, height: int) -> list[Box]:
    """The squares of a photo to look at, as (left, top, right, bottom): its middle, then along its longer side."""
    return [_centre(width, height), *_along(width, height)]


def _centre(width: int, height: int) -> Box:
    side = min(width, height) * CENTRE
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def _along(width: int, height: int) -> Iterator[Box]:
    short, long = sorted((width, height))
    for start in _starts(short, long):
        yield (start, 0, start + short, short) if width > height else (0, start, short, start + short)


def _starts(short: int, long: int) -> list[float]:
    """Where squares of the shorter side begin along the longer one."""
    if long < short * NEARLY_SQUARE:
        return [(long - short) / 2]
    count = min(MOST_SQUARES, max(3, math.ceil(long / short)))
    return np.linspace(0, long - short, count).tolist()


def _look(image: Image.Image, box: Box) -> np.ndarray:
    """One view as the model was trained to see it: float32 of shape (3, 260, 260), about -1 to 1."""
    view = image.resize((VIEW_SIDE, VIEW_SIDE), Image.Resampling.BICUBIC, box=box)
    return ((np.asarray(view, np.float32) - 127) / 128).transpose(2, 0, 1)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def entropy(probabilities: np.ndarray) -> float:
    """In nats: 0 when one class has it all, 6.9 when a thousand share it evenly."""
    return float(-(probabilities * np.log(probabilities + 1e-12)).sum())
