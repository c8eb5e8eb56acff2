from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from webapp.devstack.middleware import LoopbackAddressMiddleware


def answer(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("page")


def test_localhost_is_led_to_the_same_page_on_127_0_0_1() -> None:
    request = RequestFactory().get("/gallery/?label=Dog&cursor=a%2Fb", headers={"host": "localhost:8100"})
    response = LoopbackAddressMiddleware(answer)(request)
    assert response["Location"] == "http://127.0.0.1:8100/gallery/?label=Dog&cursor=a%2Fb"


def test_form_sent_to_localhost_is_sent_again_as_it_was() -> None:
    response = LoopbackAddressMiddleware(answer)(RequestFactory().post("/upload/", headers={"host": "localhost"}))
    assert (response.status_code, response["Location"]) == (307, "http://127.0.0.1/upload/")


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "testserver"])
def test_every_other_address_is_served(host: str) -> None:
    response = LoopbackAddressMiddleware(answer)(RequestFactory().get("/", headers={"host": host}))
    assert response.content == b"page"
