"""Many photos at once over a bad line: all arrive, once each, and every tile lives.

SHOEBOX_FAULTS=long pytest tests/browser/test_upload_storm.py -rA
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Route, expect

from tests import photo_files
from tests.stack.pipeline import until
from tests.stack.running import RunningStack
from tests.stack.site import Site
from tests.stack.test_main_job import notices, owner_id, records

from .person import DESKTOP
from .test_accessibility import enter

LONG = os.environ.get("SHOEBOX_FAULTS") == "long"
PHOTOS, BYTES, REFUSED, CUT_SECONDS = (200, 3_000_000, 0.05, 10) if LONG else (12, 300_000, 0.2, 1)
PATIENCE = 1_200_000  # milliseconds; a limit for a broken site, not a measurement


@dataclass
class Line:
    """The way to S3: refuses some requests, and is cut when so many have come."""

    context: BrowserContext
    site_url: str
    cuts: list[int]
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    seen: Counter[str] = field(default_factory=Counter)

    def pass_on(self, route: Route) -> None:
        self.seen["requests"] += 1
        if self.cuts and self.seen["requests"] >= self.cuts[0]:
            self.cuts.pop(0)
            self.seen["cuts"] += 1
            self.context.set_offline(True)
            route.abort("internetdisconnected")
        elif self.chance.random() < REFUSED:
            self.seen["refused"] += 1
            headers = {"Access-Control-Allow-Origin": self.site_url, "Content-Type": "application/xml"}
            route.fulfill(status=503, headers=headers, body="<Error><Code>SlowDown</Code></Error>")
        else:
            route.continue_()

    def come_back(self, page: Page, *, cut: int) -> None:
        """Wait for a cut, and end it after its time."""
        give_up = time.monotonic() + PATIENCE / 1000
        while self.seen["cuts"] < cut:
            assert time.monotonic() < give_up, "waited in vain"
            page.wait_for_timeout(50)
        expect(page.locator("[data-trouble]")).to_contain_text("You are offline.")
        page.wait_for_timeout(1000 * CUT_SECONDS)
        self.context.set_offline(False)


def test_photos_all_arrive_once_though_the_line_is_cut_and_s3_refuses_some(
    browser: object, stack: RunningStack, new_context: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    person = Site(stack).sign_up()
    context = new_context(base_url=stack.site_url, viewport=DESKTOP)
    page = context.new_page()
    enter(page, person)
    line = Line(context, stack.site_url, cuts=[PHOTOS // 4, PHOTOS * 3 // 4])
    page.route(f"{stack.parts.aws_url}/**", line.pass_on)
    page.goto("/upload/")
    page.locator("#id_photos").set_input_files(make_files(tmp_path))
    began = time.monotonic()
    page.get_by_role("button", name=f"Upload {PHOTOS} photos").click(timeout=PATIENCE)
    for cut in (1, 2):
        line.come_back(page, cut=cut)
    expect(page.locator("[data-said]")).to_have_text(f"{PHOTOS} photos received.", timeout=PATIENCE)
    sent = time.monotonic() - began
    assert line.seen["cuts"] == 2
    assert line.seen["refused"] > 0

    until(lambda: person.thumbnails())
    give_up = time.monotonic() + PATIENCE / 1000
    while {record.status for record in records(person)} != {"ready"}:
        assert time.monotonic() < give_up, Counter(record.status for record in records(person))
        time.sleep(1)
    until(lambda: notices(person))
    print(f"{PHOTOS} photos of {BYTES / 1e6} MB: {dict(line.seen)}, sent in {sent:.0f} s, "
          f"ready after {time.monotonic() - began:.0f} s")  # fmt: skip

    assert len(records(person)) == len({record.original.sha256 for record in records(person)}) == PHOTOS
    assert len(originals(stack, owner_id(person))) == PHOTOS
    assert notices(person) == [f"{PHOTOS} photos ready"]
    person.wait_until_processed()
    assert len(person.photo_ids()) == len(person.thumbnails()) == PHOTOS


def make_files(folder: Path) -> list[Path]:
    """Photos of so many bytes, no two alike: what follows the end of a JPEG is not looked at."""
    photo = photo_files.camera_jpeg() if LONG else photo_files.phone_jpeg()
    paths = [folder / f"IMG_{number:04}.JPG" for number in range(PHOTOS)]
    for path in paths:
        path.write_bytes(photo + path.name.encode().rjust(BYTES - len(photo), b"\0"))
    return paths


def originals(stack: RunningStack, owner: str) -> list[str]:
    s3, bucket = stack.aws.client("s3"), stack.outputs["OriginalsBucketName"]
    return [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix=f"originals/{owner}/")["Contents"]]
