"""The renditions that Shoebox ships, drawn by Shoebox, by sharp and by Pillow: time, bytes, likeness, memory.

    python -m benchmarks.renditions FOLDER [--rounds 5] [--plot file.png] [--json file.json]
    python -m benchmarks.renditions FOLDER --effort-curve

Any folder of photos will do. What a drawer cannot open is left out and named.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path
from typing import Any

from . import figures
from .drawers import Drawer, ours, peers
from .figures import table
from .measure import Results, measure
from .shipped import settings

OURS = "ours"


def main() -> None:
    arguments = parse(sys.argv[1:])
    shipped = settings(concurrency=arguments.concurrency)
    drawers = effort_drawers(shipped) if arguments.effort_curve else [ours(shipped), *peers(shipped)]
    results = measure(drawers, arguments.folder, rounds=arguments.rounds, peaks=not arguments.effort_curve)
    if not results.figures:
        sys.exit(f"No photo in {arguments.folder} could be drawn by all: {results.left_out}")
    one = effort_title(shipped) if arguments.effort_curve else OURS
    report(results, one, shipped, rounds=arguments.rounds)
    write(results, arguments)


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, help="photos to draw")
    parser.add_argument("--rounds", type=int, default=5, help="times that each drawer draws each photo (5)")
    parser.add_argument("--concurrency", type=int, help="threads of libvips, ours and sharp's alike (as in Lambda)")
    parser.add_argument("--effort-curve", action="store_true", help="ours alone, at every effort of the WebP encoder")
    parser.add_argument("--plot", type=Path, help="a PNG to draw the figures into (needs matplotlib)")
    parser.add_argument("--json", type=Path, help="a file for the figures of every photo")
    return parser.parse_args(words)


def effort_drawers(shipped: dict[str, Any]) -> list[Drawer]:
    """Ours at each effort."""
    others = [{**shipped, "webp": {**shipped["webp"], "effort": effort}} for effort in range(7)]
    return [ours(other, effort_title(other)) for other in others]


def effort_title(settings: dict[str, Any]) -> str:
    return f"effort {settings['webp']['effort']}"


def report(results: Results, one: str, shipped: dict[str, Any], *, rounds: int) -> None:
    print(f"{one} divided by the others: {len(results.figures)} photos, {rounds} rounds\n")
    print(table(figures.RATIO_HEADINGS, figures.ratio_rows(results, one)))
    print(f"\n{table(figures.FIGURE_HEADINGS, figures.figure_rows(results))}")
    if any(figure.peak for figure in results.of(one)):
        print(f"\n{table(figures.PEAK_HEADINGS, figures.peak_rows(results))}")
    print(f"\nWebP {shipped['webp']}, JPEG {shipped['jpeg']}, longer side {shipped['sides']}")
    print(f"everyone's environment: {shipped['environment']}")
    print(f"{platform.machine()}, Python {platform.python_version()}")
    for title, version in results.versions.items():
        print(f"{title}: {version}")
    for photo, why in results.left_out.items():
        print(f"left out: {photo}: {why}")
    if not any(title.startswith("sharp") for title in results.versions) and one == OURS:
        print("left out: sharp: it needs Node; then run `npm ci` in benchmarks/sharp")


def write(results: Results, arguments: argparse.Namespace) -> None:
    if arguments.json:
        arguments.json.write_text(json.dumps(results.as_json(), indent=1))
    if arguments.plot:
        from .plots import plot  # matplotlib is asked for only here

        plot(results, arguments.plot)


if __name__ == "__main__":
    main()
