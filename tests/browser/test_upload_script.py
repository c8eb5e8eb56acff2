"""What the upload page says when its form comes back without an address to go to. The answers are here, not a stack."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from playwright.sync_api import BrowserContext, Page, expect

from tests import photo_files
from webapp.photos.forms import UploadForm
from webapp.photos.upload_views import _limits

ERROR = "501 files at once are too many. Choose 500 at most, and the others after."


def upload_page(*, error: str = "") -> str:
    form = UploadForm({}, {}) if error else UploadForm()
    if error:
        form.errors["photos"] = form.error_class([error])
    return render_to_string("photos/upload.html", {"form": form, "limits": _limits()})


class Answers(BaseHTTPRequestHandler):
    """A site that has its upload page, static files and a login page, and answers a form as the test says."""

    answer: tuple[int, str] = (200, "")

    def do_GET(self) -> None:
        found = finders.find(self.path.removeprefix("/static/")) if self.path.startswith("/static/") else None
        body = Path(str(found)).read_bytes() if found else upload_page().encode()
        self._say(200, body, mimetypes.guess_type(self.path)[0] or "text/html")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, text = self.answer
        self._say(status, text.encode(), "text/html", **({"Location": text} if status == 302 else {}))

    def _say(self, status: int, body: bytes, media_type: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": media_type, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def upload(
    browser: object, new_context: Callable[..., BrowserContext], tmp_path: Path
) -> Iterator[Callable[[int, str], Page]]:
    """Sends one photo from the upload page to a site that answers with this status and text; returns the page."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Told", (Answers,), {}))
    Thread(target=server.serve_forever, daemon=True).start()

    def send(status: int, text: str) -> Page:
        server.RequestHandlerClass.answer = (status, text)
        page = new_context().new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/upload/")
        (tmp_path / "a.jpg").write_bytes(photo_files.phone_jpeg())
        page.locator("input[type=file]").set_input_files(tmp_path / "a.jpg")
        page.get_by_role("button", name="Upload 1 photo").click()
        return page

    yield send
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "make_text", "sentence"),
    [
        (422, lambda: upload_page(error=ERROR), ERROR),
        (422, str, "Something went wrong on our side."),
        (302, lambda: "/accounts/login/?next=/upload/", "You are logged out. Load this page again, log in"),
        (413, str, "This is more than can be sent at once. Choose fewer photos."),
        (400, str, "These are too many files at once, or the form could not be read."),
        (
            403,
            str,
            "This page was open too long. Load it again, log in if you are asked to, and choose your photos again.",
        ),
        (500, str, "Something went wrong on our side. Nothing you chose is lost; send it again."),
    ],
)
def test_the_page_says_what_happened_and_what_to_do(
    upload: Callable[[int, str], Page], status: int, make_text: Callable[[], str], sentence: str
) -> None:
    page = upload(status, make_text())
    expect(page.locator("[data-total]").get_by_role("status")).to_contain_text(sentence)
    expect(page.get_by_role("button", name="Upload 1 photo")).to_be_enabled()
