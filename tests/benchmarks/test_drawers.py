from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.drawers import Drawer, Worker, handler, ours, peers
from benchmarks.shipped import NAMES, settings
from benchmarks.ssim import luma_of, reference, rendition_luma, ssim
from pipeline_lambdas.photo_pipeline.contract import Refusal
from tests import photo_files


def _pillow_and_ours() -> list[Drawer]:
    return [ours(settings()), *(peer for peer in peers(settings()) if peer.title.startswith("Pillow"))]


@pytest.mark.parametrize("drawer", _pillow_and_ours(), ids=lambda drawer: drawer.title)
def test_every_drawer_draws_the_same_pictures(drawer: Drawer, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(photo_files.phone_jpeg(orientation=6))
    with Worker(drawer) as worker:
        drawn = worker.draw(photo, keep=tmp_path)
    original = luma_of(photo_files.photo())
    assert drawn.error is None
    for name in NAMES:
        data = (tmp_path / name).read_bytes()
        width, height = Image.open(io.BytesIO(data)).size
        assert max(width, height) == min(451, settings()["sides"][name])
        assert drawn.bytes[name] == len(data)
        assert ssim(rendition_luma(data), reference(original, width, height)) > 0.9


def test_a_refusal_is_named_by_its_code(tmp_path: Path) -> None:
    photo = tmp_path / "huge.png"
    photo.write_bytes(photo_files.png(20_000, 20_000))
    with Worker(handler(settings())) as worker:
        assert worker.draw(photo).error == f"refused: {Refusal.TOO_MANY_PIXELS}"


def test_another_effort_draws_another_file(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes((photo_files.PHOTOS / "astronaut.jpg").read_bytes())
    sizes = set()
    for effort in (0, 6):
        changed = {**settings(), "webp": {**settings()["webp"], "effort": effort}}
        with Worker(ours(changed)) as worker:
            sizes.add(worker.draw(photo).bytes[NAMES[0]])
    assert len(sizes) == 2
