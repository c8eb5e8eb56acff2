"""To a provider and back: the policy of the site's pages lets a browser go there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from playwright.sync_api import expect

from tests.stack.pipeline import until
from tests.stack.running import RunningStack, free_ports
from tests.webapp.accounts.fake_oidc import CLIENT_ID, CLIENT_SECRET, FakeProvider

from .accessibility import complaints
from .conftest import Browse
from .person import DESKTOP, PHONE, Person


@contextmanager
def serving(provider: FakeProvider, port: int) -> Iterator[None]:
    """The provider, as HTTP; it knows everybody who comes, and sends them back."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path)
            if path.path == "/authorize":
                self._lead(provider.authorize(path.query))
            else:
                self._tell(provider.answer(path.path, {}))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._tell(provider.answer(urlsplit(self.path).path, dict(parse_qsl(body))))

        def _lead(self, to: str) -> None:
            self.send_response(302)
            self.send_header("Location", to)
            self.end_headers()

        def _tell(self, facts: Any) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(facts).encode())

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield
    server.shutdown()
    server.server_close()


@pytest.fixture
def site(stack: RunningStack) -> Iterator[str]:
    """The site once more, beside the stack's own, where a provider is set up; its address."""
    port, provider_port = free_ports(2)
    address, issuer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{provider_port}"
    ours = {"SITE_URL": address, "OIDC_NAME": "Example", "OIDC_SERVER_URL": issuer}
    ours |= {"OIDC_CLIENT_ID": CLIENT_ID, "OIDC_CLIENT_SECRET": CLIENT_SECRET}
    command = (sys.executable, "-m", "gunicorn", "webapp.wsgi", "--bind", f"127.0.0.1:{port}", "--log-level", "warning")
    provider = FakeProvider(issuer)
    provider.userinfo["email"] = f"kim-{port}@example.org"
    environment = {**os.environ, **stack.site_env, **ours}
    with serving(provider, provider_port), subprocess.Popen(command, env=environment) as process:
        until(lambda: _answers(f"{address}/healthz"))
        yield address
        process.terminate()


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=10).ok
    except requests.ConnectionError:
        return False


@pytest.mark.parametrize(("theme", "viewport"), [("light", PHONE), ("dark", DESKTOP)], ids=["phone", "desktop"])
def test_a_person_signs_up_by_a_provider_and_sets_a_password(
    browse: Browse, site: str, theme: str, viewport: dict[str, int]
) -> None:
    page = browse(viewport=viewport, color_scheme=theme)
    person = Person(page)
    page.goto(f"{site}/accounts/login/")
    said = complaints(page)
    person.press("Go on with Example")
    expect(page).to_have_url(f"{site}/gallery/")

    page.goto(f"{site}/accounts/3rdparty/")
    person.see("Accounts elsewhere")
    said += complaints(page)
    person.press("Disconnect: Example")
    expect(page.get_by_role("alert")).to_contain_text("It is your only way in.")
    said += complaints(page)

    page.goto(f"{site}/accounts/password/change/")
    person.see("Set a password")
    person.log_out()
    page.goto(f"{site}/accounts/oidc/oidc/login/")
    person.see("Go on with Example")
    said += complaints(page)
    person.press("Go on")
    expect(page).to_have_url(f"{site}/gallery/")
    assert said == []
