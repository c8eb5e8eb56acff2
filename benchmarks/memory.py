"""Peak memory and time of ResizeImage's work on the worst that the limits let in.

    python -m benchmarks.memory [PHOTO ...] [--only WORD] [--files FOLDER]

Each file in a process of its own, warm with a small photo of the same format. The cases are made on the fly; `--files`
keeps them for the next time.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from PIL import Image

from .drawers import Drawn, Ended, Worker, handler
from .figures import table
from .shipped import settings
from .worst_cases import CASES

HEADINGS = ("file", "file MB", "peak MB", "CPU s", "outcome")


def main() -> None:
    arguments = parse(sys.argv[1:])
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.files or Path(temporary)
        rows = [row(path.name, path, small_copy(path, Path(temporary))) for path in arguments.photos]
        for name in CASES:
            if arguments.only.lower() in name.lower():
                print(f"{name} ...", file=sys.stderr)
                rows.append(row(name, make(name, folder), make(name, folder, small=True)))
    print(table(HEADINGS, rows))
    print(f"\npeak MB: above the warm process, the file itself included; that holds {warm_megabytes():.0f} MB")
    print(f"environment: {settings()['environment']}")


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("photos", type=Path, nargs="*", help="photos to weigh before the worst cases")
    parser.add_argument("--only", default="", help="the cases with this word in their names")
    parser.add_argument("--files", type=Path, help="a folder to keep the cases in")
    return parser.parse_args(words)


def make(name: str, folder: Path, *, small: bool = False) -> Path:
    """The file of a case, or a small one of the same kind."""
    folder.mkdir(parents=True, exist_ok=True)
    maker, (width, height) = CASES[name]
    path = folder / f"{name.replace(' ', '-').replace(':', '')}{'-small' if small else ''}.{name.split()[0].lower()}"
    if not path.exists():
        maker(path, *((640, 480) if small else (width, height)))
    return path


def small_copy(photo: Path, folder: Path) -> Path:
    with Image.open(photo) as image:
        image.thumbnail((640, 640))
        image.save(folder / f"small-{photo.name}", image.format)
    return folder / f"small-{photo.name}"


def warm_megabytes() -> float:
    """What the process holds once the handler is imported and a photo is drawn."""
    with tempfile.TemporaryDirectory() as temporary, Worker(handler(settings())) as worker:
        worker.draw(make("JPEG 100 MP", Path(temporary), small=True))
        return worker.held() / 1e6


def row(name: str, path: Path, warm_up: Path) -> list[str]:
    drawn, peak = weigh(path, warm_up)
    weight = "unknown" if peak is None else f"{peak / 1e6:.0f}"
    return [name, f"{path.stat().st_size / 1e6:.1f}", weight, f"{drawn.cpu:.2f}", drawn.error or "drawn"]


def weigh(path: Path, warm_up: Path) -> tuple[Drawn, int | None]:
    with Worker(handler(settings())) as worker:
        worker.draw(warm_up)
        try:
            return worker.draw_and_weigh(path)
        except Ended as ended:
            return Drawn(cpu=0, wall=0, bytes={}, error=str(ended)), None


if __name__ == "__main__":
    main()
