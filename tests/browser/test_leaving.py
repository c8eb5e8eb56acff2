"""Leaving by keyboard and pointer: the question, the password, the banner on every page, and the way back."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.stack.running import RunningStack
from tests.stack.site import PASSWORD, Site

from .accessibility import complaints
from .conftest import Browse
from .person import PHONE, Person


def test_a_person_leaves_and_changes_their_mind(browse: Browse, stack: RunningStack) -> None:
    ana = Site(stack).sign_up()
    person = Person(browse(viewport=PHONE), ana.email)
    person.log_in()
    expect(person.page).to_have_url(f"{stack.site_url}/gallery/")
    person.page.goto("/settings/data/")
    person.follow("Delete the account")
    person.see("Delete the account?")
    person.press("Delete the account")
    person.page.get_by_label("Password", exact=True).fill(PASSWORD)
    person.press("Go on")

    person.see("Your data")
    assert complaints(person.page) == []
    person.page.goto("/upload/")
    person.see("No uploads now")
    person.press("Keep my account")

    person.is_told("Your account stays, with everything in it. Your links work again.")
    expect(person.page.get_by_role("button", name="Keep my account")).to_have_count(0)
