"""Who gets what, for every address of the site. One that is missing here fails a test, so a new one is thought of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import URLResolver, get_resolver

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_batch, make_photo, make_staff, make_user, put_record
from tests.webapp.albums.shelf import PICTURE, keep_renditions, make_album, make_link
from tests.webapp.review.cases import make_role
from webapp.accounts.roles import Role
from webapp.accounts.unsubscribe import url_for as unsubscribe_url
from webapp.albums.models import AlbumPhoto, ShareLink
from webapp.photos.index import index
from webapp.photos.models import Photo, Review
from webapp.review.models import Case

LOGIN = "login"  # is asked to log in
AWAY = "away"  # is sent to another page
WHO = ("owner", "anonymous", "another", "staff")

# name and method -> path, and what the owner of {photo}, somebody anonymous, another person and staff get.
MATRIX: dict[tuple[str, str], tuple[Any, ...]] = {
    ("home", "GET"): ("/", AWAY, 200, AWAY, AWAY),
    ("healthz", "GET"): ("/healthz", 200, 200, 200, 200),
    ("readyz", "GET"): ("/readyz", 200, 200, 200, 200),
    ("set_language", "GET"): ("/i18n/setlang/", AWAY, AWAY, AWAY, AWAY),
    ("set_language", "POST"): ("/i18n/setlang/", AWAY, AWAY, AWAY, AWAY),
    ("costs:page", "GET"): ("/admin/cost/", LOGIN, LOGIN, LOGIN, 200),
    ("photos:upload", "GET"): ("/upload/", 200, LOGIN, 200, 200),
    ("photos:upload", "POST"): ("/upload/", 422, LOGIN, 422, 422),
    ("photos:upload_begin", "GET"): ("/upload/begin/", 405, LOGIN, 405, 405),
    ("photos:upload_begin", "POST"): ("/upload/begin/", 200, LOGIN, 200, 200),
    # An empty form is no JSON. Whose batches and photos these take: tests/webapp/photos/test_direct.py.
    ("photos:upload_addresses", "GET"): ("/upload/addresses/", 405, LOGIN, 405, 405),
    ("photos:upload_addresses", "POST"): ("/upload/addresses/", 400, LOGIN, 400, 400),
    ("photos:upload_cancel", "GET"): ("/upload/cancel/", 405, LOGIN, 405, 405),
    ("photos:upload_cancel", "POST"): ("/upload/cancel/", 400, LOGIN, 400, 400),
    ("photos:upload_finish", "GET"): ("/upload/finish/", 405, LOGIN, 405, 405),
    ("photos:upload_finish", "POST"): ("/upload/finish/", 400, LOGIN, 400, 400),
    ("photos:gallery", "GET"): ("/gallery/", 200, LOGIN, 200, 200),
    ("photos:tiles", "GET"): ("/gallery/tiles/?ids={photo}", 200, LOGIN, 200, 200),
    ("photos:facets", "GET"): ("/gallery/facets/?label=Secret", AWAY, LOGIN, AWAY, AWAY),
    ("photos:labels", "GET"): ("/gallery/labels/", 200, LOGIN, 200, 200),
    ("photos:months", "GET"): ("/gallery/months/", 200, LOGIN, 200, 200),
    ("notices", "GET"): ("/notices/", 200, LOGIN, 200, 200),
    # Staff look at other people's photos in the admin alone, where it is written down.
    ("photos:photo", "GET"): ("/photos/{photo}/", 200, LOGIN, 404, 404),
    ("photos:bulk", "GET"): ("/photos/bulk/", 405, LOGIN, 405, 405),
    ("photos:bulk", "POST"): ("/photos/bulk/", AWAY, LOGIN, AWAY, AWAY),
    ("photos:trash_photo", "GET"): ("/photos/{photo}/trash/", 405, LOGIN, 405, 405),
    ("photos:trash_photo", "POST"): ("/photos/{photo}/trash/", AWAY, LOGIN, 404, 404),
    ("photos:trash", "GET"): ("/trash/", 200, LOGIN, 200, 200),
    ("photos:undo", "GET"): ("/trash/undo/", 405, LOGIN, 405, 405),
    ("photos:undo", "POST"): ("/trash/undo/", AWAY, LOGIN, AWAY, AWAY),
    ("photos:empty_trash", "GET"): ("/trash/empty/", 200, LOGIN, 200, 200),
    ("photos:empty_trash", "POST"): ("/trash/empty/", AWAY, LOGIN, AWAY, AWAY),
    ("photos:retry", "GET"): ("/photos/{photo}/retry/", 405, LOGIN, 405, 405),
    ("photos:retry", "POST"): ("/photos/{photo}/retry/", AWAY, LOGIN, 404, 404),
    ("photos:add_label", "GET"): ("/photos/{photo}/labels/add/", AWAY, LOGIN, 404, 404),
    ("photos:add_label", "POST"): ("/photos/{photo}/labels/add/", 200, LOGIN, 404, 404),
    ("photos:deny_label", "GET"): ("/photos/{photo}/labels/deny/", 405, LOGIN, 405, 405),
    ("photos:deny_label", "POST"): ("/photos/{photo}/labels/deny/", AWAY, LOGIN, 404, 404),
    ("photos:undo_label", "GET"): ("/photos/{photo}/labels/undo/", 405, LOGIN, 405, 405),
    ("photos:undo_label", "POST"): ("/photos/{photo}/labels/undo/", AWAY, LOGIN, 404, 404),
    ("photos:appeal", "GET"): ("/photos/{photo}/appeal/", AWAY, LOGIN, 404, 404),
    ("photos:appeal", "POST"): ("/photos/{photo}/appeal/", 200, LOGIN, 404, 404),
    ("photos:favourite", "GET"): ("/photos/{photo}/favourite/", 405, LOGIN, 405, 405),
    ("photos:favourite", "POST"): ("/photos/{photo}/favourite/", AWAY, LOGIN, 404, 404),
    # Of a photo whose original is there the owner is sent to S3; see test_downloads.
    ("photos:original", "GET"): ("/photos/{photo}/original/", 404, LOGIN, 404, 404),
    ("photos:original", "POST"): ("/photos/{photo}/original/", 405, LOGIN, 405, 405),
    ("photos:settings", "GET"): ("/settings/photos/", 200, LOGIN, 200, 200),
    ("photos:settings", "POST"): ("/settings/photos/", AWAY, LOGIN, AWAY, AWAY),
    ("albums:albums", "GET"): ("/albums/", 200, LOGIN, 200, 200),
    ("albums:albums", "POST"): ("/albums/", 422, LOGIN, 422, 422),
    ("albums:add", "GET"): ("/albums/add/?photo={photo}", 200, LOGIN, 404, 404),
    ("albums:add", "POST"): ("/albums/add/", AWAY, LOGIN, AWAY, AWAY),
    ("albums:choice", "GET"): ("/albums/choice/", 200, LOGIN, 200, 200),
    ("albums:album", "GET"): ("/albums/{album}/", 200, LOGIN, 404, 404),
    ("albums:rename", "GET"): ("/albums/{album}/rename/", 200, LOGIN, 404, 404),
    ("albums:rename", "POST"): ("/albums/{album}/rename/", 422, LOGIN, 404, 404),
    ("albums:remove", "GET"): ("/albums/{album}/remove/", 405, LOGIN, 405, 405),
    ("albums:remove", "POST"): ("/albums/{album}/remove/", AWAY, LOGIN, 404, 404),
    ("albums:delete", "GET"): ("/albums/{album}/delete/", 200, LOGIN, 404, 404),
    ("albums:delete", "POST"): ("/albums/{album}/delete/", AWAY, LOGIN, 404, 404),
    ("albums:arrange", "GET"): ("/albums/{album}/arrange/", 200, LOGIN, 404, 404),
    ("albums:arrange", "POST"): ("/albums/{album}/arrange/", 400, LOGIN, 404, 404),
    ("albums:links", "GET"): ("/albums/{album}/links/", AWAY, LOGIN, 404, 404),
    ("albums:links", "POST"): ("/albums/{album}/links/", 422, LOGIN, 404, 404),
    ("albums:revoke", "GET"): ("/albums/{album}/links/{link}/revoke/", 405, LOGIN, 405, 405),
    ("albums:revoke", "POST"): ("/albums/{album}/links/{link}/revoke/", AWAY, LOGIN, 404, 404),
    ("albums:share_photo", "GET"): ("/photos/{photo}/share/", 405, LOGIN, 405, 405),
    ("albums:share_photo", "POST"): ("/photos/{photo}/share/", AWAY, LOGIN, 404, 404),
    # Whoever has a link has come through it; tests/webapp/albums/test_shared.py looks at what they see.
    ("albums:shared", "GET"): ("/s/{token}/", 200, 200, 200, 200),
    ("albums:shared", "POST"): ("/s/{token}/", AWAY, AWAY, AWAY, AWAY),
    ("albums:shared_photo", "GET"): ("/s/{token}/{entry}/", 200, 200, 200, 200),
    ("albums:shared_photo", "POST"): ("/s/{token}/{entry}/", 405, 405, 405, 405),
    ("albums:shared_thumb", "GET"): ("/s/{token}/{entry}/thumb.webp", 200, 200, 200, 200),
    ("albums:shared_thumb", "POST"): ("/s/{token}/{entry}/thumb.webp", 405, 405, 405, 405),
    ("albums:shared_display", "GET"): ("/s/{token}/{entry}/display.webp", 200, 200, 200, 200),
    ("albums:shared_display", "POST"): ("/s/{token}/{entry}/display.webp", 405, 405, 405, 405),
    ("albums:shared_report", "GET"): ("/s/{token}/{entry}/report/", 200, 200, 200, 200),
    ("albums:shared_report", "POST"): ("/s/{token}/{entry}/report/", 422, 422, 422, 422),
    # Staff of this matrix may do everything; tests/webapp/review/test_pages.py has the other roles.
    ("review:queue", "GET"): ("/admin/review/", LOGIN, LOGIN, LOGIN, 200),
    ("review:queue", "POST"): ("/admin/review/", LOGIN, LOGIN, LOGIN, 405),
    ("review:decide", "GET"): ("/admin/review/{photo}/", LOGIN, LOGIN, LOGIN, 405),
    ("review:decide", "POST"): ("/admin/review/{photo}/", LOGIN, LOGIN, LOGIN, AWAY),
    ("review:undo", "GET"): ("/admin/review/undo/", LOGIN, LOGIN, LOGIN, 405),
    ("review:undo", "POST"): ("/admin/review/undo/", LOGIN, LOGIN, LOGIN, AWAY),
    ("review:stop", "GET"): ("/admin/review/stop/", LOGIN, LOGIN, LOGIN, 405),
    ("review:stop", "POST"): ("/admin/review/stop/", LOGIN, LOGIN, LOGIN, AWAY),
    ("review:log", "GET"): ("/admin/review/log/", LOGIN, LOGIN, LOGIN, 200),
    ("review:log", "POST"): ("/admin/review/log/", LOGIN, LOGIN, LOGIN, 405),
    ("settings_notifications", "GET"): ("/settings/notifications/", 200, LOGIN, 200, 200),
    # An empty form: 200 is the page again, with what is wrong.
    ("settings_notifications", "POST"): ("/settings/notifications/", 200, LOGIN, 200, 200),
    ("send_phone_code", "GET"): ("/settings/phone/code/", 405, LOGIN, 405, 405),
    ("send_phone_code", "POST"): ("/settings/phone/code/", AWAY, LOGIN, AWAY, AWAY),
    ("confirm_phone", "GET"): ("/settings/phone/confirm/", 405, LOGIN, 405, 405),
    ("confirm_phone", "POST"): ("/settings/phone/confirm/", AWAY, LOGIN, AWAY, AWAY),
    ("resume_mail", "GET"): ("/settings/mail/again/", 405, LOGIN, 405, 405),
    ("resume_mail", "POST"): ("/settings/mail/again/", AWAY, LOGIN, AWAY, AWAY),
    # Whoever holds the link may; of one that is made up: tests/webapp/accounts/test_unsubscribe.py.
    ("unsubscribe", "GET"): ("/unsubscribe/{unsubscribe}/", 200, 200, 200, 200),
    ("unsubscribe", "POST"): ("/unsubscribe/{unsubscribe}/", 200, 200, 200, 200),
    ("send_test_notice", "GET"): ("/settings/notifications/test/", 405, LOGIN, 405, 405),
    ("send_test_notice", "POST"): ("/settings/notifications/test/", AWAY, LOGIN, AWAY, AWAY),
    # Nobody changes their address; tests/webapp/accounts/test_address_changes.py has who does.
    ("settings_agree_to_email_change", "GET"): ("/settings/email/agree/made-up/", 404, 404, 404, 404),
    ("settings_agree_to_email_change", "POST"): ("/settings/email/agree/made-up/", 404, 404, 404, 404),
    ("settings_agree_by_second_factor", "GET"): ("/settings/email/second-factor/", 404, LOGIN, 404, 404),
    ("settings_agree_by_second_factor", "POST"): ("/settings/email/second-factor/", 404, LOGIN, 404, 404),
    # A token that was made up; tests/webapp/accounts/test_addresses.py has one of a change.
    ("settings_stop_email_change", "GET"): ("/settings/email/stop/made-up/", 404, 404, 404, 404),
    ("settings_stop_email_change", "POST"): ("/settings/email/stop/made-up/", 404, 404, 404, 404),
    ("settings_end_session", "GET"): ("/settings/devices/{session}/end/", 405, LOGIN, 405, 405),
    ("settings_end_session", "POST"): ("/settings/devices/{session}/end/", AWAY, LOGIN, 404, 404),
    ("usersessions_list", "GET"): ("/accounts/sessions/", 200, LOGIN, 200, 200),
    ("usersessions_list", "POST"): ("/accounts/sessions/", AWAY, LOGIN, AWAY, AWAY),
    ("settings_data", "GET"): ("/settings/data/", 200, LOGIN, 200, 200),
    ("begin_export", "GET"): ("/settings/data/export/", AWAY, LOGIN, AWAY, AWAY),
    ("begin_export", "POST"): ("/settings/data/export/", AWAY, LOGIN, AWAY, AWAY),
    ("cancel_export", "GET"): ("/settings/data/export/cancel/", 405, LOGIN, 405, 405),
    ("cancel_export", "POST"): ("/settings/data/export/cancel/", AWAY, LOGIN, AWAY, AWAY),
    # Of an export that is there its owner is sent to S3, and nobody else: tests/webapp/accounts/test_exports.py.
    ("download_export", "GET"): ("/settings/data/export/{photo}/", 404, LOGIN, 404, 404),
    ("download_export", "POST"): ("/settings/data/export/{photo}/", 405, LOGIN, 405, 405),
    ("close_account", "GET"): ("/settings/data/delete/", 200, LOGIN, 200, 200),
    ("close_account", "POST"): ("/settings/data/delete/", AWAY, LOGIN, AWAY, AWAY),
    ("keep_account", "GET"): ("/settings/data/keep/", 405, LOGIN, 405, 405),
    ("keep_account", "POST"): ("/settings/data/keep/", AWAY, LOGIN, AWAY, AWAY),
    ("operations:pipeline", "GET"): ("/admin/pipeline/", LOGIN, LOGIN, LOGIN, 200),
    ("operations:failures", "GET"): ("/admin/pipeline/failures/", LOGIN, LOGIN, LOGIN, 200),
    ("operations:failures", "POST"): ("/admin/pipeline/failures/", LOGIN, LOGIN, LOGIN, AWAY),
    ("operations:labels", "GET"): ("/admin/pipeline/labels/", LOGIN, LOGIN, LOGIN, 200),
    ("operations:campaigns", "GET"): ("/admin/pipeline/campaigns/", LOGIN, LOGIN, LOGIN, 200),
    ("operations:campaigns", "POST"): ("/admin/pipeline/campaigns/", LOGIN, LOGIN, LOGIN, 422),
    ("operations:campaign", "GET"): ("/admin/pipeline/campaigns/{photo}/", LOGIN, LOGIN, LOGIN, 404),
    ("operations:campaign", "POST"): ("/admin/pipeline/campaigns/{photo}/", LOGIN, LOGIN, LOGIN, 404),
    ("account_login", "GET"): ("/accounts/login/", AWAY, 200, AWAY, AWAY),
    ("account_login", "POST"): ("/accounts/login/", AWAY, 200, AWAY, AWAY),
    ("account_signup", "GET"): ("/accounts/signup/", AWAY, 200, AWAY, AWAY),
    ("account_signup", "POST"): ("/accounts/signup/", AWAY, 200, AWAY, AWAY),
    ("account_logout", "GET"): ("/accounts/logout/", 200, AWAY, 200, 200),
    ("account_logout", "POST"): ("/accounts/logout/", AWAY, AWAY, AWAY, AWAY),
    ("account_inactive", "GET"): ("/accounts/inactive/", 200, 200, 200, 200),
    ("account_reauthenticate", "GET"): ("/accounts/reauthenticate/", 200, LOGIN, 200, 200),
    ("account_reauthenticate", "POST"): ("/accounts/reauthenticate/", 200, LOGIN, 200, 200),
    ("account_email", "GET"): ("/accounts/email/", 200, LOGIN, 200, 200),
    ("account_email", "POST"): ("/accounts/email/", AWAY, LOGIN, AWAY, AWAY),
    ("account_email_verification_sent", "GET"): ("/accounts/confirm-email/", 200, 200, 200, 200),
    ("account_confirm_email", "GET"): ("/accounts/confirm-email/not-a-key/", 200, 200, 200, 200),
    ("account_confirm_email", "POST"): ("/accounts/confirm-email/not-a-key/", 404, 404, 404, 404),
    ("account_confirm_login_code", "GET"): ("/accounts/login/code/confirm/", AWAY, AWAY, AWAY, AWAY),
    ("account_change_password", "GET"): ("/accounts/password/change/", 200, LOGIN, 200, 200),
    ("account_change_password", "POST"): ("/accounts/password/change/", 200, LOGIN, 200, 200),
    ("account_set_password", "GET"): ("/accounts/password/set/", AWAY, LOGIN, AWAY, AWAY),
    ("account_set_password", "POST"): ("/accounts/password/set/", AWAY, LOGIN, AWAY, AWAY),
    ("account_reset_password", "GET"): ("/accounts/password/reset/", 200, 200, 200, 200),
    ("account_reset_password", "POST"): ("/accounts/password/reset/", 200, 200, 200, 200),
    ("account_reset_password_done", "GET"): ("/accounts/password/reset/done/", 200, 200, 200, 200),
    ("account_reset_password_from_key", "GET"): ("/accounts/password/reset/key/a-b/", 200, 200, 200, 200),
    ("account_reset_password_from_key", "POST"): ("/accounts/password/reset/key/a-b/", 200, 200, 200, 200),
    ("account_reset_password_from_key_done", "GET"): ("/accounts/password/reset/key/done/", 200, 200, 200, 200),
    # Second factors. Whoever has none is asked for their password first; tests/webapp/accounts/test_mfa.py has some.
    ("mfa_index", "GET"): ("/accounts/2fa/", 200, LOGIN, 200, 200),
    ("mfa_authenticate", "GET"): ("/accounts/2fa/authenticate/", AWAY, AWAY, AWAY, AWAY),
    ("mfa_authenticate", "POST"): ("/accounts/2fa/authenticate/", AWAY, AWAY, AWAY, AWAY),
    ("mfa_reauthenticate", "GET"): ("/accounts/2fa/reauthenticate/", AWAY, LOGIN, AWAY, AWAY),
    ("mfa_reauthenticate", "POST"): ("/accounts/2fa/reauthenticate/", AWAY, LOGIN, AWAY, AWAY),
    ("mfa_activate_totp", "GET"): ("/accounts/2fa/totp/activate/", AWAY, LOGIN, AWAY, AWAY),
    ("mfa_activate_totp", "POST"): ("/accounts/2fa/totp/activate/", AWAY, LOGIN, AWAY, AWAY),
    ("mfa_deactivate_totp", "GET"): ("/accounts/2fa/totp/deactivate/", 404, LOGIN, 404, 404),
    ("mfa_deactivate_totp", "POST"): ("/accounts/2fa/totp/deactivate/", 404, LOGIN, 404, 404),
    ("mfa_view_recovery_codes", "GET"): ("/accounts/2fa/recovery-codes/", 404, LOGIN, 404, 404),
    ("mfa_download_recovery_codes", "GET"): ("/accounts/2fa/recovery-codes/download/", 404, LOGIN, 404, 404),
    ("mfa_generate_recovery_codes", "GET"): ("/accounts/2fa/recovery-codes/generate/", AWAY, LOGIN, AWAY, AWAY),
    ("mfa_generate_recovery_codes", "POST"): ("/accounts/2fa/recovery-codes/generate/", AWAY, LOGIN, AWAY, AWAY),
    ("mfa_list_webauthn", "GET"): ("/accounts/2fa/webauthn/", 200, LOGIN, 200, 200),
    ("mfa_add_webauthn", "GET"): ("/accounts/2fa/webauthn/add/", AWAY, LOGIN, AWAY, AWAY),
    ("mfa_add_webauthn", "POST"): ("/accounts/2fa/webauthn/add/", AWAY, LOGIN, AWAY, AWAY),
    ("mfa_reauthenticate_webauthn", "GET"): ("/accounts/2fa/webauthn/reauthenticate/", AWAY, LOGIN, AWAY, AWAY),
    ("mfa_reauthenticate_webauthn", "POST"): ("/accounts/2fa/webauthn/reauthenticate/", AWAY, LOGIN, AWAY, AWAY),
    ("mfa_remove_webauthn", "GET"): ("/accounts/2fa/webauthn/keys/1/remove/", AWAY, LOGIN, AWAY, AWAY),
    ("mfa_remove_webauthn", "POST"): ("/accounts/2fa/webauthn/keys/1/remove/", AWAY, LOGIN, AWAY, AWAY),
    ("mfa_edit_webauthn", "GET"): ("/accounts/2fa/webauthn/keys/1/edit/", AWAY, LOGIN, AWAY, AWAY),
    ("mfa_edit_webauthn", "POST"): ("/accounts/2fa/webauthn/keys/1/edit/", AWAY, LOGIN, AWAY, AWAY),
    ("mfa_login_webauthn", "GET"): ("/accounts/2fa/webauthn/login/", AWAY, AWAY, AWAY, AWAY),
    ("mfa_login_webauthn", "POST"): ("/accounts/2fa/webauthn/login/", AWAY, AWAY, AWAY, AWAY),
}  # fmt: skip


@dataclass(frozen=True)
class World:
    """A photo in an album with a link, and a browser for everyone who might come for it."""

    photo: Photo
    link: ShareLink
    clients: dict[str, Client]

    def address(self, path: str) -> str:
        entry = AlbumPhoto.objects.filter(photo=self.photo).values_list("pk", flat=True).first()
        album, link, token = self.link.album_id, self.link.pk, self.link.token
        session = UserSession.objects.filter(user=self.photo.owner).values_list("pk", flat=True).first()
        unsubscribe = unsubscribe_url(self.photo.owner_id).rstrip("/").rpartition("/")[2]
        names = {"album": album, "link": link, "token": token, "session": session, "unsubscribe": unsubscribe}
        return path.format(photo=self.photo.pk, entry=entry, **names)


@pytest.fixture
def world(aws: Any, db: None) -> World:
    owner = make_user()
    photo = make_photo(owner, batch=make_batch(owner), file_name="secret.jpg")
    put_record(aws.table, photo, labels=["Secret"])
    index([photo.pk])
    keep_renditions(aws, photo)
    link = make_link(make_album(owner, [photo], name="Holiday"))
    UserSession.objects.create(user=owner, session_key="elsewhere", ip="192.0.2.1", user_agent="Secret")
    people = {"anonymous": None, "owner": owner, "another": make_user(), "staff": make_staff()}
    return World(photo, link, {who: _browser(person) for who, person in people.items()})


def _browser(person: Any) -> Client:
    client = Client()
    if person is not None:
        client.force_login(person, backend="webapp.accounts.backends.ModelBackend")
    return client


def outcome(response: Any) -> int | str:
    if response.status_code != 302:
        return int(response.status_code)
    return LOGIN if "login/?next=" in response.headers["Location"] else AWAY


def addresses(patterns: Any = None, route: str = "", namespace: str = "") -> Iterator[tuple[str, str]]:
    """(name, route) of everything that the site answers."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        whole = f"{route}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            within = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from addresses(pattern.url_patterns, whole, within)
        else:
            yield f"{namespace}{pattern.name or ''}", whole


