"""How explicit a photo is."""

from typing import Any

import numpy as np
from PIL import Image

from .model_files import MODERATION, open_session

# The whole photo is squeezed into 256 pixels, of which the model looks at the middle 224.
SIDE, WHOLE = 224, 256
MEAN_BGR = np.array([104, 117, 123], np.float32)


class ModerationDetector:
    """Yahoo's open_nsfw. Safe to call from several threads."""

    def __init__(self, session: Any) -> None:
        self._session = session

    @classmethod
    def load(cls, threads: int = 1) -> "ModerationDetector":
        """Read the model from disk. Raises DamagedModelError."""
        return cls(open_session(MODERATION, threads))

    def explicit(self, image: Image.Image) -> float:
        """How surely an upright RGB image is explicit, from 0 to 100."""
        (probabilities,) = self._session.run(None, {"input:0": look(image)[None]})
        return min(100.0, float(probabilities[0, 1]) * 100)


def look(image: Image.Image) -> np.ndarray:
    """The photo as the model was trained to see it: float32 of shape (224, 224, 3), BGR, around 0."""
    margin = (WHOLE - SIDE) // 2
    whole = image.resize((WHOLE, WHOLE), Image.Resampling.BILINEAR)
    view = whole.crop((margin, margin, margin + SIDE, margin + SIDE))
    return np.asarray(view, np.float32)[:, :, ::-1] - MEAN_BGR
