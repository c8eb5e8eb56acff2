"""The site in other languages: chosen by the browser or in the footer."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def page(client: Client, path: str = "/", **headers: str) -> str:
    return client.get(path, headers=headers).content.decode()


def language_of(text: str) -> str:
    return text.split('<html lang="', 1)[1].split('"', 1)[0]


@pytest.mark.parametrize(
    ("asked", "expected"), [("de-CH,fr;q=0.5", "de"), ("fr, en;q=0.1", "en"), ("xx", "en"), ("", "en")]
)
def test_a_browser_gets_the_language_that_it_asks_for(client: Client, asked: str, expected: str) -> None:
    assert language_of(page(client, accept_language=asked)) == expected


def test_the_choice_in_the_footer_outlasts_the_visit_and_leads_back(client: Client) -> None:
    assert 'name="next" value="/accounts/login/?next=/upload/"' in " ".join(
        page(client, "/accounts/login/?next=/upload/").split()
    )
    answer = client.post("/i18n/setlang/", {"language": "de", "next": "/accounts/login/"})
    assert answer.headers["Location"] == "/accounts/login/"
    assert answer.cookies["django_language"]["max-age"] >= 30 * 24 * 60 * 60
    assert language_of(page(client, accept_language="en")) == "de"


def test_a_choice_leads_to_no_other_site(client: Client) -> None:
    answer = client.post("/i18n/setlang/", {"language": "de", "next": "https://example.org/"})
    assert answer.headers["Location"] == "/"


def test_what_answered_a_form_leads_to_the_start(client: Client) -> None:
    said = client.post("/accounts/login/", {"login": "", "password": ""}).content.decode()
    assert 'name="next" value="/"' in " ".join(said.split())
