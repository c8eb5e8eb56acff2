"""How close a rendition comes to its original: SSIM of its luma to a float Lanczos reference, by numpy alone.

Wang et al. 2004: an 11 × 11 Gaussian window of sigma 1.5, K1 0.01, K2 0.03, 8 bit range, only where the window fits.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

Luma = NDArray[np.float32]

_RADIUS, _SIGMA = 5, 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_BT601 = (0.299, 0.587, 0.114)
_SRGB = ImageCms.createProfile("sRGB")

pillow_heif.register_heif_opener()
Image.MAX_IMAGE_PIXELS = None


def ssim(one: Luma, other: Luma) -> float:
    """Mean structural similarity of two pictures of one size, luma 0 to 255: 1.0 when they are the same."""
    mean_one, mean_other = _blur(one), _blur(other)
    covariance = _blur(one * other) - mean_one * mean_other
    variances = _blur(one * one) - mean_one**2 + _blur(other * other) - mean_other**2
    alike = (2 * mean_one * mean_other + _C1) * (2 * covariance + _C2)
    energy = (mean_one**2 + mean_other**2 + _C1) * (variances + _C2)
    return float(np.mean(alike / energy, dtype=np.float64))


def _blur(luma: Luma) -> Luma:
    offsets = np.arange(-_RADIUS, _RADIUS + 1)
    window = np.exp(-(offsets**2) / (2 * _SIGMA**2))
    window /= window.sum()
    return _slide(_slide(luma, window).T, window).T


def _slide(luma: Luma, window: Any) -> Luma:
    rows = luma.shape[0] - len(window) + 1
    total = np.zeros((rows, luma.shape[1]), np.float32)
    for at, weight in enumerate(window):
        total += np.float32(weight) * luma[at : at + rows]
    return total


def luma_of(image: Image.Image) -> Luma:
    """BT.601 luma as floats; transparency lies on white."""
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    pixels = np.asarray(image.convert("RGB"), np.float32)
    red, green, blue = (np.float32(weight) * pixels[..., at] for at, weight in enumerate(_BT601))
    return red + green + blue


def rendition_luma(data: bytes) -> Luma:
    with Image.open(io.BytesIO(data)) as image:
        return luma_of(image)


def original_luma(data: bytes) -> Luma:
    """The whole original, upright and in sRGB. Raises what Pillow raises for a file that it cannot open."""
    with Image.open(io.BytesIO(data)) as image:
        profile = image.info.get("icc_profile")
        upright = ImageOps.exif_transpose(image)
    return luma_of(_to_srgb(upright, profile))


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if not profile:
        return image
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = image.mode if image.mode in ("RGB", "RGBA") else "RGB"
        return ImageCms.profileToProfile(image, own, _SRGB, outputMode=mode) or image
    except (ImageCms.PyCMSError, OSError):  # a broken profile, or one of other channels
        return image


def reference(original: Luma, width: int, height: int) -> Luma:
    """The original at a rendition's size: Lanczos of three lobes in float, on the values as they are stored."""
    if original.shape == (height, width):
        return original
    small = Image.fromarray(original).resize((width, height), Image.Resampling.LANCZOS)
    return np.clip(np.asarray(small, np.float32), 0, 255)
