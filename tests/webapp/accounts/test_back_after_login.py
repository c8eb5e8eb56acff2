from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
PAGE = "http://testserver/gallery/?label=Cat"
HTML = "text/html,*/*;q=0.8"


def comes_back_to(address: str) -> str:
    assert urlsplit(address).path == "/accounts/login/"
    (back,) = parse_qs(urlsplit(address).query)["next"]
    return back


@pytest.mark.parametrize("path", ["/photos/bulk/", "/trash/undo/", "/albums/"])
def test_form_sent_after_logging_out_leads_back_to_its_page_and_says_that_it_was_not_done(
    client: Client, path: str
) -> None:
    response = client.post(path, headers={"Referer": PAGE, "Accept": HTML})
    assert comes_back_to(response.headers["Location"]) == "/gallery/?label=Cat"
    assert "so this was not done" in client.get(response.headers["Location"]).content.decode()


@pytest.mark.parametrize(
    "page", ["", "https://evil.example/gallery/", "//evil.example/", "javascript:alert(1)", "http://testserver.evil/x"]
)
def test_form_that_came_from_nowhere_or_another_site_leads_back_to_the_start(client: Client, page: str) -> None:
    response = client.post("/photos/bulk/", headers={"Referer": page})
    assert comes_back_to(response.headers["Location"]) == "/"


@pytest.mark.parametrize("method", ["get", "post"])
def test_script_of_a_page_takes_the_person_to_the_login_instead_of_putting_it_into_the_page(
    client: Client, method: str
) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": PAGE, "Accept": "*/*"}
    response: Any = getattr(client, method)("/gallery/tiles/", headers=headers)
    assert response.status_code == 200
    assert response.content == b""
    assert comes_back_to(response.headers["HX-Redirect"]) == "/gallery/?label=Cat"


def test_page_that_was_asked_for_is_the_one_to_come_back_to(client: Client) -> None:
    response = client.get("/upload/", headers={"Referer": PAGE})
    assert comes_back_to(response.headers["Location"]) == "/upload/"


def test_script_that_fetches_by_itself_sees_that_it_was_sent_elsewhere(client: Client) -> None:
    response = client.get("/gallery/", headers={"HX-Request": "true", "Referer": PAGE})
    assert comes_back_to(response.headers["Location"]) == "/gallery/"
