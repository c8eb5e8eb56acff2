"""What is thrown away: had back at once, later, or never."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests import photo_files
from tests.stack.running import RunningStack
from tests.stack.site import Site

from .accessibility import complaints
from .conftest import Browse
from .person import DESKTOP, PHONE, Person, assert_fits
from .test_accessibility import enter

COUNT = 5


@pytest.fixture
def leo(stack: RunningStack) -> Site:
    person = Site(stack).sign_up()
    person.upload(photo_files.many(COUNT))
    person.wait_until_processed()
    return person


@pytest.mark.parametrize(
    ("theme", "viewport"),
    [("light", DESKTOP), ("dark", PHONE)],
    ids=["by mouse on a desktop", "by keyboard on a phone"],
)
def test_photos_are_thrown_away_had_back_and_deleted_for_good(
    browse: Browse, leo: Site, theme: str, viewport: dict[str, int]
) -> None:
    page = browse(viewport=viewport, color_scheme=theme)
    enter(page, leo)
    person = Person(page)
    photos = leo.photo_ids()
    tiles, marks = page.locator(".tile > a"), page.locator(".tile > input")
    has_mouse = viewport is DESKTOP

    def press(name: str) -> None:
        button = page.get_by_role("button", name=name, exact=True)
        button.click() if has_mouse else button.press("Enter")

    def mark(at: int) -> None:
        page.wait_for_load_state()
        marks.nth(at).click(force=True) if has_mouse else marks.nth(at).press("Space")

    # From the gallery, and back at once.
    page.goto("/gallery/")
    mark(0)
    mark(1)
    page.get_by_role("form", name="Selected photos").locator("summary", has_text="More").press("Enter")
    press("Put into the trash")
    person.is_told("2 photos are in the trash.")
    expect(tiles).to_have_count(COUNT - 2)
    press("Undo")
    person.is_told("2 photos are back in your gallery.")
    expect(tiles).to_have_count(COUNT)

    # From its page, which goes on to the next photo.
    page.goto(f"/photos/{photos[0]}/")
    press("Move to trash")
    person.is_told("IMG_0004.JPG is in the trash.")
    person.see("IMG_0003.JPG")
    press("Undo")
    person.is_told("1 photo is back in your gallery.")
    page.goto("/gallery/")
    for at in range(3):
        mark(at)
    page.get_by_role("form", name="Selected photos").locator("summary", has_text="More").press("Enter")
    press("Put into the trash")
    person.is_told("3 photos are in the trash.")

    # Later, from the trash.
    page.locator("summary", has_text="Account").click()
    person.follow("Trash")
    person.see("Trash")
    expect(tiles).to_have_count(3)
    press("Restore")
    person.is_told("Select some photos first.")
    mark(0)
    assert complaints(page) == []
    press("Restore")
    person.is_told("1 photo is back in your gallery.")
    expect(tiles).to_have_count(2)
    tiles.nth(0).click()
    expect(page.get_by_text(re.compile("In the trash since"))).to_be_visible()
    expect(page.get_by_role("button", name="Favourite")).to_have_count(0)
    page.locator("#photo-back").click()

    # Never: it is asked about, and can be called off.
    mark(0)
    press("Delete for good")
    person.see("Delete this photo for good?")
    assert complaints(page) == []
    person.follow("Keep them")
    expect(tiles).to_have_count(2)
    mark(0)
    press("Delete for good")
    person.see("Delete this photo for good?")
    press("Delete for good")
    person.is_told("1 photo was deleted.")
    person.follow("Empty the trash")
    person.see("Empty the trash?")
    press("Empty the trash")
    person.is_told("1 photo was deleted.")
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    assert_fits(page)
    page.goto("/gallery/")
    expect(tiles).to_have_count(COUNT - 2)
    assert sorted(leo.get(f"/photos/{photo}/").status_code for photo in photos) == [200] * 3 + [404] * 2
