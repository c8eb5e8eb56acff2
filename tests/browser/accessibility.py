"""What axe objects to on a page."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

OPTIONS = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}  # WCAG 2.2, which axe leaves out


def complaints(page: Page) -> list[str]:
    """One line for each element that axe objects to, and what it objects to."""
    found: dict[str, Any] = Axe().run(page, options=OPTIONS).response
    assert "color-contrast" in {each["id"] for each in found["passes"] + found["violations"]}, "axe saw no text"
    return [
        f"{page.url} {violation['id']}: {node['html']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
