"""Many photos at once: selected by click, with shift, and by keyboard; and what is done with them."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import photo_files
from tests.stack.running import RunningStack
from tests.stack.site import Site

from .accessibility import complaints
from .conftest import Browse
from .pages import act, make_album
from .person import DESKTOP, PHONE, Person, assert_fits
from .test_accessibility import enter

FILES = {name.replace("IMG_0000", "Straße im Schnee"): data for name, data in photo_files.many(6).items()}


@pytest.fixture
def uma(stack: RunningStack) -> Site:
    person = Site(stack).sign_up()
    person.upload(FILES)
    person.wait_until_processed()
    return person


def bar(page: Page) -> Locator:
    return page.get_by_role("form", name="Selected photos")


def choose(page: Page, menu: str, button: str) -> None:
    """Press a button in a menu of the bar."""
    bar(page).locator("summary", has_text=menu).click()
    assert_fits(page)
    bar(page).get_by_role("button", name=button, exact=True).click()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_what_is_selected_becomes_favourites_gets_a_label_and_an_album_and_is_downloaded(
    browse: Browse, uma: Site, viewport: dict[str, int]
) -> None:
    page = browse(viewport=viewport)
    enter(page, uma)
    person = Person(page)
    tiles, marks = page.locator(".tile > a"), page.locator(".tile > input")

    # By click, in the mode that a touch screen needs.
    page.goto("/gallery/")
    person.press("Select")
    tiles.nth(0).click()
    tiles.nth(1).click()
    expect(bar(page)).to_contain_text("2 selected")
    assert_fits(page)
    bar(page).get_by_role("button", name="Favourite", exact=True).click()
    person.is_told("2 photos are favourites now.")
    person.follow("Favourites")
    expect(tiles).to_have_count(2)
    person.press("Select")
    tiles.nth(0).click()
    choose(page, "More", "No favourite any more")
    person.is_told("1 photo is no favourite now.")
    expect(page).to_have_url(re.compile("favourites=on"))
    expect(tiles).to_have_count(1)

    # With shift, which selects all between.
    page.goto("/gallery/")
    tiles.nth(1).click(modifiers=["Shift"])
    tiles.nth(4).click(modifiers=["Shift"])
    expect(bar(page)).to_contain_text("4 selected")
    bar(page).locator("summary", has_text="Label").click()
    bar(page).get_by_label("Label for all of them").fill("Snow")
    assert complaints(page, with_sizes=False) == []
    page.keyboard.press("Enter")
    person.is_told("4 photos show Snow now.")
    chip = page.get_by_role("navigation", name="Labels").get_by_role("link", name=re.compile("^Snow"))
    expect(chip.locator(".count")).to_have_text("4")

    # By keyboard alone.
    tiles.nth(0).focus()
    page.keyboard.press("Space")
    page.keyboard.press("End")
    page.keyboard.press("Shift+Space")
    expect(bar(page)).to_contain_text("6 selected")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    expect(marks.nth(4)).not_to_be_checked()
    marks.nth(3).press("Enter")  # which is no button's
    expect(page).to_have_url(re.compile(r"/gallery/"))
    expect(bar(page)).to_contain_text("5 selected")
    bar(page).locator("summary").nth(1).focus()
    page.keyboard.press("Enter")
    bar(page).get_by_label("New album").fill("Winter")
    page.keyboard.press("Enter")
    person.is_told("5 photos are now in “Winter”.")

    # All of them, as one file.
    expect(marks).to_have_count(len(FILES))
    for mark in marks.all():
        mark.check(force=True)
    with page.expect_download() as download:
        bar(page).get_by_role("button", name="Download", exact=True).click()
    assert re.fullmatch(r"shoebox-\d{4}-\d\d-\d\d\.zip", download.value.suggested_filename)
    archive = zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes()))
    assert {each.filename: archive.read(each) for each in archive.infolist()} == FILES
    expect(bar(page)).to_contain_text("6 selected")


def test_photos_of_an_album_go_into_another_and_out_of_it(browse: Browse, uma: Site) -> None:
    first, second = make_album(uma, "Winter"), make_album(uma, "Best of all")
    act(uma, "album", uma.photo_ids(), album=first)
    page = browse(viewport=PHONE, color_scheme="dark")
    enter(page, uma)
    person = Person(page)
    tiles = page.locator(".tile > a")
    page.goto(f"/albums/{first}/")
    tiles.nth(0).focus()
    page.keyboard.press("Space")
    page.locator(".tile > input").nth(2).click(modifiers=["Shift"], force=True)
    expect(bar(page)).to_contain_text("3 selected")
    assert_fits(page)
    assert complaints(page, with_sizes=False) == []
    bar(page).locator("summary", has_text="Album").click()
    bar(page).get_by_label("Album", exact=True).select_option(label="Best of all")
    person.press("Add to album")
    person.is_told("3 photos are now in “Best of all”.")
    expect(page).to_have_url(re.compile(f"/albums/{first}/"))
    page.goto(f"/albums/{second}/")
    expect(tiles).to_have_count(3)
    person.press("Select")
    tiles.nth(2).click()
    person.press("Take out")
    person.is_told("1 photo is out of this album. It stays in your gallery.")
    expect(tiles).to_have_count(2)
    page.go_back()
    page.goto("/gallery/")
    expect(tiles).to_have_count(6)


def test_enter_in_a_field_does_what_the_field_is_for_without_script_too(browse: Browse, uma: Site) -> None:
    page = browse(viewport=DESKTOP, java_script_enabled=False)
    enter(page, uma)
    page.goto("/gallery/")
    page.locator(".tile > input").first.check()
    bar(page).locator("summary", has_text="Label").click()
    bar(page).get_by_label("Label for all of them").fill("Snow")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 photo shows Snow now.")).to_be_visible()
    page.goto("/gallery/?favourites=on")
    expect(page.locator(".tile")).to_have_count(0)


def test_who_was_logged_out_meanwhile_is_told_and_comes_back_to_the_page(browse: Browse, uma: Site) -> None:
    page = browse(viewport=PHONE)
    enter(page, uma)
    person = Person(page, email=uma.email)
    page.goto("/gallery/?label=Animal")
    page.locator(".tile > input").first.check(force=True)
    page.context.clear_cookies(name="sessionid")
    bar(page).get_by_role("button", name="Favourite", exact=True).click()
    person.see("Log in")
    person.is_told("You were logged out, so this was not done. Log in, and do it again.")
    assert complaints(page) == []
    person.log_in_here()
    expect(page).to_have_url(re.compile(r"/gallery/\?label=Animal$"))
    page.locator(".tile > a").first.click()
    page.get_by_role("button", name="Favourite").wait_for()
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Favourite").click()
    person.see("Log in")
    person.log_in_here()
    expect(page).to_have_url(re.compile("/photos/"))
