from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from benchmarks.ssim import Luma, luma_of, original_luma, reference, ssim
from tests import photo_files


def make_luma(*, seed: int = 1, height: int = 40, width: int = 60) -> Luma:
    return np.random.default_rng(seed).uniform(0, 255, (height, width)).astype(np.float32)


def test_a_picture_is_like_itself() -> None:
    assert ssim(make_luma(), make_luma()) == pytest.approx(1.0, abs=1e-6)


def test_two_greys_differ_by_the_luminance_term_alone() -> None:
    one, other = np.full((20, 20), 100, np.float32), np.full((20, 20), 150, np.float32)
    c1 = (0.01 * 255) ** 2
    assert ssim(one, other) == pytest.approx((2 * 100 * 150 + c1) / (100**2 + 150**2 + c1), abs=1e-3)


def test_one_window_is_the_formula_of_the_paper() -> None:
    one, other = (make_luma(seed=seed, height=11, width=11).astype(np.float64) for seed in (1, 2))
    distance = np.arange(11) - 5
    window = np.exp(-(distance[:, None] ** 2 + distance[None, :] ** 2) / (2 * 1.5**2))
    window /= window.sum()
    mean_one, mean_other = (window * one).sum(), (window * other).sum()
    variances = (window * (one - mean_one) ** 2).sum() + (window * (other - mean_other) ** 2).sum()
    covariance = (window * (one - mean_one) * (other - mean_other)).sum()
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    expected = ((2 * mean_one * mean_other + c1) * (2 * covariance + c2)) / (
        (mean_one**2 + mean_other**2 + c1) * (variances + c2)
    )
    assert ssim(one.astype(np.float32), other.astype(np.float32)) == pytest.approx(expected, abs=1e-4)


def test_a_coarser_jpeg_is_less_alike() -> None:
    photo = photo_files.photo()
    fine, coarse = (
        ssim(luma_of(photo), luma_of(Image.open(io.BytesIO(photo_files.encode(photo, "JPEG", quality=quality)))))
        for quality in (95, 30)
    )
    assert 1 > fine > coarse + 0.02


def test_the_reference_is_not_rounded_to_whole_values() -> None:
    small = reference(make_luma(), 30, 20)
    assert small.shape == (20, 30)
    assert np.abs(small - np.rint(small)).max() > 0.1


def test_a_picture_of_the_same_size_is_its_own_reference() -> None:
    luma = make_luma()
    assert reference(luma, 60, 40) is luma


def test_green_is_brighter_than_blue() -> None:
    values = [luma_of(Image.new("RGB", (1, 1), colour))[0, 0] for colour in ("red", "lime", "blue", "white")]
    assert values == pytest.approx([76.2, 149.7, 29.1, 255], abs=0.1)


def test_what_is_transparent_is_white() -> None:
    assert luma_of(Image.new("RGBA", (1, 1), (0, 0, 0, 0)))[0, 0] == pytest.approx(255, abs=0.1)


def test_a_photo_on_its_side_is_compared_upright() -> None:
    upright = luma_of(photo_files.photo())
    assert ssim(original_luma(photo_files.phone_jpeg(orientation=6)), upright) > 0.95
