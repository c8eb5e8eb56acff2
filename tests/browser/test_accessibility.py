"""axe finds nothing on the pages a person meets, in either theme, on a phone and on a desktop."""

from __future__ import annotations

from typing import Any

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import FilePayload, Page, expect

from tests import photo_files
from tests.stack.site import Site
from tests.test_access_matrix import MATRIX

from .accessibility import complaints
from .conftest import Browse
from .pages import INSIDE, NO_PAGES, OUTSIDE, Belongings
from .person import DESKTOP, PHONE, assert_fits, expect_picture

LOOKS = [("light", DESKTOP), ("dark", PHONE)]
look = pytest.mark.parametrize(("theme", "viewport"), LOOKS, ids=[f"{theme} {size['width']}" for theme, size in LOOKS])
NARROWEST = {"width": 320, "height": 640}
# Things that move although the person asked for none of it.
MOVING = """() => [...document.querySelectorAll("*")].filter((each) => ["", "::before", "::after"].some((part) => {
  const style = getComputedStyle(each, part);
  return `${style.transitionDuration},${style.animationDuration}`.split(",").some((time) => parseFloat(time) > 0.01);
})).map((each) => each.outerHTML.slice(0, 80))"""
# Whether it shows where the keyboard is: by a ring around it, or around what stands for it, with nothing above it.
SHOWS_FOCUS = """() => {
  const here = document.activeElement.closest(".drop input")?.closest(".drop") ?? document.activeElement;
  const box = here.getBoundingClientRect();
  const isRing = ([element, part]) => {
    const style = getComputedStyle(element, part);
    const isThere = part === "" || style.content !== "none";
    const isDrawn = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    return isThere && (isDrawn || (part === "::after" && parseFloat(style.borderTopWidth) >= 2));
  };
  const rings = [[here, ""], [here, "::before"], [here.parentElement, "::after"]];
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return rings.some(isRing) && (here.contains(top) || top?.contains(here));
}"""


def all_complaints(page: Page, addresses: list[str]) -> list[str]:
    said = []
    for address in addresses:
        page.goto(address)
        assert_fits(page)
        said += complaints(page)
    return said


def test_every_page_of_the_site_is_among_those_looked_at() -> None:
    answered = {name for (name, method), (_path, *outcomes) in MATRIX.items() if method == "GET" and 200 in outcomes}
    assert answered - NO_PAGES == {*OUTSIDE, *INSIDE} - {"devstack:inbox"}


@look
def test_pages_for_everybody(browse: Browse, belongings: Belongings, theme: Any, viewport: Any) -> None:
    page = browse(viewport=viewport, color_scheme=theme)
    assert all_complaints(page, belongings.addresses(OUTSIDE)) == []


@look
def test_pages_of_a_person(browse: Browse, belongings: Belongings, theme: Any, viewport: Any) -> None:
    page = browse(viewport=viewport, color_scheme=theme)
    enter(page, belongings.person)
    assert all_complaints(page, belongings.addresses(INSIDE)) == []


def test_every_page_fits_the_narrowest_window_from_right_to_left_too_and_nothing_moves(
    browse: Browse, belongings: Belongings
) -> None:
    page = browse(viewport=NARROWEST, reduced_motion="reduce")
    for pages in (OUTSIDE, INSIDE):
        for address in belongings.addresses(pages):
            page.goto(address)
            assert_fits(page)
            page.evaluate("document.documentElement.dir = 'rtl'")
            assert_fits(page)
            assert page.evaluate(MOVING) == [], page.url
        enter(page, belongings.person)


def test_it_shows_where_the_keyboard_is(browse: Browse, belongings: Belongings) -> None:
    page = browse(viewport=DESKTOP)
    enter(page, belongings.person)
    for address in ("/gallery/", "/upload/", "/photos/{photo}/", "/albums/", "/albums/{album}/?share=1", "/trash/"):
        page.goto(address.format(**belongings.names))
        reached = 0
        while page.keyboard.press("Tab") or page.evaluate("document.activeElement !== document.body"):
            reached += 1
            assert page.evaluate(SHOWS_FOCUS), page.evaluate("document.activeElement.outerHTML")
        assert reached > 10


@look
def test_pages_that_say_no(browse: Browse, belongings: Belongings, theme: Any, viewport: Any) -> None:
    page = browse(viewport=viewport, color_scheme=theme, expected=[400, 403, 404, 429, 500])
    said = all_complaints(page, ["/nothing/", "/s/nothing/"])
    # The others are as they are sent, from addresses of the site, which has no reason to send them.
    for status in (400, 403, 429, 500):
        answer = {"status": status, "content_type": "text/html", "body": render_to_string(f"{status}.html")}
        page.route("**/nothing/", lambda route, _request, answer=answer: route.fulfill(**answer))
        said += all_complaints(page, ["/nothing/"])
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.unroute("**/nothing/")
    page.goto("/accounts/login/")
    page.evaluate("document.querySelector('main [name=csrfmiddlewaretoken]').remove()")
    page.get_by_label("Mail address").fill("a@example.org")
    page.get_by_label("Password", exact=True).fill("b")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Log in")).to_have_count(0)
    assert_fits(page)
    assert said + complaints(page) == []


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
