"""Lighthouse's word on a page, as Lighthouse gives it: through its command line, on a phone that it plays itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from . import weights
from .site import Page

HERE = Path(__file__).resolve().parent
LIGHTHOUSE = HERE / "node_modules" / "lighthouse" / "cli" / "index.js"
CATEGORIES = ("performance", "accessibility", "best-practices")
LEAST = {"performance": 95, "accessibility": 100, "best-practices": 100}
METRICS = {
    "first-contentful-paint": "FCP ms",
    "largest-contentful-paint": "LCP ms",
    "speed-index": "speed index",
    "total-blocking-time": "TBT ms",
    "cumulative-layout-shift": "CLS",
    "total-byte-weight": "KB",
}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# What Chromium would otherwise do by itself: speak to its maker, and show that it has never run before.
FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
OWN_FILE = re.compile(r"/static/((?:css|js)/.+?)(?:\.[0-9a-f]{12})?\.(css|js)$")
TRIES = 3  # where a machine is busy, Chromium now and then records nothing of a page, and Lighthouse says: run again
SECONDS = 180  # a limit for a browser that hangs, not a measurement

Report = Mapping[str, Any]


class AuditError(Exception):
    """A page could not be looked at; the text is one sentence for the person who asked."""


@dataclass(frozen=True)
class Scores:
    """Of one page over its runs: the median of each category in points of 100 and of each metric in its own unit, what
    was found wrong in any run, and the names of our scripts and styles that it loads. `machine` is how quick this
    machine was meanwhile, by Lighthouse's own measure: much below 1,000 the times mean little."""

    page: str
    points: Mapping[str, int]
    metrics: Mapping[str, float]
    complaints: Sequence[str]
    own_files: Sequence[str]
    machine: float

    def too_low(self) -> list[str]:
        """A sentence for each category that is below what is asked for."""
        return [
            f"{self.page}: {name} is {self.points[name]}, and must be {least}."
            for name, least in LEAST.items()
            if self.points[name] < least
        ]

    def cells(self) -> list[str]:
        points = [str(self.points[name]) for name in CATEGORIES]
        metrics = [_in_words(name, self.metrics[name]) for name in METRICS]
        return [self.page, *points, *metrics, f"{self.machine:,.0f}"]


HEADINGS = ("page", *CATEGORIES, *METRICS.values(), "machine")


def _in_words(name: str, value: float) -> str:
    if name == "cumulative-layout-shift":
        return f"{value:.3f}"
    return f"{value / 1000:.0f}" if name == "total-byte-weight" else f"{value:,.0f}"


def score(page: Page, *, rounds: int, folder: Path) -> Scores:
    """Look at a page so many times. Raises `AuditError`; leaves the reports, JSON and HTML, in `folder`."""
    return summed_up(page.name, [_report(page, folder / f"{page.name.replace(' ', '-')}-{at}") for at in range(rounds)])


def summed_up(name: str, reports: Sequence[Report]) -> Scores:
    points = {key: round(100 * median(each["categories"][key]["score"] for each in reports)) for key in CATEGORIES}
    metrics = {key: median(each["audits"][key]["numericValue"] for each in reports) for key in METRICS}
    complaints = sorted({each for report in reports for each in _complaints(report)})
    own_files = sorted({each for report in reports for each in _own_files(report)})
    machine = median(report["environment"]["benchmarkIndex"] for report in reports)
    return Scores(name, points, metrics, complaints, own_files, machine)


def _complaints(report: Report) -> list[str]:
    """What costs a page points, but for the metrics, which are in the table."""
    weighed = {
        reference["id"]
        for key in CATEGORIES
        for reference in report["categories"][key]["auditRefs"]
        if reference["weight"] and reference["id"] not in METRICS
    }
    audits = (report["audits"][each] for each in sorted(weighed))
    return [f"{each['id']}: {each['title']}" for each in audits if each["score"] is not None and each["score"] < 1]


def _own_files(report: Report) -> list[str]:
    """`css/gallery.css` for each of our scripts and styles that the page loaded."""
    addresses = (each["url"] for each in report["audits"]["network-requests"]["details"]["items"])
    found = (OWN_FILE.search(address) for address in addresses)
    return [f"{each[1]}.{each[2]}" for each in found if each and weights.is_ours(each[1])]


def _report(page: Page, path: Path) -> Report:
    command = [
        node(), str(LIGHTHOUSE), page.address, "--quiet", "--no-enable-error-reporting",
        "--output=json", "--output=html", f"--output-path={path}",
        f"--only-categories={','.join(CATEGORIES)}",
        f"--extra-headers={json.dumps(dict(page.headers))}", f"--chrome-flags={FLAGS}",
    ]  # fmt: skip
    error = _error(command)
    for _ in range(TRIES - 1):
        error = error and _error(command)
    if error:
        raise AuditError(f"{page.name}: {error}")
    report: Report = json.loads(path.with_name(f"{path.name}.report.json").read_text())
    return report


def _error(command: Sequence[str]) -> str:
    """Run Lighthouse; what went wrong, or an empty string."""
    try:
        done = subprocess.run(command, env=_environment(), capture_output=True, text=True, timeout=SECONDS)  # noqa: S603
    except subprocess.TimeoutExpired:
        return f"the browser did not answer within {SECONDS} seconds."
    return f"Lighthouse ended with {done.returncode}: {done.stderr.strip()[-1500:]}" if done.returncode else ""


def node() -> str:
    """Raises `AuditError` where it is missing."""
    found = shutil.which("node")
    if not found:
        raise AuditError("There is no node here. Lighthouse needs Node 18.20 or newer: see nodejs.org.")
    if not LIGHTHOUSE.exists():
        raise AuditError(f"Lighthouse is not installed. Run: npm ci --prefix {HERE.relative_to(Path.cwd())}")
    return found


def browser() -> str:
    """Raises `AuditError` where there is none."""
    found = os.environ.get("CHROME_PATH") or next(filter(None, map(shutil.which, CHROMIUM)), "")
    if not found:
        raise AuditError("There is no Chromium here. Install it, or name one in CHROME_PATH.")
    return found


def _environment() -> dict[str, str]:
    return {**os.environ, "CHROME_PATH": browser()}