def test_every_address_is_in_the_matrix() -> None:
    known = {name for name, _method in MATRIX}
    assert {name for name, _route in addresses() if not name.startswith("admin:")} == known


@pytest.mark.parametrize(("name", "method"), MATRIX)
def test_everyone_gets_what_the_matrix_says(world: World, name: str, method: str) -> None:
    path, *expected = MATRIX[name, method]
    wanted, got = dict(zip(WHO, expected, strict=True)), {}
    for who in reversed(WHO):  # the owner last: what they ask for is done
        response = getattr(world.clients[who], method.lower())(world.address(path))
        got[who] = outcome(response)
        if who != "owner":
            shown = response.getvalue()
            assert b"ecret" not in shown, "nothing of the photo is shown to anybody else"
            assert b"X-Amz-Signature" not in shown
    assert got == wanted


@pytest.mark.parametrize(("name", "method"), MATRIX)
def test_nobody_keeps_a_copy_of_what_a_person_is_answered(world: World, name: str, method: str) -> None:
    path, *_ = MATRIX[name, method]
    response = getattr(world.clients["owner"], method.lower())(world.address(path))
    kept = response.headers.get("Cache-Control", "")
    assert response.status_code >= 300 or "private" in kept or "no-store" in kept


BY_LINK_ALONE = {"unsubscribe"}  # the link is the authority: mail programs send it, which know no page of ours


