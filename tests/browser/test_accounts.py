"""Keeping an account: where one is logged in, and a change of address that one did not ask for."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.stack.pipeline import mails_to, until
from tests.stack.running import RunningStack
from tests.stack.site import PASSWORD, Site

from .accessibility import complaints
from .conftest import Browse
from .person import DESKTOP, PHONE, Person, assert_fits


@pytest.fixture
def kim(stack: RunningStack) -> Site:
    return Site(stack).sign_up()


def links_to_change(person: Site) -> list[str]:
    """To agree to a change of address, and to stop it, in the mails to the old one."""
    texts = [message.get_content() for message in mails_to(person.stack, person.email)]
    return re.findall(r"\S+/settings/email/(?:agree|stop)/\S+", " ".join(texts))


def test_a_device_is_logged_out_from_another_one_by_keyboard(browse: Browse, kim: Site) -> None:
    lost = browse(viewport=PHONE, user_agent="Mozilla/5.0 (iPhone) Version/17.5 Safari/604.1")
    Person(lost, kim.email).log_in()
    page = browse(viewport=DESKTOP, color_scheme="dark")
    here = Person(page, kim.email)
    here.log_in()

    page.goto("/accounts/sessions/")
    here.see("Where you are logged in")
    expect(page.get_by_text("This device")).to_have_count(1)
    assert complaints(page) == []
    page.get_by_role("button", name="Log out: Safari on iPhone").press("Enter")

    here.is_told("You are logged out there.")
    expect(page.get_by_text("Safari on iPhone")).to_have_count(0)
    lost.goto("/gallery/")
    Person(lost).see("Log in")


@pytest.mark.parametrize(("theme", "viewport"), [("light", DESKTOP), ("dark", PHONE)], ids=["desktop", "phone"])
def test_the_old_address_agrees_to_a_change_and_takes_it_back(
    browse: Browse, kim: Site, theme: str, viewport: dict[str, int]
) -> None:
    kim.post("/accounts/email/", {"email": f"new.{kim.email}", "action_add": ""})
    kim.post("/accounts/reauthenticate/?next=/accounts/email/", {"password": PASSWORD, "next": "/accounts/email/"})
    until(lambda: links_to_change(kim))
    agree, link = links_to_change(kim)

    page = browse(viewport=viewport, color_scheme=theme, expected=[404])
    person = Person(page, kim.email)
    page.goto(agree)
    person.see("Change the address?")
    assert complaints(page) == []
    person.press("Yes, change it")
    person.see("One mailbox is left")
    assert complaints(page) == []
    page.goto(link)
    person.see("Keep the old address?")
    assert complaints(page) == []
    person.press("Keep the old address")
    person.see("Reset your password")
    page.goto(link)
    person.see("Nothing to stop")
    assert_fits(page)
    assert complaints(page) == []
    assert "Log in" in kim.get("/settings/photos/").text
