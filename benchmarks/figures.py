"""Arithmetic and tables: ratios of one drawer's figures to another's, photo by photo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean, geometric_mean, median

from .measure import Figures, Results
from .shipped import NAMES

Rows = Sequence[Sequence[str]]


def ratios(results: Results, one: str, other: str, of: Callable[[Figures], float]) -> list[float]:
    """One drawer's figure divided by the other's, for each photo."""
    return [of(mine) / of(theirs) for mine, theirs in zip(results.of(one), results.of(other), strict=True)]


def differences(results: Results, one: str, other: str, name: str) -> list[float]:
    """One drawer's SSIM of a rendition less the other's, for each photo."""
    return [
        mine.ssim[name] - theirs.ssim[name] for mine, theirs in zip(results.of(one), results.of(other), strict=True)
    ]


def ratio_rows(results: Results, one: str) -> list[list[str]]:
    """How one drawer stands to each other one: geometric mean and median of the ratios; mean and least difference."""
    return [
        [other, *_ratio_cells(results, one, other), *_difference_cells(results, one, other)]
        for other in results.versions
        if other != one
    ]


RATIO_HEADINGS = ("to", "CPU", "(median)", "wall", "(median)", "bytes", *(f"SSIM {name} (least)" for name in NAMES))


def _ratio_cells(results: Results, one: str, other: str) -> list[str]:
    cpu = ratios(results, one, other, lambda each: each.cpu)
    wall = ratios(results, one, other, lambda each: each.wall)
    size = ratios(results, one, other, lambda each: each.all_bytes)
    cells = [geometric_mean(cpu), median(cpu), geometric_mean(wall), median(wall), geometric_mean(size)]
    return [f"{cell:.3f}" for cell in cells]


def _difference_cells(results: Results, one: str, other: str) -> list[str]:
    found = [differences(results, one, other, name) for name in NAMES]
    return [f"{fmean(each):+.4f} ({min(each):+.4f})" for each in found]


FIGURE_HEADINGS = (
    "drawer",
    "CPU ms",
    "wall ms",
    *(f"{name} KB" for name in NAMES),
    *(f"SSIM {name}" for name in NAMES),
)


def figure_rows(results: Results) -> list[list[str]]:
    """Each drawer's own figures: medians of times over the photos, means of bytes and SSIM."""
    return [[title, *_figure_cells(results.of(title))] for title in results.versions]


def _figure_cells(figures: list[Figures]) -> list[str]:
    times = [median(each.cpu for each in figures), median(each.wall for each in figures)]
    sizes = [fmean(each.bytes[name] for each in figures) for name in NAMES]
    alike = [fmean(each.ssim[name] for each in figures) for name in NAMES]
    return [
        *(f"{1000 * time:.0f}" for time in times),
        *(f"{size / 1000:.1f}" for size in sizes),
        *(f"{each:.4f}" for each in alike),
    ]


def peak_rows(results: Results) -> list[list[str]]:
    """Peak memory above the warm process, the file included: median and most over the photos."""
    rows = []
    for title in results.versions:
        peaks = [figures.peak / 1e6 for figures in results.of(title) if figures.peak is not None]
        rows.append([title, *(f"{of(peaks):.0f}" if peaks else "unknown" for of in (median, max))])
    return rows


PEAK_HEADINGS = ("drawer", "peak MB", "most MB")


def table(headings: Sequence[str], rows: Rows) -> str:
    """A Markdown table whose columns line up."""
    widths = [max(len(row[at]) for row in (headings, *rows)) for at in range(len(headings))]
    lines = [_line(headings, widths), "| " + " | ".join("-" * width for width in widths) + " |"]
    return "\n".join(lines + [_line(row, widths) for row in rows])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = cells[0].ljust(widths[0])
    others = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    return "| " + " | ".join([first, *others]) + " |"
