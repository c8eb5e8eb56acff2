"""How far a page's parts move when a script arrives late, as it does on a phone's network."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, Route, expect

_PAINTED = "() => new Promise((tell) => requestAnimationFrame(() => setTimeout(tell)))"
_SHIFTS = """() => new Promise((tell) => new PerformanceObserver((list) =>
    tell(list.getEntries().map((entry) => entry.value))).observe({ type: "layout-shift", buffered: true })
    || setTimeout(() => tell([]), 1000))"""  # of a page that stands still nobody is told anything


def shift(page: Page, address: str, script: str, brought: Locator) -> float:
    """The layout shift of a page when, after it was painted, a script comes and brings a thing that it shows."""
    held: list[Route] = []
    page.route(script, lambda route: held.append(route))
    with page.expect_request(script):
        page.goto(address, wait_until="commit")
    expect(page.locator("footer")).to_be_attached()
    page.evaluate(_PAINTED)
    held[0].continue_()
    expect(brought).to_be_visible()
    found: list[float] = page.evaluate(_SHIFTS)
    return sum(found)
