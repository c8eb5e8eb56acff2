"""The site in other languages: chosen by the browser or in the footer, and whole."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from tests import catalogue
from tests.factories import make_user
from tests.webapp.albums.shelf import make_album, make_link
from tests.webapp.photos.pages import ready

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


@pytest.mark.parametrize(("asked", "offered"), [("en", "Deutsch"), ("de", "English")])
def test_the_other_language_is_named_in_its_own_words(client: Client, asked: str, offered: str) -> None:
    assert f">{offered}</button>" in page(client, accept_language=asked)


def test_a_choice_leads_to_no_other_site(client: Client) -> None:
    answer = client.post("/i18n/setlang/", {"language": "de", "next": "https://example.org/"})
    assert answer.headers["Location"] == "/"


def test_what_answered_a_form_leads_to_the_start(client: Client) -> None:
    said = client.post("/accounts/login/", {"login": "", "password": ""}).content.decode()
    assert 'name="next" value="/"' in " ".join(said.split())


# --- The catalogue ---------------------------------------------------------------------------------------------------


def test_every_text_of_the_site_is_in_german() -> None:
    german = catalogue.written()
    assert sorted(set(catalogue.asked_for()) - german.keys()) == []
    assert [key for key, texts in german.items() if not all(texts)] == []


def test_the_catalogue_holds_nothing_that_no_page_says() -> None:
    assert sorted(catalogue.written().keys() - set(catalogue.asked_for())) == []


def test_the_compiled_catalogue_is_what_the_written_one_says() -> None:
    """Else: `msgfmt -o django.mo django.po` in its folder."""
    assert catalogue.compiled() == catalogue.written()


# --- The pages -------------------------------------------------------------------------------------------------------


def in_english(text: str) -> list[str]:
    """Sentences of the catalogue that a page says as they are in English."""
    shown = html.unescape(" ".join(text.split()))
    differ = (english for (_context, english), german in catalogue.written().items() if english not in german)
    return [english for english in differ if len(english) > 12 and "%" not in english and english in shown]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/", "Leg deine Fotos hinein."),
        ("/accounts/login/", "Auf diesem Gerät angemeldet bleiben"),
        ("/accounts/signup/", "Registrieren"),
        ("/accounts/password/reset/", "Passwort zurücksetzen"),
        ("/no-such-page/", "Hier ist nichts"),
    ],
)
def test_whoever_comes_reads_german(client: Client, path: str, words: str) -> None:
    text = page(client, path, accept_language="de")
    assert language_of(text) == "de"
    assert words in text
    assert in_english(text) == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/gallery/", "Mai 2024"),
        ("/gallery/?label=Nothing", "Kein Foto zeigt das alles"),
        ("/gallery/labels/", "Schlagwörter"),
        ("/gallery/months/", "Mai"),
        ("/upload/", "Bis zu 500 Dateien auf einmal"),
        ("/photos/{photo}/", "12. Mai 2024, 14:03"),
        ("/albums/", "Neues Album"),
        ("/albums/{album}/", "Titelbild, entfernen"),
        ("/albums/{album}/arrange/", "Du bestimmst die Reihenfolge."),
        ("/s/{token}/", "1 Foto"),
        ("/trash/", "Der Papierkorb ist leer"),
        ("/notices/", "Keine Meldungen"),
        ("/settings/notifications/", "Per SMS"),
        ("/settings/photos/", "Behalten, wo meine Fotos aufgenommen wurden"),
        ("/accounts/email/", "Neue Mailadresse"),
        ("/accounts/password/change/", "Passwort speichern"),
        ("/accounts/sessions/", "Wo du angemeldet bist"),
    ],
)
def test_a_person_reads_german(aws: Any, client: Client, path: str, words: str) -> None:
    owner = make_user()
    photo = ready(aws, owner)
    link = make_link(make_album(owner, [photo], order="hand"))
    client.force_login(owner, backend="webapp.accounts.backends.ModelBackend")
    text = page(client, path.format(photo=photo.pk, album=link.album_id, token=link.token), accept_language="de")
    assert language_of(text) == "de"
    assert words in " ".join(text.split())
    assert in_english(text) == []


def test_numbers_that_a_stylesheet_reads_have_a_point_in_every_language(aws: Any, client: Client) -> None:
    owner = make_user()
    ready(aws, owner)
    client.force_login(owner, backend="webapp.accounts.backends.ModelBackend")
    texts = [page(client, "/gallery/", accept_language=language) for language in ("en", "de")]
    ratios = [text.split("data-ratio=", 1)[1].split(">", 1)[0].split(" ", 1)[0] for text in texts]
    assert ratios[0] == ratios[1]
    assert "," not in ratios[0]


def test_a_mail_is_in_the_language_of_the_page_that_it_was_asked_for_on(client: Client) -> None:
    make_user(email="someone@example.org")
    client.post("/accounts/password/reset/", {"email": "someone@example.org"}, headers={"accept-language": "de"})
    [sent] = mail.outbox
    assert sent.subject == "Wähle ein neues Passwort für Shoebox"
    assert "Öffne diesen Link, um eines zu wählen:" in sent.body
