"""Rounds of drawing: every drawer in turn on every photo, again and again, so that a slow minute is everyone's."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from PIL import Image

from pipeline_lambdas.photo_pipeline.contract import SNIFF_BYTES, sniff_format

from .drawers import Drawer, Drawn, Worker
from .shipped import NAMES
from .ssim import original_luma, reference, rendition_luma, ssim


@dataclass(frozen=True)
class Figures:
    """One drawer on one photo: seconds (medians of the rounds), bytes and SSIM by rendition, bytes of peak memory."""

    cpu: float
    wall: float
    bytes: dict[str, int]
    ssim: dict[str, float] = field(default_factory=dict)
    peak: int | None = None

    @property
    def all_bytes(self) -> int:
        return sum(self.bytes.values())


@dataclass
class Results:
    """Figures by photo and drawer's title, of photos that every drawer could draw; the others, and why."""

    versions: dict[str, str]
    figures: dict[str, dict[str, Figures]]
    left_out: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def of(self, title: str) -> list[Figures]:
        return [row[title] for row in self.figures.values()]


def find_photos(folder: Path) -> tuple[list[Path], dict[str, str]]:
    """The files of accepted formats, and the others with the reason."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    photos = [path for path in files if _announces_photo(path)]
    return photos, {path.name: "not a photo" for path in files if path not in photos}


def _announces_photo(path: Path) -> bool:
    with path.open("rb") as file:
        return sniff_format(file.read(SNIFF_BYTES)) is not None


def measure(drawers: list[Drawer], folder: Path, *, rounds: int, peaks: bool) -> Results:
    """Draw every photo of the folder `rounds` times by each drawer. Prints nothing."""
    photos, left_out = find_photos(folder)
    with tempfile.TemporaryDirectory() as temporary, contextlib.ExitStack() as stack:
        workers = {drawer.title: stack.enter_context(Worker(drawer)) for drawer in drawers}
        kept = Path(temporary)
        for photo in list(photos):  # the warm-up; its renditions are those that are compared
            if why := _draw_first(workers, photo, kept):
                left_out[photo.name] = why
                photos.remove(photo)
        drawn = _interleave(workers, photos, rounds)
        figures = {photo.name: _figures(photo, drawn[photo.name], kept) for photo in photos}
        versions = {title: worker.version for title, worker in workers.items()}
    if peaks:
        figures = _with_peaks(figures, drawers, photos)
    return Results(versions, figures, left_out)


def _draw_first(workers: dict[str, Worker], photo: Path, kept: Path) -> str:
    for title, worker in workers.items():
        folder = kept / photo.name / title
        folder.mkdir(parents=True)
        if error := worker.draw(photo, keep=folder).error:
            return f"{title}: {error}"
    return ""


def _interleave(workers: dict[str, Worker], photos: list[Path], rounds: int) -> dict[str, dict[str, list[Drawn]]]:
    drawn: dict[str, dict[str, list[Drawn]]] = {photo.name: {title: [] for title in workers} for photo in photos}
    for _ in range(rounds):
        for photo in photos:
            for title, worker in workers.items():
                drawn[photo.name][title].append(worker.draw(photo))
    return drawn


def _figures(photo: Path, drawn: dict[str, list[Drawn]], kept: Path) -> dict[str, Figures]:
    original = original_luma(photo.read_bytes())
    return {
        title: Figures(
            cpu=median(each.cpu for each in rounds),
            wall=median(each.wall for each in rounds),
            bytes=rounds[0].bytes,
            ssim={name: _ssim(original, kept / photo.name / title / name) for name in NAMES},
        )
        for title, rounds in drawn.items()
    }


def _ssim(original: Any, rendition: Path) -> float:
    luma = rendition_luma(rendition.read_bytes())
    height, width = luma.shape
    return ssim(luma, reference(original, width, height))


def _with_peaks(figures: dict[str, dict[str, Figures]], drawers: list[Drawer], photos: Iterable[Path]) -> Any:
    return {
        photo.name: {
            drawer.title: Figures(**{**vars(figures[photo.name][drawer.title]), "peak": _peak(drawer, photo)})
            for drawer in drawers
        }
        for photo in photos
    }


def _peak(drawer: Drawer, photo: Path) -> int | None:
    """In a fresh process that has drawn one small photo."""
    with tempfile.TemporaryDirectory() as temporary, Worker(drawer) as worker:
        small = Path(temporary) / "small.jpg"
        small.write_bytes(_small_jpeg())
        worker.draw(small)
        _, peak = worker.draw_and_weigh(photo)
        return peak


def _small_jpeg() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((640, 480), 40).convert("RGB").save(file, "JPEG")
    return file.getvalue()
