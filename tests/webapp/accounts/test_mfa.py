"""Second factors: nobody gets in without one who has one, and no code is guessed or used twice."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.signals import authentication_failed
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from webapp.accounts.models import User

from .factories import PASSWORD, make_user
from .test_accounts import RESET, is_logged_in, link_in, log_in

pytestmark = pytest.mark.django_db
CODE, AGAIN, SECURITY = reverse("mfa_authenticate"), reverse("mfa_reauthenticate"), reverse("mfa_index")
SET_UP, TURN_OFF = reverse("mfa_activate_totp"), reverse("mfa_deactivate_totp")
PASSWORD_AGAIN, PASSKEY_LOGIN = reverse("account_reauthenticate"), reverse("mfa_login_webauthn")
ANA = "ana@example.org"
TRIES = 100


@pytest.fixture
def ana() -> User:
    return make_user(email=ANA)


@pytest.fixture
def secret(ana: User) -> str:
    """Of Ana's app; she has recovery codes as well."""
    made = generate_totp_secret()
    TOTP.activate(ana, made)
    RecoveryCodes.activate(ana)
    return made


@pytest.fixture
def clock() -> Iterator[Any]:
    """One that stands still, just after a code began."""
    with time_machine.travel(1_800_000_001, tick=False) as traveller:
        yield traveller


def code_of(secret: str, *, ago: int = 0) -> str:
    """What the app shows, or showed so many codes ago."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 - ago))


def recovery_codes(user: User) -> list[str]:
    codes: list[str] = Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()
    return codes


def after_password(address: str = "192.0.2.1") -> Client:
    """Somebody who knows Ana's password."""
    client = Client(REMOTE_ADDR=address)
    assert log_in(client, ANA).url == CODE
    return client


def enter(client: Client, code: str) -> bool:
    client.post(CODE, {"code": code})
    return is_logged_in(client)


# --- Getting in ------------------------------------------------------------------------------------------------------


def test_a_password_alone_lets_nobody_in_who_has_an_app(ana: User, secret: str, clock: Any) -> None:
    client = after_password()
    assert not is_logged_in(client)
    assert client.get("/gallery/").status_code == 302
    assert enter(client, code_of(secret))


def test_a_new_password_by_mail_lets_nobody_in_who_has_an_app(client: Client, ana: User, secret: str) -> None:
    client.post(RESET, {"email": ANA})
    form = client.get(link_in(mail.outbox[-1]), follow=True).redirect_chain[-1][0]
    new = "another horse battery staple"
    assert client.post(form, {"password1": new, "password2": new}).url == CODE
    assert not is_logged_in(client)


