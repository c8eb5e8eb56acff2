from __future__ import annotations

import base64
import time
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from infra.local.sent import Sent, write_sent


@pytest.fixture(autouse=True)
def inbox(settings: Any, tmp_path: Path) -> Path:
    """The inbox's directory, with the pages that the local settings add."""
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "webapp.devstack"]
    settings.ROOT_URLCONF = "tests.webapp.devstack.urls"
    settings.DATA_DIR = tmp_path
    return tmp_path / "inbox"


def make_mail(*, subject: str = "Confirm your address", html: str = "", text: str = "Hello", **overrides: Any) -> Sent:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Shoebox <shoebox@example.org>", "ana@example.org", subject
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    mime = base64.b64encode(mail.as_bytes()).decode()
    fields = {"id": "1", "kind": "mail", "sent_at": 0.0, "recipients": ["ana@example.org"], "mime": mime}
    return Sent(**(fields | overrides))


def make_sms(**overrides: Any) -> Sent:
    fields = {"id": "2", "kind": "sms", "sent_at": 0.0, "recipients": ["+34600000000"], "text": "5 photos\nare ready"}
    return Sent(**(fields | overrides))


class Tags(HTMLParser):
    """The attributes of every tag of a page, by the tag's name."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, list[dict[str, str | None]]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.setdefault(tag, []).append(dict(attrs))


def get(client: Client, name: str, *args: str) -> str:
    response = client.get(reverse(f"devstack:{name}", args=args))
    assert response.status_code == 200
    return response.content.decode()


def test_inbox_without_messages_says_what_will_arrive(client: Client) -> None:
    assert "Nothing has been sent yet" in get(client, "inbox")


def test_inbox_lists_newest_first_with_receiver_and_first_line(client: Client, inbox: Path) -> None:
    write_sent(inbox, make_mail(id="1", subject="Grüße an Ana"))
    write_sent(inbox, make_sms(id="2"))
    page = get(client, "inbox")
    assert page.index("+34600000000") < page.index("ana@example.org")
    assert "Grüße an Ana" in page
    assert "5 photos" in page
    assert "are ready" not in page


def test_mail_without_subject_can_still_be_opened(client: Client, inbox: Path) -> None:
    write_sent(inbox, make_mail(subject=""))
    assert "No subject" in get(client, "inbox")


@pytest.mark.parametrize(
    ("seconds", "expected"), [(5, "just now"), (200, "3\xa0minutes ago"), (90_000, "1\xa0day ago")]
)
def test_age_of_a_message_is_in_words(client: Client, inbox: Path, seconds: int, expected: str) -> None:
    write_sent(inbox, make_mail(sent_at=time.time() - seconds))
    assert expected in get(client, "inbox")


def test_links_in_text_can_be_followed(client: Client, inbox: Path) -> None:
    address = "http://127.0.0.1:8000/accounts/confirm-email/Mg:abc/"
    write_sent(inbox, make_mail(text=f"Follow {address} to confirm."))
    links = Tags(get(client, "message", "1")).found["a"]
    assert address in [link["href"] for link in links]


def test_html_of_a_mail_runs_no_script_and_reaches_no_page_around_it(client: Client, inbox: Path) -> None:
    write_sent(inbox, make_mail(html='<p title="x">Hi</p><script>alert(1)</script>'))
    page = get(client, "message", "1")
    (frame,) = Tags(page).found["iframe"]
    assert "<script>alert(1)" not in page
    assert '<p title="x">Hi</p>' in (frame["srcdoc"] or "")
    assert set((frame["sandbox"] or "").split()) == {"allow-top-navigation-by-user-activation", "allow-popups"}


def test_links_in_html_leave_the_frame(client: Client, inbox: Path) -> None:
    write_sent(inbox, make_mail(html="<a href='/x'>x</a>"))
    (frame,) = Tags(get(client, "message", "1")).found["iframe"]
    assert (frame["srcdoc"] or "").startswith("<base target='_top'>")


def test_pictures_that_a_mail_brings_along_are_shown(client: Client, inbox: Path) -> None:
    mail = EmailMessage()
    mail.set_content("Hello")
    mail.add_alternative('<img src="cid:photo-1@shoebox" alt="">', subtype="html")
    mail.get_payload()[1].add_related(b"JPEG", "image", "jpeg", cid="<photo-1@shoebox>")  # type: ignore[index, union-attr]
    write_sent(inbox, make_mail(mime=base64.b64encode(mail.as_bytes()).decode()))
    (frame,) = Tags(get(client, "message", "1")).found["iframe"]
    assert f'src="data:image/jpeg;base64,{base64.b64encode(b"JPEG").decode()}"' in (frame["srcdoc"] or "")


def test_mail_without_html_shows_no_frame(client: Client, inbox: Path) -> None:
    write_sent(inbox, make_mail())
    assert "iframe" not in Tags(get(client, "message", "1")).found


def test_sms_is_shown_in_full_and_escaped(client: Client, inbox: Path) -> None:
    write_sent(inbox, make_sms(text="one\n<b>two</b>"))
    assert "&lt;b&gt;two&lt;/b&gt;" in get(client, "message", "2")


@pytest.mark.parametrize("message_id", ["unknown", "secrets"])
def test_message_that_is_not_there_is_404(client: Client, inbox: Path, message_id: str) -> None:
    inbox.mkdir()
    (inbox.parent / "secrets.json").write_text("{}")
    assert client.get(f"/dev/inbox/{message_id}/").status_code == 404
    assert client.get(f"/dev/inbox/..%2F{message_id}/").status_code == 404


def test_site_without_local_settings_has_no_inbox(settings: Any) -> None:
    settings.ROOT_URLCONF = "webapp.urls"
    with pytest.raises(NoReverseMatch):
        reverse("devstack:inbox")
    assert Client().get("/dev/inbox/").status_code == 404
