"""What our own scripts and styles weigh on the way to a browser: compressed as WhiteNoise compresses them."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path

STATIC = Path(__file__).resolve().parents[2] / "webapp" / "static"
HEADINGS = ("page", "our CSS, gzip KB", "our JS, gzip KB", "together")


def is_ours(name: str) -> bool:
    return not name.startswith("js/htmx-")


def own_files() -> list[str]:
    """`css/gallery.css` for each script and style of the site that is ours, of whatever page but those of staff."""
    names = (path.relative_to(STATIC).as_posix() for kind in ("css", "js") for path in STATIC.glob(f"{kind}/*.{kind}"))
    return sorted(name for name in names if is_ours(name))


def compressed(names: Sequence[str]) -> int:
    """Bytes of such files, each compressed by itself."""
    return sum(len(gzip.compress((STATIC / name).read_bytes(), 9)) for name in names)


def rows(files: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Of pages with the files that each loads, and of all files there are."""
    return [_row(page, names) for page, names in {**files, "all there is": own_files()}.items()]


def _row(page: str, names: Sequence[str]) -> list[str]:
    sizes = [compressed([each for each in names if each.startswith(kind)]) for kind in ("css/", "js/")]
    return [page, *(f"{size / 1000:.1f}" for size in (*sizes, sum(sizes)))]
