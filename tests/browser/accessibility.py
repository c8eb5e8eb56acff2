"""What axe objects to on a page."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def complaints(page: Page, *, with_sizes: bool = True) -> list[str]:
    """One line for each element that axe objects to, and what it objects to. `with_sizes` has it measure the targets of
    WCAG 2.2; it takes one that lies half below what floats for a small one, though it can be scrolled from there."""
    options = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": with_sizes}}}
    found: dict[str, Any] = Axe().run(page, options=options).response
    assert "color-contrast" in {each["id"] for each in found["passes"] + found["violations"]}, "axe saw no text"
    return [
        f"{page.url} {violation['id']}: {node['html']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
