"""A shared album as a stranger meets it: what a link shows, asks for, and how it ends."""

from __future__ import annotations

import re
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import photo_files
from tests.stack.running import RunningStack
from tests.stack.site import Site

from .accessibility import complaints
from .conftest import Browse
from .pages import PASSWORD, act, make_album, share
from .person import DESKTOP, PHONE, Person, assert_fits, expect_picture
from .test_accessibility import LOOKS, enter

FILES = {
    "At Rosa's house.jpg": photo_files.phone_jpeg(),
    "cup.heic": photo_files.heic(),
    "torn.jpg": photo_files.truncated_jpeg(),
}


@pytest.fixture(scope="module")
def ivo(stack: RunningStack) -> Site:
    person = Site(stack).sign_up()
    person.upload(FILES)
    person.wait_until_processed()
    return person


@pytest.fixture
def album(ivo: Site) -> str:
    made = make_album(ivo, "A walk")
    act(ivo, "album", ivo.photo_ids(), album=made)
    return made


def is_gone(page: Page, address: str) -> None:
    """What was there, or never was: the page is the same."""
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1, name="Nothing to see here")).to_be_visible()


@pytest.mark.parametrize(("theme", "viewport"), LOOKS, ids=["desktop", "phone"])
def test_a_link_is_made_with_care_counted_and_turned_off(
    browse: Browse, ivo: Site, album: str, theme: str, viewport: dict[str, int]
) -> None:
    page = browse(viewport=viewport, color_scheme=theme, expected=[404, 422])
    enter(page, ivo)
    person = Person(page)
    page.goto(f"/albums/{album}/")
    person.follow("Rename")
    page.get_by_label("Name").fill("")
    person.press("Save")
    expect(page.get_by_role("alert")).to_be_visible()
    said = complaints(page)
    page.get_by_label("Name").fill("A walk by the river")
    person.press("Save")
    person.see("A walk by the river")

    page.locator("summary", has_text="Share").click()
    page.get_by_label("The link works").select_option("date")
    page.get_by_label("Until the end of").fill(str(date.today() - timedelta(days=9)))
    page.get_by_label("Password").fill("12")
    person.press("Make a link")
    for words in ("This day is over.", "This password has 2 characters."):
        expect(page.get_by_role("alert")).to_contain_text(words)
    expect(page.get_by_label("Password")).to_have_value("12")
    assert_fits(page)
    said += complaints(page)
    page.get_by_label("Until the end of").fill(str(date.today() + timedelta(days=9)))
    page.get_by_label("Password").fill("")
    person.press("Make a link")
    expect(page.get_by_text("not opened yet")).to_be_visible()
    link = page.get_by_label("Address of this link").input_value()

    stranger = browse(viewport=viewport, color_scheme=theme)
    stranger.goto(link)
    tiles = stranger.locator(".tile > a")
    expect(tiles).to_have_count(2)
    seen = [stranger.content()]
    tiles.nth(1).press("Enter")
    for number in (2, 1):
        expect(stranger.get_by_role("heading", level=1, name=f"Photo {number} of 2")).to_be_visible()
        expect_picture(stranger.get_by_role("img", name=f"Photo {number} of 2"))
        seen.append(stranger.content())
        assert_fits(stranger)
        if number == 2:
            expect(stranger.get_by_role("link", name="Next photo")).to_have_count(0)
            stranger.get_by_role("link", name="Previous photo").click()
    stranger.get_by_role("link", name="A walk by the river").click()
    expect(tiles).to_have_count(2)
    secrets = [ivo.email, "Rosa", "cup", "2024", "iPhone", "Cat", "Amz", *ivo.photo_ids()]
    assert [secret for secret in secrets if any(secret in text for text in seen)] == []
    assert said == []

    page.reload()
    expect(page.get_by_text("opened once")).to_be_visible()
    person.press("Turn off")
    page.get_by_text("Links that lead nowhere any more").click()
    expect(page.get_by_role("listitem").filter(has_text="Turned off on")).to_contain_text("opened 1 time")
    assert_fits(page)
    assert complaints(page) == []
    is_gone(page, link)


def test_a_password_is_asked_for_until_it_is_right_or_was_wrong_too_often(
    browse: Browse, ivo: Site, album: str
) -> None:
    link = f"/s/{share(ivo, album, password=PASSWORD)}/"
    page = browse(viewport=PHONE, expected=[422, 429])
    person = Person(page)
    entry = Site(ivo.stack)
    entry.post(link, {"password": PASSWORD})
    (photo,) = re.findall(rf"{link}[\w-]+/", entry.get(link).text)[:1]
    page.goto(photo)
    person.see("This album asks for a password")
    for password, words in [("", "Type the password that came with the link."), ("guess", "This is not the password.")]:
        page.get_by_label("Password", exact=True).fill(password)
        person.press("Show the photos")
        expect(page.get_by_role("alert")).to_contain_text(words)
    assert complaints(page) == []
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    person.press("Show the photos")
    person.see("A walk")
    page.goto(photo)
    expect_picture(page.locator("figure img:not(.placeholder)"))

    guesser = Site(ivo.stack)
    assert {guesser.post(link, {"password": "guess"}).status_code for _ in range(10)} == {422}
    another = browse(viewport=DESKTOP, color_scheme="dark", expected=[429])
    another.goto(link)
    another.get_by_label("Password", exact=True).fill(PASSWORD)
    another.get_by_role("button", name="Show the photos").click()
    expect(another.get_by_role("alert")).to_contain_text("This was tried too often in a short time.")
    assert_fits(another)
    assert complaints(another) == []
    assert page.goto(link).status == 200, "who is in stays in"


def test_a_link_leads_nowhere_once_its_time_is_over(browse: Browse, ivo: Site, album: str, stack: RunningStack) -> None:
    token = share(ivo, album, ends="day")
    page = browse(viewport=DESKTOP, expected=[404])
    page.goto(f"/s/{token}/")
    page.locator(".tile > a").first.click()
    expect(page.get_by_role("heading", level=1, name="Photo 1 of 2")).to_be_visible()
    picture = page.locator("figure img:not(.placeholder)").get_attribute("src")
    pass_a_day(stack, token)
    for address in (page.url, f"/s/{token}/"):
        is_gone(page, address)
    assert complaints(page) == []
    assert page.request.get(str(picture)).status == 404


def pass_a_day(stack: RunningStack, token: str) -> None:
    """As if the link had been made a day earlier."""
    database = Path(stack.site_env["DATABASE_URL"].removeprefix("sqlite:///"))
    with sqlite3.connect(database, timeout=60) as connection:
        moved = "UPDATE albums_sharelink SET expires_at = datetime(expires_at, '-1 day', '-1 second') WHERE token = ?"
        assert connection.execute(moved, [token]).rowcount == 1