@pytest.mark.parametrize("name", [name for name, method in MATRIX if method == "POST" and name not in BY_LINK_ALONE])
def test_a_form_that_another_site_sends_is_refused(world: World, name: str) -> None:
    path, *_ = MATRIX[name, "POST"]
    for who, client in world.clients.items():
        client.handler.enforce_csrf_checks = True
        assert client.post(world.address(path)).status_code == 403, who
    assert Photo.objects.get().status == contract.Status.READY


# --- The admin: staff alone, whatever it is ---

ADMIN = sorted({(name, route) for name, route in addresses() if name.startswith("admin:")})
OF_EVERYBODY = {"admin:login", "admin:logout"}


def _path(route: str, photo: Photo) -> str:
    """An address that the route matches: of the photo, its owner, batch, album or link where it is about one."""
    if "albums/" in route:
        link = ShareLink.objects.get()
        route = route.replace("<path:object_id>", str(link.pk if "sharelink" in route else link.album_id))
    of = photo.owner.pk if "accounts/user" in route else photo.batch_id if "photos/batch" in route else photo.pk
    for wildcard in ("<path:object_id>", "<path:content_type_id>", "<id>"):
        route = route.replace(wildcard, str(of))
    return "/" + route.replace("^(?P<app_label>auth|account|accounts|photos|albums)/$", "photos/").replace(
        "(?P<url>.*)$", "x"
    )


