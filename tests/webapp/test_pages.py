"""The pages around an account: they render for whom they are meant, under a policy that lets nothing in."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.template.loader import render_to_string
from django.test import Client, override_settings
from django.urls import reverse

from .accounts.factories import make_user

pytestmark = pytest.mark.django_db
FOR_ANYONE = [
    "/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/logout/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-bad/",
    "/accounts/password/reset/key/done/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/bad/",
    "/accounts/inactive/",
]
FOR_MEMBERS = [
    "/settings/notifications/",
    "/settings/photos/",
    "/settings/data/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/logout/",
]
NEEDS_NO_LOGIN = {"/accounts/logout/"}
TEMPLATES = Path(settings.BASE_DIR) / "webapp" / "templates"


class Inline(HTMLParser):
    """What a strict policy would block: scripts and styles in the page, handlers and style attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        is_data = ("type", "application/json") in attrs
        if tag == "style" or (tag == "script" and "src" not in names and not is_data):
            self.found.append(f"<{tag}>")
        self.found += [f"{tag}[{name}]" for name in names if name == "style" or name.startswith("on")]


def assert_safe(response: Any) -> None:
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy + ";"
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert Inline(response.content.decode()).found == []


@pytest.mark.parametrize("path", FOR_ANYONE)
def test_a_page_for_anyone_renders_and_holds_nothing_inline(client: Client, path: str) -> None:
    response = client.get(path, follow=path in NEEDS_NO_LOGIN)

    assert response.status_code == 200
    assert_safe(response)


@pytest.mark.parametrize("path", FOR_MEMBERS)
def test_a_page_for_members_renders_and_holds_nothing_inline(client: Client, aws: object, path: str) -> None:
    client.force_login(make_user())

    response = client.get(path)

    assert response.status_code == 200
    assert_safe(response)


@pytest.mark.parametrize("path", FOR_MEMBERS)
def test_a_page_for_members_sends_strangers_to_log_in(client: Client, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 302
    assert response.url.split("?")[0] in ("/", reverse("account_login"))


@pytest.mark.parametrize("path", ["/admin/", "/admin/accounts/user/"])
def test_the_admin_lives_under_the_same_policy(client: Client, path: str) -> None:
    client.force_login(make_user(is_staff=True, is_superuser=True))

    response = client.get(path)

    assert response.status_code == 200
    assert_safe(response)


def test_someone_without_a_password_is_asked_to_set_one_where_others_change_it(client: Client) -> None:
    user = make_user()
    user.set_unusable_password()
    user.save()
    client.force_login(user)

    page = client.get("/accounts/password/change/", follow=True).content.decode()

    assert page.count("Set a password") == 2, "title and heading"
    assert "Your password now" not in page


def test_the_landing_page_leads_members_to_their_gallery(client: Client) -> None:
    client.force_login(make_user())

    assert client.get("/").url == reverse("photos:gallery")


@pytest.mark.parametrize(("is_staff", "is_shown"), [(True, True), (False, False)])
def test_only_staff_are_shown_the_way_to_the_admin(client: Client, aws: object, is_staff: bool, is_shown: bool) -> None:
    client.force_login(make_user(is_staff=is_staff))

    page = client.get("/settings/notifications/").content.decode()

    assert (f'href="{reverse("admin:index")}"' in page) is is_shown


def test_an_unknown_address_is_a_404_in_our_words(client: Client) -> None:
    response = client.get("/no/such/page/")

    assert response.status_code == 404
    assert "Nothing here" in response.content.decode()


def test_a_forged_form_is_refused_in_our_words() -> None:
    response = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "a@example.org"})

    assert response.status_code == 403
    assert "open too long" in response.content.decode()


def test_the_error_page_needs_nothing_from_the_site() -> None:
    assert "Something went wrong on our side" in render_to_string("500.html")


def test_every_page_has_one_heading_a_title_and_a_way_past_the_header(client: Client) -> None:
    for path in FOR_ANYONE:
        page = client.get(path, follow=True).content.decode()
        assert page.count("<h1") == 1, path
        assert re.search(r"<title>\s*\S[^<]*· Shoebox\s*</title>", page), path
        assert 'href="#content"' in page, path


def test_every_static_file_that_a_template_names_exists() -> None:
    named = {
        name for file in TEMPLATES.rglob("*.html") for name in re.findall(r"{% static '([^']+)' %}", file.read_text())
    }

    assert named
    assert [name for name in sorted(named) if not finders.find(name)] == []


def test_every_icon_that_a_template_uses_is_drawn() -> None:
    drawn = set(re.findall(r'id="([a-z-]+)"', Path(str(finders.find("img/icons.svg"))).read_text()))
    used = {
        name
        for file in TEMPLATES.parent.rglob("*.html")
        for name in re.findall(r"icons\.svg' %}#([a-z-]+)", file.read_text())
    }

    assert used
    assert used <= drawn


def test_static_files_collect_for_production(tmp_path: Path) -> None:
    storage = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    with override_settings(STATIC_ROOT=tmp_path, STORAGES={**settings.STORAGES, "staticfiles": storage}):
        call_command("collectstatic", interactive=False, verbosity=0)

    assert (tmp_path / "staticfiles.json").exists()
    assert list(tmp_path.glob("css/shoebox.*.css.gz"))