@pytest.mark.parametrize(("ago", "lets_in"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_a_code_of_a_clock_that_differs_by_half_a_minute_is_good(
    ana: User, secret: str, clock: Any, ago: int, lets_in: bool
) -> None:
    assert enter(after_password(), code_of(secret, ago=ago)) is lets_in


@pytest.mark.parametrize("seconds", [0, 20, 58])
def test_a_code_is_good_once_for_as_long_as_it_would_be_good(ana: User, secret: str, clock: Any, seconds: int) -> None:
    code = code_of(secret)
    assert enter(after_password(), code)
    clock.shift(timedelta(seconds=seconds))
    assert not enter(after_password(), code)
    assert not enter(after_password(), f" {code[:3]} {code[3:]} ")


def test_a_recovery_code_is_good_once(ana: User, secret: str) -> None:
    code, other, *_ = recovery_codes(ana)
    assert enter(after_password(), code)
    assert not enter(after_password(), code)
    assert code not in recovery_codes(ana)
    assert enter(after_password(), other)


def test_of_a_hundred_codes_guessed_with_the_password_known_ten_are_evaluated_in_an_hour(
    ana: User, secret: str
) -> None:
    evaluated: list[Any] = []

    def note(**_: Any) -> None:
        evaluated.append(1)

    authentication_failed.connect(note)
    with time_machine.travel(1_800_000_001, tick=False) as clock:
        for number in range(TRIES):
            clock.shift(timedelta(seconds=36))
            after_password(f"198.51.100.{number + 1}").post(CODE, {"code": f"{number:06}"})
        said = after_password("192.0.2.9").post(CODE, {"code": code_of(secret)}).content.decode()
    authentication_failed.disconnect(note)
    assert 0 < len(evaluated) <= 10
    assert "Too many tries. Try again in an hour." in said


# --- Passkeys; a browser has some in tests/browser/test_passkeys.py --------------------------------------------------


def b64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def assertion(user_handle: str, **changes: Any) -> str:
    """What a browser sends that was shown a passkey, but for a signature that fits."""
    data = json.dumps({"type": "webauthn.get", "challenge": "AAAA", "origin": "https://testserver"})
    response = {
        "clientDataJSON": b64(data),
        "authenticatorData": b64("\x01" * 37),
        "signature": b64("nonsense"),
        "userHandle": b64(user_handle),
    }
    whole = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": response, "clientExtensionResults": {}}
    return json.dumps(whole | changes)


def said_to_passkey(credential: str) -> str:
    client = Client()
    client.get(PASSKEY_LOGIN, headers={"accept": "application/json"})
    answer = client.post(PASSKEY_LOGIN, {"credential": credential}, follow=True)
    assert not is_logged_in(client)
    return re.sub(r'value="[\w-]{64}"|"x-csrftoken": "[^"]+"', "", answer.content.decode())


def test_a_passkey_says_the_same_whether_or_not_there_is_such_a_person(ana: User, secret: str) -> None:
    nobody = "0" * 8 + "-0000-4000-8000-" + "0" * 12
    known, unknown, nonsense = (said_to_passkey(assertion(who)) for who in (str(ana.pk), nobody, "nobody"))
    assert "This did not work." in known
    assert known == unknown == nonsense


@pytest.mark.parametrize("credential", ["", "{", "[]", "7", '{"id": 1}', '{"response": []}', assertion("x", rawId=7)])
def test_a_passkey_that_no_browser_sends_is_refused_without_an_error(credential: str) -> None:
    said_to_passkey(credential)


@pytest.mark.parametrize("credential", ["", "[]", "7", '{"response": []}', '{"id": "A", "rawId": "A", "response": {}}'])
def test_a_new_passkey_that_no_browser_sends_is_refused_without_an_error(ana: User, credential: str) -> None:
    client = Client()
    log_in(client, ANA)
    client.post(PASSWORD_AGAIN, {"password": PASSWORD})
    add = reverse("mfa_add_webauthn")
    client.get(add)
    answer = client.post(add, {"name": "Phone", "credential": credential})
    assert answer.status_code == 200
    assert "Please look at this again" in answer.content.decode()
    assert not Authenticator.objects.exists()


# --- Setting up, and taking off --------------------------------------------------------------------------------------


def set_up(client: Client) -> str:
    """Set up an app as a person does; its secret. Needs `committed`."""
    asked = client.get(SET_UP)
    client.post(asked.url, {"password": PASSWORD})
    page = client.get(SET_UP).content.decode()
    (secret,) = re.findall(r"<code[^>]*>([A-Z2-7 ]+)</code>", page)
    secret = secret.replace(" ", "")
    answer = client.post(SET_UP, {"code": code_of(secret)}, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("mfa_view_recovery_codes")
    return secret


def test_setting_up_an_app_asks_who_it_is_shows_recovery_codes_and_tells_the_person(
    client: Client, ana: User, committed: None
) -> None:
    log_in(client, ANA)
    assert client.get(SET_UP).url.startswith(PASSWORD_AGAIN)
    set_up(client)
    page = client.get(reverse("mfa_view_recovery_codes")).content.decode()
    assert all(code in page for code in recovery_codes(ana))
    assert mail.outbox[-1].subject == "Codes of an app were turned on for Shoebox"
    assert mail.outbox[-1].to == [ANA]
    assert f"http://testserver{SECURITY}" in str(mail.outbox[-1].body)


def test_nothing_that_lets_somebody_in_is_stored_in_the_clear(client: Client, ana: User, committed: None) -> None:
    log_in(client, ANA)
    secret = set_up(client)
    stored = [json.dumps(each.data) for each in Authenticator.objects.all()]
    assert len(stored) == 2
    assert secret not in "".join(stored)
    assert secret not in json.dumps(dict(client.session.items()))
    seed = Authenticator.objects.get(type="recovery_codes").data["seed"]
    assert re.fullmatch(r"[0-9a-f]{80}", get_adapter().decrypt(seed))


def test_a_password_does_not_take_off_an_app(ana: User, secret: str, clock: Any) -> None:
    client = after_password()
    enter(client, code_of(secret))
    for path in (TURN_OFF, reverse("mfa_view_recovery_codes"), reverse("mfa_add_webauthn")):
        assert client.get(path).url.startswith(AGAIN), path
    assert client.post(PASSWORD_AGAIN, {"password": PASSWORD}).url == AGAIN
    assert client.get(TURN_OFF).status_code == 302
    assert client.post(TURN_OFF).status_code == 302
    assert Authenticator.objects.filter(type="totp").exists()


def test_a_code_takes_off_the_app_with_its_recovery_codes_and_the_person_is_told(
    ana: User, secret: str, clock: Any
) -> None:
    client = after_password()
    enter(client, code_of(secret))
    clock.shift(timedelta(minutes=2))
    assert client.post(f"{AGAIN}?next={TURN_OFF}", {"code": code_of(secret), "next": TURN_OFF}).url == TURN_OFF
    client.post(TURN_OFF)
    assert not Authenticator.objects.exists()
    assert mail.outbox[-1].subject == "Codes of an app were turned off for Shoebox"
    assert log_in(Client(), ANA).url == "/"


def test_new_recovery_codes_end_the_old_ones_and_the_person_is_told(
    ana: User, secret: str, clock: Any, committed: None
) -> None:
    before = recovery_codes(ana)
    client = after_password()
    enter(client, before[0])
    client.post(AGAIN, {"code": before[1]})
    client.post(reverse("mfa_generate_recovery_codes"))
    assert not set(before) & set(recovery_codes(ana))
    assert mail.outbox[-1].subject == "New recovery codes for Shoebox"


def test_somebody_with_an_app_can_change_their_address(ana: User, secret: str, clock: Any) -> None:
    client = after_password()
    enter(client, code_of(secret))
    clock.shift(timedelta(minutes=2))
    client.post(AGAIN, {"code": code_of(secret)})
    client.post(reverse("account_email"), {"email": "new@example.org", "action_add": ""})
    assert sorted(message.to for message in mail.outbox) == [[ANA], ["new@example.org"]]


def test_nobody_sees_or_removes_a_passkey_of_somebody_else(ana: User) -> None:
    hers = Authenticator.objects.create(user=ana, type="webauthn", data={"name": "Secret", "credential": {}})
    make_user(email="ben@example.org")
    ben = Client()
    log_in(ben, "ben@example.org")
    ben.post(PASSWORD_AGAIN, {"password": PASSWORD})
    for name in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        assert ben.get(reverse(name, args=[hers.pk])).status_code == 404
        assert ben.post(reverse(name, args=[hers.pk]), {"name": "Mine"}).status_code == 404
    assert Authenticator.objects.get().data["name"] == "Secret"


# --- Staff -----------------------------------------------------------------------------------------------------------

ADMIN = ("/admin/", "/admin/photos/photo/", "/admin/accounts/user/add/", "/admin/nothing/")


@pytest.fixture
def staff(settings: Any) -> User:
    settings.STAFF_NEED_MFA = True
    return make_user(email=ANA, is_staff=True, is_superuser=True)


@pytest.mark.parametrize("path", ADMIN)
@pytest.mark.parametrize("method", ["get", "post"])
def test_staff_without_a_second_factor_are_led_to_setting_one_up(
    client: Client, staff: User, path: str, method: str
) -> None:
    log_in(client, ANA)
    assert getattr(client, method)(path).url == SECURITY
    assert "Staff pages are for people with a second factor." in client.get(SECURITY).content.decode()


def test_staff_who_set_one_up_are_let_in(client: Client, staff: User, committed: None) -> None:
    log_in(client, ANA)
    set_up(client)
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("path", ADMIN)
def test_staff_in_a_session_from_before_they_had_one_are_asked_for_it(
    client: Client, staff: User, clock: Any, path: str
) -> None:
    log_in(client, ANA)
    secret = generate_totp_secret()
    TOTP.activate(staff, secret)
    asked = client.get(path)
    assert asked.url == f"{AGAIN}?next={path.replace('/', '%2F')}"
    assert client.post(asked.url, {"code": "000000", "next": path}).status_code == 200
    assert client.get(path).status_code == 302
    assert client.post(asked.url, {"code": code_of(secret), "next": path}).url == path
    assert client.get(path).status_code in (200, 404)


def test_staff_who_log_in_with_a_code_are_let_in(staff: User, clock: Any) -> None:
    secret = generate_totp_secret()
    TOTP.activate(staff, secret)
    client = after_password()
    assert enter(client, code_of(secret))
    assert client.get("/admin/").status_code == 200


def test_staff_whose_second_factor_is_gone_are_led_to_setting_one_up_again(
    client: Client, staff: User, committed: None
) -> None:
    log_in(client, ANA)
    set_up(client)
    call_command("forget_second_factor", ANA)
    assert client.get("/admin/").url == SECURITY


def test_a_password_and_a_session_of_staff_add_no_second_passkey(client: Client, staff: User) -> None:
    log_in(client, ANA)
    TOTP.activate(staff, generate_totp_secret())
    add = reverse("mfa_add_webauthn")
    assert client.post(PASSWORD_AGAIN, {"password": PASSWORD}).url == AGAIN
    assert client.get(add).url.startswith(AGAIN)


def test_everybody_else_needs_none_and_is_answered_as_before(client: Client, ana: User, settings: Any) -> None:
    log_in(client, ANA)
    before = [each.get("/admin/").url for each in (client, Client())]
    settings.STAFF_NEED_MFA = True
    assert client.get("/gallery/").status_code == 200
    assert [each.get("/admin/").url for each in (client, Client())] == before


def test_it_is_asked_for_unless_it_is_said_otherwise() -> None:
    from webapp.settings import base

    assert base.STAFF_NEED_MFA is True


# --- Operators -------------------------------------------------------------------------------------------------------


def test_an_operator_takes_the_second_factors_off_somebody_who_lost_them(
    client: Client, ana: User, secret: str, capsys: Any
) -> None:
    call_command("forget_second_factor", "Ana@example.org")
    assert "Taken off: 1." in capsys.readouterr().out
    assert not Authenticator.objects.exists()
    assert mail.outbox[-1].subject == "Your second factors for Shoebox are gone"
    log_in(client, ANA)
    assert is_logged_in(client)


def test_an_operator_who_mistypes_the_address_is_told() -> None:
    with pytest.raises(CommandError, match=r"Nobody has an account with who@example\.org"):
        call_command("forget_second_factor", "who@example.org")


def test_codes_work_while_the_secret_key_is_changed_and_after_it(
    ana: User, secret: str, clock: Any, settings: Any
) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [settings.SECRET_KEY]
    assert enter(after_password(), code_of(secret))
    codes = recovery_codes(ana)
    call_command("encrypt_second_factors")
    settings.SECRET_KEY_FALLBACKS = []
    clock.shift(timedelta(minutes=2))
    assert enter(after_password(), code_of(secret))
    assert enter(after_password(), codes[0])


def test_with_a_secret_key_that_was_simply_replaced_codes_are_refused_without_an_error(
    ana: User, secret: str, clock: Any, settings: Any
) -> None:
    code = code_of(secret)
    settings.SECRET_KEY = "new"
    client = after_password()
    assert "This did not work." in client.post(CODE, {"code": code}).content.decode()
    assert not is_logged_in(client)
