"""axe finds nothing on the pages a person meets, in either theme, on a phone and on a desktop."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests import photo_files
from tests.stack.site import Site

from .accessibility import complaints
from .conftest import Browse
from .person import DESKTOP, PHONE, assert_fits, expect_picture

LOOKS = [("light", DESKTOP), ("dark", PHONE)]
look = pytest.mark.parametrize(("theme", "viewport"), LOOKS, ids=[f"{theme} {size['width']}" for theme, size in LOOKS])
OUTSIDE = ["/", "/accounts/signup/", "/accounts/login/", "/accounts/password/reset/", "/dev/inbox/"]
INSIDE = [
    "/upload/",
    "/gallery/",
    "/gallery/?label=Cat",
    "/gallery/?label=Nothing",
    "/settings/notifications/",
    "/settings/photos/",
]


def all_complaints(page: Page, addresses: list[str]) -> list[str]:
    said = []
    for address in addresses:
        page.goto(address)
        assert_fits(page)
        said += complaints(page)
    return said


@look
def test_pages_for_everybody(browse: Browse, theme: Any, viewport: Any) -> None:
    page = browse(viewport=viewport, color_scheme=theme)
    assert all_complaints(page, OUTSIDE) == []


@look
def test_pages_of_a_person(browse: Browse, bea: Site, theme: Any, viewport: Any) -> None:
    page = browse(viewport=viewport, color_scheme=theme)
    enter(page, bea)
    torn, _, phone = bea.photo_ids()
    photos = [f"/photos/{phone}/", f"/photos/{torn}/", f"/photos/{phone}/delete/"]
    assert all_complaints(page, INSIDE + photos) == []


@look
def test_open_menu_and_forms_with_errors(browse: Browse, bea: Site, theme: Any, viewport: Any) -> None:
    page = browse(viewport=viewport, color_scheme=theme)
    page.goto("/accounts/signup/")
    page.get_by_role("button", name="Sign up", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    said = complaints(page)
    enter(page, bea)
    page.goto("/gallery/")
    expect_picture(page.locator(".tile img:not(.placeholder)").first)
    page.locator("summary", has_text="Account").click()
    assert_fits(page)
    assert said + complaints(page) == []


@look
def test_chosen_files_and_what_became_of_them(browse: Browse, bea: Site, theme: Any, viewport: Any) -> None:
    page = browse(viewport=viewport, color_scheme=theme)
    enter(page, bea)
    page.goto("/upload/")
    files = {
        "good.webp": photo_files.webp(),
        "cup.heic": photo_files.heic(),  # which she has
        "diary.jpg": photo_files.text_named_jpg(),
        "tiny.png": photo_files.png(9, 9),
    }
    chosen: list[FilePayload] = [{"name": name, "mimeType": "", "buffer": data} for name, data in files.items()]
    page.locator("input[type=file]").set_input_files(chosen)
    expect(page.get_by_role("list", name="Chosen files").get_by_role("listitem")).to_have_count(4)
    assert_fits(page)
    said = complaints(page)
    page.get_by_role("button", name="Remove good.webp").click()
    page.get_by_role("button", name="Upload 1 photo").click()
    expect(page.get_by_role("listitem").filter(has_text="cup.heic")).to_contain_text("Already in your gallery")
    expect(page.get_by_role("listitem").filter(has_text="tiny.png")).to_contain_text("Too small: 9 × 9 pixels")
    expect(page.get_by_role("link", name="See your gallery")).to_be_visible()
    assert_fits(page)
    assert said + complaints(page) == []


def enter(page: Page, person: Site) -> None:
    """Be logged in already."""
    url = person.stack.site_url
    page.context.add_cookies(
        [{"name": each.name, "value": str(each.value), "url": url} for each in person.session.cookies]
    )