@pytest.mark.parametrize(("name", "route"), [each for each in ADMIN if each[0] not in OF_EVERYBODY])
def test_the_admin_is_for_staff_alone(world: World, name: str, route: str) -> None:
    path = _path(route, world.photo)
    assert "<" not in path, f"say in _path() how to make an address of {route}"
    for who in ("anonymous", "owner", "another"):
        for method in ("get", "post"):
            response = getattr(world.clients[who], method)(path)
            assert outcome(response) in (LOGIN, 403), (who, method)
            assert b"ecret" not in response.content
    assert outcome(world.clients["staff"].get(path)) != LOGIN
    assert Photo.objects.get().status == contract.Status.READY


@pytest.mark.parametrize("who", WHO)
def test_a_presigned_address_is_made_for_owner_and_staff_alone(world: World, who: str) -> None:
    client = world.clients[who]
    pages = [client.get(path.format(world.photo.pk)) for path in ("/gallery/", "/photos/{}/", "/admin/photos/photo/")]
    signed = [b"X-Amz-Signature" in page.content for page in pages]
    assert signed == {"owner": [True, True, False], "staff": [False, False, True]}.get(who, [False] * 3)


# --- What is withheld: its owner, and reviewers in the review ---


def test_nothing_of_a_withheld_photo_is_reached_by_anybody_else_on_any_path(world: World) -> None:
    Case.objects.create(photo=world.photo, owner=world.photo.owner)
    Photo.objects.update(review=Review.QUARANTINED, cleared=False)
    operator = make_role(Role.OPERATOR)
    operator.user_permissions.set(Permission.objects.filter(content_type__app_label="photos"))
    others = {who: world.clients[who] for who in ("anonymous", "another", "staff")} | {"operator": _browser(operator)}
    paths = [world.address(path) for (_name, method), (path, *_) in MATRIX.items() if method == "GET"]
    paths += [_path(route, world.photo) for name, route in ADMIN if name.startswith("admin:photos_")]
    found = [
        (who, path)
        for path in paths
        for who, client in others.items()
        if any(secret in client.get(path).getvalue() for secret in (PICTURE, b"X-Amz-Signature"))
    ]
    assert found == [("staff", "/admin/review/")]
