"""Whether a picture can be a photograph at all: the label model was shown nothing else, and names noise a doormat.

The limits were set between the 998 photos of models/README.md (one-per-class, and each as its outermost: the least
likeness 0.55, the faintest of the sharpest edges 21, the most flatness 0.848), eighteen camera photos, and forty
pictures that are none: noise, gradients, plain colours, charts, line drawings, pages of text.
"""

import numpy as np
from PIL import Image

SIDE = 260
# How alike neighbouring pixels are, 0 to 1: noise has 0.16, dense text 0.31.
LEAST_LIKENESS = 0.45
# How sharp the sharpest hundredth of a picture is, in grey levels: a gradient or soft clouds stay under 10.
LEAST_EDGES = 15.0
# The share of pixels no different from their neighbours: drawings and charts have 0.853 and more.
MOST_FLATNESS = 0.85


def may_be_photograph(image: Image.Image) -> bool:
    grey = np.asarray(image.convert("L").resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.float32)
    return flatness(grey) < MOST_FLATNESS and edges(grey) > LEAST_EDGES and likeness(grey) > LEAST_LIKENESS


def flatness(grey: np.ndarray) -> float:
    right, down = np.abs(np.diff(grey, axis=1))[:-1], np.abs(np.diff(grey, axis=0))[:, :-1]
    return float(((right <= 1) & (down <= 1)).mean())


def edges(grey: np.ndarray) -> float:
    middle, around = grey[1:-1, 1:-1], grey[2:, 1:-1] + grey[:-2, 1:-1] + grey[1:-1, 2:] + grey[1:-1, :-2]
    return float(np.percentile(np.abs(4 * middle - around), 99))


def likeness(grey: np.ndarray) -> float:
    """The correlation of a pixel with the next, to the right or down: the lesser of both."""
    centred = grey - grey.mean()
    spread = (centred * centred).mean() + 1e-9
    right, down = (centred[:, 1:] * centred[:, :-1]).mean(), (centred[1:] * centred[:-1]).mean()
    return float(min(right, down) / spread)
