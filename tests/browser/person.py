"""A person at the site, in a browser window."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from pipeline_lambdas.photo_pipeline import contract
from tests.stack.pipeline import until
from tests.stack.site import PASSWORD, new_address

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}


class Person:
    """Does what a person does, and looks at every page that comes: it has its heading, and nothing sticks out."""

    def __init__(self, page: Page, email: str = "", password: str = PASSWORD) -> None:
        self.page = page
        self.email = email or new_address()
        self.password = password

    def see(self, heading: str) -> None:
        """Arrive at the page with this heading."""
        expect(self.page.get_by_role("heading", level=1, name=heading)).to_be_visible()
        assert_fits(self.page)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).first.click()

    def is_told(self, words: str) -> None:
        """The page says so in its messages."""
        expect(self.page.get_by_text(words, exact=True)).to_be_visible()

    # --- Account ---

    def log_in(self) -> None:
        self.page.goto("/accounts/login/")
        self.see("Log in")
        self.log_in_here()

    def log_in_here(self) -> None:
        self._fill_in_account()
        self.press("Log in")

    def sign_up(self) -> None:
        """From the landing page to the page that says to look for a mail."""
        self.page.goto("/")
        self.see("Put your photos in. Find them by what they show.")
        self.follow("Sign up")
        self.see("Sign up")
        self._fill_in_account()
        self.press("Sign up")
        self.see("Look in your inbox")

    def _fill_in_account(self) -> None:
        self.page.get_by_label("Mail address").fill(self.email)
        self.page.get_by_label("Password", exact=True).fill(self.password)

    def log_out(self) -> None:
        self.page.locator("summary", has_text="Account").click()
        self.press("Log out")

    # --- Inbox ---

    def messages(self, subject: str | re.Pattern[str], to: str = "") -> Locator:
        """Lines of the inbox page that are addressed to this person, or to a phone number."""
        return self.page.get_by_role("listitem").filter(has_text=to or self.email).filter(has_text=subject)

    def wait_for_message(self, subject: str, to: str = "") -> None:
        self.page.goto("/dev/inbox/")
        self.see("Inbox")
        until(lambda: self.messages(subject, to).count() or not self.page.reload())

    def confirm_phone(self, number: str) -> None:
        """Type the code that is sent to the number that was just saved."""
        self.press("Send a code")
        field = self.page.get_by_label("Code", exact=True)
        expect(field).to_be_visible()
        here = self.page.url
        self.wait_for_message("Your Shoebox code is", to=number)
        (code,) = re.findall(r"\b\d{6}\b", self.messages("Your Shoebox code is", to=number).first.inner_text())
        self.page.goto(here)
        field.fill(code)
        self.page.keyboard.press("Enter")
        self.is_told("Your phone number is confirmed.")

    # --- Photos ---

    def choose(self, files: Mapping[str, bytes], directory: Path) -> None:
        """Choose files on the upload page, from a directory."""
        for name, content in files.items():
            (directory / name).write_bytes(content)
        self.page.goto("/upload/")
        self.see("Upload photos")
        self.page.locator("input[type=file]").set_input_files([directory / name for name in files])

    def send(self, count: int) -> None:
        """Send what was chosen, and go to the gallery when all `count` have arrived."""
        photos = contract.count_photos(count)
        self.press(f"Upload {photos}")
        expect(self.page.locator("[data-said]")).to_contain_text(f"{photos} received.")
        assert_fits(self.page)
        self.follow("See your gallery")
        self.see("Gallery")

    def tiles(self) -> Locator:
        return self.page.locator(".tile")

    def thumbnails(self) -> Locator:
        return self.page.locator(".tile img:not(.placeholder)")

    def tile(self, file_name: str) -> Locator:
        """The tile that names its file, as one without a thumbnail does."""
        return self.tiles().filter(has_text=file_name)


def expect_picture(image: Locator) -> tuple[int, int]:
    """Wait until a picture was loaded and decoded; its own width and height in pixels."""
    image.scroll_into_view_if_needed()
    expect(image).to_have_js_property("complete", True)
    image.evaluate("image => image.decode()")
    width, height = image.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    assert width > 0
    return width, height


def swipe(page: Page, across: int) -> None:
    """With a finger, from the middle of the picture."""
    finger = page.context.new_cdp_session(page)
    for kind, x in (("touchStart", 0), ("touchMove", across // 2), ("touchMove", across), ("touchEnd", None)):
        points = [] if x is None else [{"x": 195 + x, "y": 250}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def assert_fits(page: Page) -> None:
    """No page scrolls sideways. Its heading is there before its style sheets are, and as wide as it is without them."""
    page.wait_for_load_state("load")
    wide, window = page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
    assert wide <= window, f"{page.url} is {wide} pixels wide in a window of {window}"
