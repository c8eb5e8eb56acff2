"""A request that is refused takes one line of the log; one that breaks says where."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What goes to standard output."""
    (handler,) = [each for each in logging.getLogger().handlers if each.name == "stdout"]
    assert isinstance(handler, logging.StreamHandler)
    written = io.StringIO()
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


@pytest.mark.parametrize(
    ("request_of", "status", "said"),
    [
        (lambda client: client.get("/admin/review/"), 403, "Forbidden (Permission denied): /admin/review/"),
        (lambda client: client.post("/upload/"), 403, "CSRF"),
        (lambda client: client.get("/", headers={"Host": "another.example.org"}), 400, "Invalid HTTP_HOST header"),
        (lambda client: client.get("/nowhere/"), 404, "Not Found: /nowhere/"),
    ],
)
def test_a_refused_request_takes_one_line(log: io.StringIO, request_of: Any, status: int, said: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user(is_staff=True))
    assert request_of(client).status_code == status
    (line,) = log.getvalue().splitlines()
    assert said in line


def test_one_that_breaks_says_where(log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("webapp.notices.listing._page")
    client = Client(raise_request_exception=False)
    client.force_login(make_user())
    assert client.get("/notices/").status_code == 500
    assert "NameError: name '_page' is not defined" in log.getvalue()
