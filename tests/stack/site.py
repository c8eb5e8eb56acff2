"""The site as a person's browser speaks to it: plain HTTP with cookies and forms, and nothing of its insides."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import requests

from .pipeline import mails_to, until
from .running import RunningStack

PASSWORD = "three violet spoons"
SECONDS = 120  # a limit for a broken site, not a measurement
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def new_address() -> str:
    return f"{uuid.uuid4().hex[:12]}@example.org"


@dataclass
class Site:
    """One person at the site; made by `sign_up`, or anonymous."""

    stack: RunningStack
    email: str = field(default_factory=new_address)

    def __post_init__(self) -> None:
        self.session = requests.Session()
        self.session.trust_env = False  # no proxy stands between a test and this machine

    def get(self, path: str) -> requests.Response:
        return self.session.get(self._address(path), timeout=SECONDS)

    def post(self, path: str, data: Mapping[str, str], files: Mapping[str, bytes] | None = None) -> requests.Response:
        """Send the form of the page at `path`, with `files` by name as its photos; follows where it leads."""
        if "csrftoken" not in self.session.cookies:
            self.get("/accounts/login/")
        return self.session.post(
            self._address(path),
            data={**data, "csrfmiddlewaretoken": self.session.cookies["csrftoken"]},
            files=[("photos", (name, content)) for name, content in (files or {}).items()] or None,
            timeout=SECONDS,
        )

    def delete(self, photo_id: str) -> bool:
        """Throw a photo away, and delete it from the trash; whether the site says that it is."""
        thrown = self.post(f"/photos/{photo_id}/trash/", {})
        said = self.post("/photos/bulk/", {"do": "delete", "photo": photo_id, "sure": "yes"})
        return thrown.ok and said.ok and "1 photo was deleted." in said.text

    def _address(self, path: str) -> str:
        return path if path.startswith("http") else f"{self.stack.site_url}{path}"

    # --- What a person does ---

    def sign_up(self) -> Site:
        """Sign up, open the link in the mail, and be logged in."""
        self.post("/accounts/signup/", {"email": self.email, "password1": PASSWORD})
        until(lambda: mails_to(self.stack, self.email))
        self.post(confirmation_link(self.stack, self.email), {})
        assert "Log out" in self.get("/gallery/").text
        return self

    def upload(self, files: Mapping[str, bytes]) -> str:
        """Send files in one form; the text of the page behind it."""
        answer = self.post("/upload/", {}, files)
        assert answer.status_code == 200, answer.text
        return answer.text

    def wait_until_processed(self) -> None:
        until(lambda: not any("being processed" in page for page in self.gallery_pages()))

    # --- What a person sees ---

    def gallery_pages(self) -> list[str]:
        """The HTML of the gallery, newest page first."""
        pages, path = [], "/gallery/"
        while path:
            pages.append(self.get(path).text)
            older = re.search(r'href="([^"]+)" rel="next"', pages[-1])
            path = html.unescape(older[1]).replace(self.stack.site_url, "") if older else ""
        return pages

    def photo_ids(self) -> list[str]:
        """Photos in the gallery, newest first."""
        return [photo_id for page in self.gallery_pages() for photo_id in re.findall(rf'id="tile-({UUID})"', page)]

    def thumbnails(self) -> list[str]:
        """Addresses of the thumbnails in the gallery, newest first."""
        pages = self.gallery_pages()
        found = [each for page in pages for each in re.findall(r'<img src="([^"]+)"', page)]
        return [html.unescape(each) for each in found]

    def label_counts(self) -> dict[str, int]:
        """The labels that the gallery offers to filter by, with the count that stands beside each."""
        page = self.gallery_pages()[0]
        found = re.findall(r'<a class="chip"[^>]*>\s*([^<]+?)\s*<span class="count">(\d+)</span>', page)
        return {html.unescape(name): int(count) for name, count in found}


def confirmation_link(stack: RunningStack, email: str) -> str:
    text = mails_to(stack, email)[0].get_content()
    link = re.search(r"\S+/accounts/confirm-email/\S+", text)
    assert link, text
    return link[0]
