"""An album from its first name to the link that is turned off, by keyboard where that is the harder way."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests import photo_files
from tests.stack.pipeline import until
from tests.stack.running import RunningStack
from tests.stack.site import Site

from .accessibility import complaints
from .conftest import Browse
from .person import DESKTOP, PHONE, Person, assert_fits, expect_picture, swipe
from .stillness import shift
from .test_accessibility import enter

PASSWORD = "three violets"
SHOWN = ".tile img:not(.placeholder)"


@pytest.fixture(scope="module")
def ana(stack: RunningStack) -> Site:
    """Somebody with three photos that are ready, to be put into albums."""
    person = Site(stack).sign_up()
    files = {
        "one.jpg": photo_files.phone_jpeg(),
        "two.heic": photo_files.heic(),
        "three.png": photo_files.transparent_png(),
    }
    person.upload(files)
    person.wait_until_processed()
    return person


def make_album(page: Page, photos: list[str], name: str) -> str:
    """Add photos to a new album, one after the other, as the page of a photo does; its address."""
    for photo_id in photos:
        page.goto(f"/albums/add/?photo={photo_id}")
        if photo_id == photos[0]:
            page.get_by_label("Or a new album").fill(name)
        else:
            page.get_by_label("Album", exact=True).select_option(label=name)
        page.get_by_role("button", name="Add", exact=True).click()
        Person(page).see(name)
    return page.url


def order(page: Page) -> list[str]:
    """Of the photos on the page to arrange them, once it is there."""
    page.locator("[data-entry]").first.wait_for()
    page.wait_for_load_state()
    found: list[str] = page.locator("[data-entry]").evaluate_all("cards => cards.map((card) => card.dataset.entry)")
    return found


def looked_at(page: Page) -> list[str]:
    assert_fits(page)
    return complaints(page)


def test_nothing_changes_its_place_when_the_script_arrives(browse: Browse, ana: Site) -> None:
    page = browse(viewport=PHONE)
    enter(page, ana)
    address = make_album(page, ana.photo_ids()[:2], "May")
    select = page.get_by_role("button", name="Select", exact=True)
    assert shift(page, address, "**/js/selection*.js", select) < 0.01


@pytest.mark.parametrize(("theme", "viewport"), [("light", DESKTOP), ("dark", PHONE)], ids=["desktop", "phone"])
def test_an_album_is_made_put_in_order_shared_with_a_password_and_shut_again(
    browse: Browse, ana: Site, theme: str, viewport: dict[str, int]
) -> None:
    page = browse(viewport=viewport, color_scheme=theme)
    enter(page, ana)
    name = f"Weekend in {theme}"
    page.goto("/albums/")
    said = looked_at(page)
    address = make_album(page, ana.photo_ids(), name)
    expect(page.locator(SHOWN)).to_have_count(3)
    said += looked_at(page)

    # In order, by keyboard alone: the button stays where the person is, and they are told.
    page.get_by_role("link", name="Arrange", exact=True).click()
    first, second, third = order(page)
    page.get_by_role("button", name="Move photo 1 later", exact=True).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("It is photo 3 of 3 now.")
    expect(page.get_by_role("button", name="Move photo 3 later", exact=True)).to_be_focused()
    until(lambda: order(page) == [second, third, first])
    page.locator(f"#card-{third}").drag_to(page.locator(f"#card-{second}"), target_position={"x": 5, "y": 60})
    expect(page.get_by_role("status")).to_have_text("It is photo 1 of 3 now.")
    until(lambda: order(page) == [third, second, first])
    page.get_by_role("button", name="Make photo 2 the cover", exact=True).click()
    expect(page.get_by_text("Cover", exact=True)).to_be_visible()
    page.get_by_role("button", name="Take photo 3 out of the album", exact=True).press("Enter")
    expect(page.get_by_role("status")).to_have_text("The photo is out of this album. It stays in your gallery.")
    expect(page.get_by_role("button", name="Take photo 2 out of the album", exact=True)).to_be_focused()
    said += looked_at(page)
    page.reload()
    until(lambda: order(page) == [third, second])

    page.goto(address)
    page.locator("summary", has_text="Share").click()
    page.get_by_label("The link works").select_option("date")
    expect(page.get_by_label("Until the end of")).to_be_visible()
    page.get_by_label("The link works").select_option("never")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make a link", exact=True).click()
    expect(page.get_by_text("The link is made.")).to_be_visible()
    link = page.get_by_label("Address of this link").input_value()
    said += looked_at(page)

    # Somebody else, who was told the password.
    guest = browse(viewport=viewport, color_scheme=theme, has_touch=True)
    guest.goto(link)
    said += looked_at(guest)
    guest.get_by_label("Password", exact=True).fill(PASSWORD)
    guest.get_by_role("button", name="Show the photos", exact=True).click()
    reader = Person(guest)
    reader.see(name)
    expect(guest.locator(SHOWN)).to_have_count(2)
    for image in guest.locator(SHOWN).all():
        assert max(expect_picture(image)) == 480
    said += looked_at(guest)
    guest.locator(".tile a").first.click()
    reader.see("Photo 1 of 2")
    assert max(expect_picture(guest.get_by_role("img", name="Photo 1 of 2"))) > 480
    said += looked_at(guest)
    guest.keyboard.press("ArrowRight")
    reader.see("Photo 2 of 2")
    guest.keyboard.press("ArrowLeft")
    reader.see("Photo 1 of 2")
    swipe(guest, -120)
    reader.see("Photo 2 of 2")
    swipe(guest, 120)
    reader.see("Photo 1 of 2")
    guest.keyboard.press("Escape")
    reader.see(name)

    page.reload()
    expect(page.get_by_text("opened once")).to_be_visible()
    page.get_by_role("button", name="Turn off", exact=True).click()
    expect(page.get_by_text("The link is off.")).to_be_visible()
    gone = guest.request.get(link)
    assert gone.status == 404
    assert "Nothing to see here" in gone.text()
    assert said == []


def test_the_same_without_script(browse: Browse, ana: Site) -> None:
    page = browse(viewport=PHONE, java_script_enabled=False)
    enter(page, ana)
    person = Person(page)
    page.goto("/albums/")
    page.get_by_label("Name").fill("By foot")
    person.press("Create album")
    person.see("By foot")
    address = page.url
    for photo_id in ana.photo_ids()[:2]:
        page.goto(f"/albums/add/?photo={photo_id}")
        page.get_by_label("Album", exact=True).select_option(label="By foot")
        person.press("Add")
        person.see("By foot")
    person.follow("Arrange")
    first, second = order(page)
    person.press("Move photo 1 later")
    person.is_told("It is photo 2 of 2 now.")
    until(lambda: order(page) == [second, first])
    person.press("Order by day taken")
    until(lambda: order(page) == [first, second])
    person.press("Take photo 2 out of the album")
    until(lambda: order(page) == [first])

    page.goto(address)
    page.locator("summary", has_text="Share").click()
    person.press("Make a link")
    link = page.get_by_label("Address of this link").input_value()
    assert re.search(r"/s/[\w-]{43}/$", link)
    guest = browse(viewport=PHONE, java_script_enabled=False)
    guest.goto(link)
    expect(guest.locator(SHOWN)).to_have_count(1)
    expect_picture(guest.locator(SHOWN))
    page.goto(address)
    person.follow("Delete")
    person.press("Delete album")
    person.is_told("The album “By foot” is gone. Its photos are in your gallery.")
    assert guest.request.get(link).status == 404
