"""What Lighthouse says of the site's pages: `make lighthouse`, or `python -m benchmarks.lighthouse [--runs 3]`.

On a phone (Lighthouse's own profile: a slow processor on slow 4G), at a local stack that is started for it, with a
person whose gallery has photos; the site is served under the settings of a deployed one. Ends with 1 when a page is
below what is asked for.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import table
from infra.local.run import forget_own_aws
from infra.local.stack import StackError

from . import audit, site, weights

PHOTOS = Path("tests/photos")


def main() -> int:
    chosen = _arguments()
    forget_own_aws()
    try:
        audit.node(), audit.browser()  # before minutes go into a stack
        found = _score(chosen)
    except (audit.AuditError, StackError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return _tell(found)


def _tell(found: Sequence[audit.Scores]) -> int:
    print(table(audit.HEADINGS, [each.cells() for each in found]))
    print(table(weights.HEADINGS, weights.rows({each.page: each.own_files for each in found})))
    for each in found:
        print("".join(f"{each.page}: {complaint}\n" for complaint in each.complaints), end="")
    too_low = [sentence for each in found for sentence in each.too_low()]
    print("\n".join(too_low or ["Every page is what it must be."]))
    return 1 if too_low else 0


def _arguments() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--photos", type=Path, default=PHOTOS, help="the folder whose photos the gallery shows")
    arguments.add_argument("--count", type=int, default=72, help="photos in the gallery")
    arguments.add_argument("--runs", type=int, default=3, help="looks at a page, of which the median counts")
    arguments.add_argument("--only", nargs="+", default=[], help="pages, by name")
    arguments.add_argument("--reports", type=Path, default=Path("build/lighthouse"), help="where the reports are left")
    chosen = arguments.parse_args()
    if unknown := set(chosen.only) - set(site.NAMES):
        arguments.error(f"There is no page {min(unknown)!r}. The pages are: {', '.join(site.NAMES)}.")
    return chosen


def _score(chosen: argparse.Namespace) -> list[audit.Scores]:
    chosen.reports.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        print(f"Starting a stack with {chosen.count} photos ...", flush=True)
        with site.pages(Path(folder), chosen.photos, chosen.count) as pages:
            wanted = [page for page in pages if page.name in chosen.only or not chosen.only]
            return [_look(page, chosen) for page in wanted]


def _look(page: site.Page, chosen: argparse.Namespace) -> audit.Scores:
    print(f"Looking at {page.name} ...", flush=True)
    return audit.score(page, rounds=chosen.runs, folder=chosen.reports)


if __name__ == "__main__":
    sys.exit(main())
