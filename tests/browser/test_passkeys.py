"""A passkey, codes of an app and recovery codes, as a browser with an authenticator of its own has them."""

from __future__ import annotations

import re
import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect

from tests.stack.pipeline import mails_to, until
from tests.stack.running import RunningStack
from tests.stack.site import PASSWORD, Site

from .accessibility import complaints
from .conftest import Browse
from .person import DESKTOP, PHONE, Person

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def with_authenticator(page: Page) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


def code_of(key: str) -> str:
    return format_hotp_value(hotp_value(key.replace(" ", ""), int(time.time()) // 30))


def log_in_again(person: Person, at: str) -> None:
    """By password, up to where the second factor is asked for."""
    person.log_out()
    person.page.goto(f"{at}/accounts/login/")
    person.log_in_here()
    person.see("One more step")


@pytest.mark.parametrize(("theme", "viewport"), [("light", DESKTOP), ("dark", PHONE)], ids=["desktop", "phone"])
def test_a_person_sets_up_an_app_and_a_passkey_and_gets_in_with_each(
    browse: Browse, stack: RunningStack, theme: str, viewport: dict[str, int]
) -> None:
    # Passkeys are for names, not for numbers.
    at = stack.site_url.replace("127.0.0.1", "shoebox.localhost")
    page = browse(viewport=viewport, color_scheme=theme)
    with_authenticator(page)
    person = Person(page, Site(stack).sign_up().email)
    page.goto(f"{at}/accounts/login/")
    person.log_in_here()
    expect(page).to_have_url(f"{at}/gallery/")

    page.goto(f"{at}/accounts/2fa/")
    person.see("Security")
    said = complaints(page)
    person.follow("Set up an app")
    person.see("Is it still you?")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    person.press("Go on")
    person.see("Set up an app")
    said += complaints(page)
    key = page.locator("main code").inner_text()
    page.get_by_label("Code", exact=True).fill(code_of(key))
    person.press("Turn the codes on")
    person.see("Recovery codes")
    said += complaints(page)
    recovery = page.locator("main li code").all_inner_texts()
    assert len(recovery) == 10

    page.goto(f"{at}/accounts/2fa/webauthn/add/")
    person.see("Add a passkey")
    said += complaints(page)
    person.press("Add the passkey")
    person.see("Security")
    person.is_told("The passkey is added.")
    said += complaints(page)

    person.log_out()
    page.goto(f"{at}/accounts/login/?next=/upload/")
    said += complaints(page)
    person.press("Log in with a passkey")
    person.see("Upload photos")

    log_in_again(person, at)
    said += complaints(page)
    page.get_by_label("Code", exact=True).fill(code_of(key))
    person.press("Log in")
    expect(page).to_have_url(f"{at}/gallery/")

    log_in_again(person, at)
    page.get_by_label("Code", exact=True).fill(recovery[0])
    person.press("Log in")
    expect(page).to_have_url(f"{at}/gallery/")

    log_in_again(person, at)
    person.press("Use a passkey")
    expect(page).to_have_url(f"{at}/gallery/")
    page.goto(f"{at}/accounts/2fa/recovery-codes/")
    person.see("Is it still you?")
    said += complaints(page)
    person.press("Use a passkey")
    person.see("Recovery codes")
    expect(page.get_by_text(re.compile(rf"^{recovery[0]}$"))).to_have_count(0)

    page.goto(f"{at}/accounts/2fa/")
    page.get_by_role("link", name="Remove Passkey").click()
    person.see("Remove the passkey?")
    person.press("Remove the passkey")
    person.is_told("The passkey is removed.")
    told = {"A passkey was added to Shoebox", "A passkey was removed from Shoebox"}
    until(lambda: told <= {message["Subject"] for message in mails_to(stack, person.email)})
    assert said == []
