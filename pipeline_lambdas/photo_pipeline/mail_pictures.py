"""Small pictures for a mail, of thumbnails: square, so that they make an even grid where no style can crop them."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

SIDE = 320  # pixels; shown at half of it on a good screen
LARGEST = 36_000  # bytes: six of them, as a mail writes them, are 300 KB
_QUALITIES = (72, 50, 30)


def square_jpeg(picture: bytes) -> bytes | None:
    """The middle of a picture as a JPEG of at most `LARGEST` bytes, or None when it cannot be read."""
    try:
        with Image.open(io.BytesIO(picture), formats=("WEBP",)) as opened:
            square = ImageOps.fit(_on_white(opened), (SIDE, SIDE))
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    drawn = (_as_jpeg(square, quality) for quality in _QUALITIES)
    return next((jpeg for jpeg in drawn if len(jpeg) <= LARGEST), None)


def _on_white(picture: Image.Image) -> Image.Image:
    whole = picture.convert("RGBA")
    ground = Image.new("RGBA", whole.size, "white")
    return Image.alpha_composite(ground, whole).convert("RGB")


def _as_jpeg(picture: Image.Image, quality: int) -> bytes:
    into = io.BytesIO()
    picture.save(into, "JPEG", quality=quality, optimize=True)
    return into.getvalue()
