"""A real browser at the running stack. What it says of a page is part of every test: see `Watch`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests import photo_files
from tests.conftest import need
from tests.stack.running import RunningStack
from tests.stack.site import Site

from .pages import Belongings, fill
from .watch import Watch

HERE = Path(__file__).parent
CHROMIUM = Path("/usr/bin/chromium")
# What Chromium would otherwise do by itself: speak to its maker, and show that it has never run before.
QUIETLY = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE = 60_000  # milliseconds; a limit for a broken site, not a measurement

Browse = Callable[..., Page]


def pytest_configure(config: pytest.Config) -> None:
    config.option.screenshot = "only-on-failure"  # into test-results/, beside the log of the console
    # The plugin pytest-base-url, which comes with Playwright's, has such a fixture.
    config.addinivalue_line("filterwarnings", "ignore:Session-scoped fixtures defined as instance methods")
    expect.set_options(timeout=PATIENCE)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the running stack come after all others, so that it runs no longer than it must, and those in the
    browser last: Playwright keeps an event loop for the rest of the session, in which Django refuses its database."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("browser")
    items.sort(key=lambda item: [item.get_closest_marker(name) is not None for name in ("browser", "stack")])


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    need("browser", present=CHROMIUM.exists())
    return {**browser_type_launch_args, "executable_path": str(CHROMIUM), "args": QUIETLY}


@pytest.fixture
def browse(
    browser: object,
    stack: RunningStack,
    new_context: Callable[..., BrowserContext],
    request: pytest.FixtureRequest,
    output_path: str,
) -> Iterator[Browse]:
    """Opens a window, `browse(viewport=PHONE, java_script_enabled=False)`, and watches it: at the end of the test no
    page may have complained of anything, but for answers with a status that is `expected`."""
    watch = Watch()

    def open_window(*, expected: Collection[int] = (), **options: Any) -> Page:
        watch.expected.update(expected)
        context = new_context(base_url=stack.site_url, **options)
        context.set_default_timeout(PATIENCE)
        watch.follow(context)
        return context.new_page()

    yield open_window
    call = getattr(request.node, "rep_call", None)  # None when a fixture after this one failed
    if watch.complaints or call is None or call.failed:
        watch.write(Path(output_path) / "console.txt")
    assert watch.complaints == []


@pytest.fixture(scope="session")
def bea(stack: RunningStack) -> Site:
    """Somebody with two photos that are ready and one that was rejected, to be looked at only."""
    person = Site(stack).sign_up()
    person.upload(
        {
            "IMG_0001.JPG": photo_files.phone_jpeg(),
            "cup.heic": photo_files.heic(),
            "torn.jpg": photo_files.truncated_jpeg(),
        }
    )
    person.wait_until_processed()
    return person


@pytest.fixture(scope="session")
def belongings(bea: Site) -> Belongings:
    """Hers, with something on every page; to be looked at only."""
    torn, _, phone = before = bea.photo_ids()
    bea.upload({"astronaut.webp": photo_files.webp()})
    bea.wait_until_processed()
    (fourth,) = set(bea.photo_ids()) - set(before)
    return fill(bea, photo=phone, torn=torn, trashed=fourth)
