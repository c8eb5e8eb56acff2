"""A phone by keyboard and pointer: the number, the code that is sent there, and the page that says what is missing."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.stack.pipeline import until
from tests.stack.running import RunningStack
from tests.stack.site import Site

from .accessibility import complaints
from .conftest import Browse
from .person import PHONE, Person, assert_fits

NUMBER = "+34687654321"


def test_a_person_confirms_their_phone(browse: Browse, stack: RunningStack) -> None:
    person = Person(browse(viewport=PHONE, color_scheme="dark"), Site(stack).sign_up().email)
    person.log_in()
    expect(person.page).to_have_url(f"{stack.site_url}/gallery/")
    person.page.goto("/settings/notifications/")
    person.page.get_by_label("By text message").check()
    person.page.get_by_label("Phone number").fill("+34 687 654 321")
    person.press("Save")
    expect(person.page.get_by_text("You get no text messages before")).to_be_visible()

    person.press("Send a code")
    expect(person.page.get_by_label("Code", exact=True)).to_be_visible()
    assert_fits(person.page)
    assert complaints(person.page) == []
    until(lambda: [each for each in stack.messages() if NUMBER in each.recipients])
    (text,) = [each.text for each in stack.messages() if NUMBER in each.recipients]
    (code,) = re.findall(r"\b\d{6}\b", text)
    person.page.get_by_label("Code", exact=True).fill(code)
    person.page.keyboard.press("Enter")

    person.is_told("Your phone number is confirmed.")
    expect(person.page.get_by_text("You get no text messages before")).to_have_count(0)
