"""What a page of a gallery costs: `python -m benchmarks.gallery [--sizes 10 1000] [--database url] [--rounds 30]`.

For the first and the hundredth page of people with so many photos, and for what else a gallery asks: milliseconds of
the server (medians: on the clock, of its processor, of that without what boto3 takes, and of the query for the page
alone), queries, calls to AWS, what DynamoDB charges for them, and bytes. The database is thrown away; one that is named
must be empty. DynamoDB answers at the wire, at once, so that the time is the site's own.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from .figures import table

SIZES = (10, 1_000, 10_000, 100_000)
HUNDREDTH = 99 * 60
HEADINGS = (
    "page", "photos", "server ms", "CPU ms", "CPU outside AWS", "page query ms", "queries", "AWS calls", "read units",
    "KB", "gzip KB",
)  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """Of one page, asked for again and again: milliseconds each time, and what else does not vary."""

    server: list[float]
    cpu: list[float]
    outside_aws: list[float]
    page_query: list[float]
    queries: int
    calls: int
    read_units: float
    html: int
    compressed: int

    def cells(self) -> list[str]:
        return [
            f"{median(self.server):.1f}", f"{median(self.cpu):.1f}", f"{median(self.outside_aws):.1f}",
            f"{median(self.page_query):.1f}", str(self.queries), str(self.calls), f"{self.read_units:.1f}",
            f"{self.html / 1000:.1f}", f"{self.compressed / 1000:.1f}",
        ]  # fmt: skip


def measure(client: Any, address: str, rounds: int) -> Cost:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from . import canned_table

    client.get(address)  # warm: templates, connections, keys to sign with
    server, cpu, outside_aws, page_query = [], [], [], []
    for _ in range(rounds):
        canned_table.forget()
        start, used = time.perf_counter(), time.process_time()
        page = client.get(address, headers={"Accept-Encoding": "gzip"})
        server.append(1000 * (time.perf_counter() - start))
        cpu.append(1000 * (time.process_time() - used))
        outside_aws.append(cpu[-1] - 1000 * canned_table.seen["seconds"])
    canned_table.forget()
    with CaptureQueriesContext(connection) as queries:
        html = client.get(address).content
    assert page.status_code == 200, address
    for _ in range(rounds):
        page_query.append(_time_page_query(page.wsgi_request))
    seen = canned_table.seen
    return Cost(
        server,
        cpu,
        outside_aws,
        page_query,
        len(queries),
        int(seen["calls"]),
        seen["units"],
        len(html),
        len(page.content),
    )


def _time_page_query(request: Any) -> float:
    from webapp.photos.selection import Selection

    start = time.perf_counter()
    Selection.parse(request.GET).photos(request.user).page(request.GET.get("cursor", ""))
    return 1000 * (time.perf_counter() - start)


def addresses(owner: Any, size: int) -> dict[str, str]:
    """The pages that are measured. The hundredth is the last one where there are fewer."""
    from webapp.photos.models import LabelCount, Photo

    timeline = Photo.objects.for_gallery(owner)
    deep = timeline[min(HUNDREDTH, max(size - 61, 0))].cursor
    names = [name for name, _count in LabelCount.objects.top(owner)]
    return {
        "first": "/gallery/",
        "hundredth": f"/gallery/?cursor={deep}",
        "a common label": f"/gallery/?label={names[0]}",
        "a common and a rare label": f"/gallery/?label={names[0]}&label={names[-1]}",
        "favourites": "/gallery/?favourites=on",
        "what failed": "/gallery/?status=failed",
        "counts of a label": f"/gallery/facets/?label={names[0]}",
        "months": "/gallery/months/",
    }


def rows(size: int, rounds: int) -> list[list[str]]:
    from django.test import Client

    from . import gallery_rows

    owner = gallery_rows.fill(size)
    client = Client(headers={"HX-Request": "true"})
    whole = Client()
    for each in (client, whole):
        each.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    found = []
    for name, address in addresses(owner, size).items():
        asks = client if "/gallery/?" not in address and address != "/gallery/" else whole
        found.append([name, f"{size:,}", *measure(asks, address, rounds).cells()])
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    arguments.add_argument("--database", help="the address of an empty database; SQLite in a file, unless told")
    arguments.add_argument("--rounds", type=int, default=30)
    arguments.add_argument("--token", type=int, default=1_000, help="characters of the token in a role's credentials")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _set_up(chosen.database or f"sqlite:///{Path(folder) / 'gallery.sqlite3'}", token=chosen.token)
        found = [row for size in chosen.sizes for row in rows(size, chosen.rounds)]
    print(table(HEADINGS, found))


def _set_up(database: str, *, token: int) -> None:
    os.environ |= {"DJANGO_SETTINGS_MODULE": "webapp.settings.test", "DATABASE_URL": database}
    import django

    django.setup()
    from django.core.management import call_command

    from . import canned_table

    call_command("migrate", verbosity=0)
    canned_table.start(token=token)


if __name__ == "__main__":
    main()
