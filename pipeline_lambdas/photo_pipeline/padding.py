"""Rekognition reads nothing narrower than `MIN_SIDE` pixels: a long panorama gets white round it, and where in that it
lies is known from the sizes alone. Sizes are (width, height) in pixels.
"""

from __future__ import annotations

from .contract import MIN_SIDE, Box

Size = tuple[int, int]


def frame(picture: Size) -> Size:
    """The size of a picture with white round it, if it needs any."""
    return max(picture[0], MIN_SIDE), max(picture[1], MIN_SIDE)


def place(picture: Size, framed: Size) -> tuple[int, int, int, int]:
    """Left, top, width and height of a picture in the middle of a frame that is as long as its longer side. Of a larger
    copy of the picture it says the same."""
    scale = max(framed) / max(picture)
    width, height = round(picture[0] * scale), round(picture[1] * scale)
    return (framed[0] - width) // 2, (framed[1] - height) // 2, width, height


def content(picture: Size, framed: Size) -> Box:
    """The same in fractions of the frame."""
    if min(framed) > MIN_SIDE:
        return Box(0, 0, 1, 1)
    left, top, width, height = place(picture, framed)
    return Box(left / framed[0], top / framed[1], width / framed[0], height / framed[1])
