"""The timeline of somebody with many photos: going on and coming back, selecting, finding labels by keyboard."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Route, expect

from tests import photo_files
from tests.stack.pipeline import until
from tests.stack.running import RunningStack
from tests.stack.site import Site

from .accessibility import complaints
from .conftest import Browse
from .person import DESKTOP, PHONE, assert_fits
from .stillness import shift
from .test_accessibility import LOOKS, enter

MANY = 130  # three pages
# Whether what has the focus is seen from top to bottom: nothing that floats lies over it.
IS_UNCOVERED = """() => {
  const here = document.activeElement;
  const box = here.getBoundingClientRect();
  return [box.top + 4, box.bottom - 4].every((y) => here.contains(document.elementFromPoint(box.x + 20, y)));
}"""


@pytest.fixture(scope="module")
def mia(stack: RunningStack) -> Site:
    """Somebody with three pages of photos: two are ready, the others were refused, which is quicker to come by."""
    person = Site(stack).sign_up()
    torn = photo_files.truncated_jpeg()
    person.upload({f"torn-{number:03}.jpg": torn + bytes([number]) for number in range(MANY - 2)})
    person.upload({"IMG_0001.JPG": photo_files.phone_jpeg(), "cup.heic": photo_files.heic()})
    person.wait_until_processed()
    return person


def in_view(page: Page) -> str:
    """The id of the first tile below the headings."""
    found: str = page.evaluate("document.elementFromPoint(innerWidth / 4, 130).closest('.tile')?.id")
    return found


def test_nothing_changes_its_place_when_the_script_arrives(browse: Browse, bea: Site) -> None:
    page = browse(viewport=PHONE)
    enter(page, bea)
    assert shift(page, "/gallery/", "**/js/gallery*.js", page.get_by_role("button", name="Hide")) < 0.005


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_timeline_goes_on_and_the_back_button_returns_to_the_same_place(
    browse: Browse, mia: Site, viewport: Any
) -> None:
    page = browse(viewport=viewport)
    enter(page, mia)
    page.goto("/gallery/")
    tiles = page.locator(".tile")
    expect(tiles).to_have_count(60)
    for count in (120, MANY):
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        expect(tiles).to_have_count(count)
    expect(page.get_by_role("link", name="Older photos")).to_have_count(0)
    assert len(set(page.evaluate("[...document.querySelectorAll('.tile')].map(tile => tile.id)"))) == MANY

    tiles.nth(90).scroll_into_view_if_needed()
    expect(page).to_have_url(re.compile(r"\?at=[0-9a-f-]{36}$"))
    there = in_view(page)
    tiles.nth(90).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("jpg"))
    page.go_back()
    expect(tiles.first).to_be_visible()
    until(lambda: in_view(page) == there)
    page.mouse.wheel(0, -300)
    until(lambda: tiles.count() > 60 or page.mouse.wheel(0, -300))
    assert_fits(page)


def test_the_timeline_goes_on_to_its_top_though_a_page_of_it_was_lost_on_its_way(browse: Browse, mia: Site) -> None:
    page = browse(viewport=DESKTOP)
    enter(page, mia)
    newest, *_, oldest = mia.photo_ids()
    lost: list[str] = []

    def lose_first(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.request.url)
            route.abort("aborted")  # as when the person goes to another page, and comes back to this one as it was

    page.route("**/gallery/?before=*", lose_first)
    page.goto(f"/gallery/?at={oldest}")
    expect(page.locator(f"#tile-{oldest}")).to_be_visible()
    until(lambda: page.locator(f"#tile-{newest}").count() or page.mouse.wheel(0, -3000))
    page.mouse.wheel(0, -30_000)
    expect(page.locator(f"#tile-{newest}")).to_be_in_viewport()
    expect(page.get_by_role("link", name="Newer photos")).to_have_count(0)
    assert lost


def test_months_with_few_photos_stand_beside_each_other(browse: Browse, bea: Site) -> None:
    page = browse(viewport=DESKTOP)
    enter(page, bea)
    page.goto("/gallery/")
    newer, older = (page.locator(".month").nth(number).bounding_box() for number in (0, -1))
    assert newer
    assert older
    assert older["y"] == newer["y"]
    assert older["x"] >= newer["x"] + newer["width"]


def test_photos_are_selected_by_mark_by_range_and_by_keyboard(browse: Browse, mia: Site) -> None:
    page = browse(viewport=DESKTOP)
    enter(page, mia)
    page.goto("/gallery/?status=failed")
    marks = page.locator(".tile > input")
    bar = page.get_by_role("form", name="Selected photos")
    expect(bar).to_be_hidden()
    marks.nth(1).check(force=True)
    expect(bar).to_contain_text("1 selected")
    marks.nth(5).click(modifiers=["Shift"], force=True)
    expect(bar).to_contain_text("5 selected")
    page.get_by_role("button", name="Clear").click()
    expect(bar).to_be_hidden()

    expect(page.locator(".tile > a").first).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(marks.nth(1)).to_be_checked()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Space")
    expect(bar).to_contain_text(re.compile(r"[2-9] selected"))
    assert complaints(page, with_sizes=False) == []
    for key in ["ArrowDown"] * 9 + ["ArrowUp"] * 9:
        page.keyboard.press(key)
        until(lambda: page.evaluate(IS_UNCOVERED))
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()


def test_a_range_in_the_trash_is_selected_counted_and_had_back(browse: Browse, mia: Site) -> None:
    page = browse(viewport=PHONE)
    enter(page, mia)
    for photo in mia.photo_ids()[-4:]:
        mia.post(f"/photos/{photo}/trash/", {})
    page.goto("/trash/")
    marks = page.locator(".tile > input")
    marks.nth(0).check()
    marks.nth(3).click(modifiers=["Shift"])
    expect(page.locator(".selection-count")).to_have_text("4 selected")
    assert complaints(page) == []
    assert_fits(page)
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()


def test_labels_are_found_by_keyboard_and_months_are_a_menu(browse: Browse, mia: Site) -> None:
    page = browse(viewport=PHONE)
    enter(page, mia)
    page.goto("/gallery/")
    field = page.get_by_role("combobox", name="Find a label")
    field.fill("zzz")
    nothing = page.get_by_text("No label like that")
    expect(nothing).to_have_css("clip-path", "none")  # for whoever sees, too
    assert_fits(page)
    field.fill("anim")
    expect(page.get_by_role("option")).to_have_count(1)
    expect(nothing).to_have_count(0)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", name=re.compile("Animal"))).to_have_attribute("aria-selected", "true")
    assert complaints(page) == []
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"label=Animal$"))
    expect(page.get_by_role("navigation", name="Labels")).to_contain_text(re.compile(r"1 photo\b"))

    page.get_by_text("Jump to").click()
    page.get_by_role("link", name=re.compile(r"^May")).click()
    expect(page).to_have_url(re.compile(r"label=Animal"))
    expect(page.locator(".tile")).to_have_count(1)


@pytest.mark.parametrize(("theme", "viewport"), LOOKS, ids=[theme for theme, _ in LOOKS])
def test_axe_finds_nothing_in_the_states_of_a_gallery(browse: Browse, mia: Site, theme: Any, viewport: Any) -> None:
    page = browse(viewport=viewport, color_scheme=theme)
    enter(page, mia)
    said = []
    for address in ("", "?favourites=on", "?status=failed", "months/", "labels/?find=zz"):
        page.goto(f"/gallery/{address}")
        assert_fits(page)
        said += complaints(page)
    assert said == []


def test_without_javascript_labels_months_and_pages_are_links(browse: Browse, mia: Site) -> None:
    page = browse(viewport=PHONE, java_script_enabled=False)
    enter(page, mia)
    page.goto("/gallery/")
    page.get_by_label("Find a label").fill("anim")
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?label=Animal$"))
    page.goto("/gallery/")
    first = str(page.locator(".tile").first.get_attribute("id"))
    page.get_by_role("link", name="Older photos").click()
    expect(page.locator(".tile").first).not_to_have_id(first)
    page.get_by_role("link", name="Newer photos").click()
    expect(page.locator(".tile").first).to_have_id(first)
    page.locator("summary", has_text="Jump to").click()
    page.get_by_role("link", name="All months").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Months")
    page.locator(".year a").last.click()
    expect(page.locator(".tile").first).to_be_visible()


# --- What goes wrong on the way ---


def test_after_a_logout_elsewhere_a_press_leads_to_the_login_and_from_there_back(browse: Browse, mia: Site) -> None:
    page = browse(viewport=DESKTOP)
    enter(page, mia)
    path = f"/photos/{mia.photo_ids()[0]}/"
    page.goto(path)
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Favourite").click()
    expect(page).to_have_url(re.compile(f"/accounts/login/.next={quote(path, safe='')}$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")


@pytest.mark.parametrize("answer", [None, 500], ids=["no network", "an error"])
def test_what_a_press_did_not_do_is_said_until_it_is_read(
    new_context: Any, stack: RunningStack, mia: Site, answer: int | None
) -> None:
    page = new_context(base_url=stack.site_url, viewport=PHONE).new_page()  # not watched: a console speaks of errors
    enter(page, mia)
    page.goto(f"/photos/{mia.photo_ids()[0]}/")
    page.route("**/favourite/", lambda route: route.fulfill(status=answer) if answer else route.abort())
    page.get_by_role("button", name="Favourite").click()
    said = page.get_by_role("alert").filter(has_text="This was not done.")
    expect(said).to_be_visible()
    assert_fits(page)
    assert complaints(page) == []
    page.get_by_role("button", name="Close", exact=True).click()
    expect(said).to_have_count(0)
    page.get_by_role("button", name="Favourite").click()
    expect(said).to_be_visible()
    page.unroute_all()
    page.get_by_role("button", name="Favourite").click()
    expect(said).to_have_count(0)


def test_a_photo_that_changed_its_place_meanwhile_is_shown_once(browse: Browse, mia: Site) -> None:
    page = browse(viewport=DESKTOP)
    enter(page, mia)

    def move_some_down(route: Route) -> None:
        first = page.context.request.get("/gallery/", headers={"HX-Request": "true"}).text()
        moved = re.sub(r"(?s)<nav.*?</nav>", "", first).replace('data-month="', 'data-month="1999-01" data-was="')
        route.fulfill(body=moved + route.fetch().text(), content_type="text/html")

    page.route("**/gallery/?cursor=*", move_some_down)
    page.goto("/gallery/")
    months = page.locator(".month").count()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.locator(".tile")).to_have_count(120)
    assert page.locator(".month").count() <= months + 1, "a month of which everything is there already is not begun"
    assert len(set(page.evaluate("[...document.querySelectorAll('.tile')].map(tile => tile.id)"))) == 120


def test_what_changes_by_itself_is_said_in_a_place_that_stays(browse: Browse, mia: Site) -> None:
    page = browse(viewport=DESKTOP)
    enter(page, mia)
    remember = "window.place = document.getElementById('timeline-said')"
    page.add_init_script(f"addEventListener('DOMContentLoaded', () => {{ {remember} }})")
    page.goto("/gallery/?label=Animal")
    expect(page.locator(".timeline-total")).to_have_text("1 photo")
    expect(page.locator("#timeline-said")).to_have_text("1 photo")
    assert page.evaluate("window.place.isConnected && window.place.getAttribute('role') === 'status'")
    assert page.locator("#labels [role=status], #timeline [role=status]").count() == 0
