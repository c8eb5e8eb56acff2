"""The same figures as a picture. The only module here that needs matplotlib."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean, median

import matplotlib as mpl
from matplotlib import pyplot

from .measure import Results
from .shipped import NAMES


def plot(results: Results, file: Path) -> None:
    """Time, bytes and likeness of each drawer."""
    mpl.use("Agg")
    titles = list(results.versions)
    panels = {
        "CPU, ms (median)": [1000 * median(each.cpu for each in results.of(title)) for title in titles],
        "bytes, KB (mean)": [fmean(each.all_bytes for each in results.of(title)) / 1000 for title in titles],
        f"SSIM, {NAMES[0]} (mean)": [fmean(each.ssim[NAMES[0]] for each in results.of(title)) for title in titles],
    }
    figure, axes = pyplot.subplots(1, len(panels), figsize=(4 * len(panels), 1 + 0.4 * len(titles)), sharey=True)
    for axis, (heading, values) in zip(axes, panels.items(), strict=True):
        axis.set_title(heading, fontsize=10)
        if max(values) > 1:
            axis.bar_label(axis.barh(titles, values), fmt="%.0f", padding=3)
            axis.set_xlim(0, max(values) * 1.2)
        else:  # points, since bars would have to begin at 0
            axis.plot(values, titles, "o")
            axis.margins(x=0.2)
            axis.locator_params(axis="x", nbins=4)
    axes[0].invert_yaxis()
    figure.tight_layout()
    figure.savefig(file, dpi=120)
