"""Logging in by a provider: only with what it says, and nobody takes over an account that is there."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
import pytest
import responses
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse
from environ import Env

from webapp.accounts.models import AddressChange, User
from webapp.settings.providers import providers

from .factories import PASSWORD, make_user
from .fake_oidc import CLIENT_ID, CLIENT_SECRET, FakeProvider, new_key
from .test_accounts import is_logged_in, log_in, sign_up

pytestmark = pytest.mark.django_db
ISSUER = "https://id.example.org"
START, BACK, CONNECTIONS = "/accounts/oidc/oidc/login/", "/accounts/oidc/oidc/login/callback/", "/accounts/3rdparty/"
VARIABLES = {
    "OIDC_NAME": "Example", "OIDC_SERVER_URL": ISSUER, "OIDC_CLIENT_ID": CLIENT_ID, "OIDC_CLIENT_SECRET": CLIENT_SECRET,
    "GOOGLE_CLIENT_ID": CLIENT_ID, "GOOGLE_CLIENT_SECRET": CLIENT_SECRET,
    "GITHUB_CLIENT_ID": CLIENT_ID, "GITHUB_CLIENT_SECRET": CLIENT_SECRET,
}  # fmt: skip
OF_PROVIDERS = (START, BACK, CONNECTIONS, "/accounts/google/login/", "/accounts/google/login/callback/",
                "/accounts/github/login/", "/accounts/github/login/callback/")  # fmt: skip
NEVER = ("/accounts/google/login/token/", "/accounts/3rdparty/signup/", "/accounts/social/signup/",
         "/accounts/social/connections/", "/accounts/oidc/another/login/")  # fmt: skip


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def provider(settings: Any, monkeypatch: pytest.MonkeyPatch, wire: responses.RequestsMock) -> FakeProvider:
    """One that is set up, as Google and GitHub are."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    settings.SOCIALACCOUNT_PROVIDERS = providers(Env())
    settings.ROOT_URLCONF = "tests.webapp.accounts.urls_with_providers"
    fake = FakeProvider(ISSUER)

    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        body = request.body or ""
        form = dict(parse_qsl(body.decode() if isinstance(body, bytes) else body))
        return 200, {"Content-Type": "application/json"}, json.dumps(fake.answer(urlsplit(request.url).path, form))

    for method in (responses.GET, responses.POST):
        wire.add_callback(method, re.compile(rf"{ISSUER}/.*"), answer)
    return fake


def start(client: Client, path: str = START, **query: str) -> str:
    """Press the button; the address at the provider that the page leads to."""
    page = client.post(f"{path}?{'&'.join(f'{name}={value}' for name, value in query.items())}")
    assert page.status_code == 200
    (to,) = re.findall(r'content="0;url=([^"]+)"', page.content.decode())
    return html.unescape(to)


def come_back(client: Client, provider: FakeProvider, **query: str) -> Any:
    """Press the button, be known there, and come back."""
    return client.get(provider.authorize(urlsplit(start(client, **query)).query))


def says(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


# --- Whether it is there ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*OF_PROVIDERS, *NEVER])
def test_where_no_variable_is_set_nothing_of_it_is_there(client: Client, path: str) -> None:
    assert client.get(path).status_code == client.post(path).status_code == 404


@pytest.mark.parametrize("path", NEVER)
def test_of_what_allauth_has_only_what_is_used_is_there(client: Client, provider: FakeProvider, path: str) -> None:
    assert client.get(path).status_code == client.post(path).status_code == 404


def test_a_button_is_there_for_each_that_is_set_up_and_for_no_other(client: Client, settings: Any) -> None:
    login, signup = reverse("account_login"), reverse("account_signup")
    assert not any("Go on with" in says(client.get(path)) for path in (login, signup))


def test_buttons_of_all_that_are_set_up(client: Client, provider: FakeProvider) -> None:
    for path in (reverse("account_login"), reverse("account_signup")):
        assert sorted(re.findall(r"Go on with (\w+)", says(client.get(path)))) == ["Example", "GitHub", "Google"]


def test_half_of_the_variables_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIDC_CLIENT_ID", "shoebox")
    with pytest.raises(ImproperlyConfigured, match="OIDC_CLIENT_SECRET, OIDC_SERVER_URL, OIDC_NAME"):
        providers(Env())


# --- The way there ---------------------------------------------------------------------------------------------------


def test_a_button_leads_there_by_a_page_with_pkce_a_nonce_and_the_least_that_is_needed(
    client: Client, provider: FakeProvider
) -> None:
    to = urlsplit(start(client))
    query = {name: values[0] for name, values in parse_qs(to.query).items()}
    assert f"{to.scheme}://{to.netloc}{to.path}" == f"{ISSUER}/authorize"
    assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
    assert set(query["scope"].split()) == {"openid", "email"}
    assert len(query["code_challenge"]) == 43
    assert query["nonce"]
    assert query["redirect_uri"] == f"http://testserver{BACK}"


@pytest.mark.parametrize("name", ["google", "github"])
def test_google_and_github_are_asked_with_pkce_too(client: Client, provider: FakeProvider, name: str) -> None:
    to = start(client, f"/accounts/{name}/login/")
    assert to.startswith(("https://accounts.google.com/", "https://github.com/"))
    assert "code_challenge_method=S256" in to


def test_a_link_alone_leads_nobody_there(client: Client, provider: FakeProvider) -> None:
    page = client.get(START)
    assert "Example asks you who you are" in says(page)
    assert ISSUER not in page.content.decode()


@pytest.mark.parametrize("query", ["scope=all", "auth_params=redirect_uri%3Dhttps%3A%2F%2Fevil", "process=redirect"])
def test_an_address_does_not_say_what_a_provider_is_asked_for(
    client: Client, provider: FakeProvider, query: str
) -> None:
    assert client.post(f"{START}?{query}").status_code == 404


# --- Coming back -----------------------------------------------------------------------------------------------------


def test_a_new_person_is_let_in_by_their_verified_address_and_the_pipeline_is_to_know_it(
    client: Client, provider: FakeProvider
) -> None:
    come_back(client, provider)
    assert is_logged_in(client)
    user = User.objects.get()
    assert user.email == "kim@example.org"
    assert not user.has_usable_password()
    address = EmailAddress.objects.get()
    assert (address.email, address.verified, address.primary) == ("kim@example.org", True, True)
    assert user.preferences.is_waiting
    assert user.preferences.as_record().email == "kim@example.org"


def test_little_is_kept_of_what_a_provider_tells(client: Client, provider: FakeProvider) -> None:
    provider.userinfo |= {"birthdate": "1970-01-01", "picture": "https://example.org/kim.jpg"}
    come_back(client, provider)
    come_back(Client(), provider)
    assert SocialAccount.objects.get().extra_data == {"name": "Kim@example.org"}
    assert not SocialToken.objects.exists()


def test_whoever_came_by_a_provider_comes_back_by_it_and_to_the_page_they_wanted(provider: FakeProvider) -> None:
    come_back(Client(), provider)
    again = Client()
    assert come_back(again, provider, next="/upload/").url == "/upload/"
    assert is_logged_in(again)
    assert User.objects.count() == 1


def test_a_provider_leads_nobody_to_another_site(provider: FakeProvider) -> None:
    assert come_back(Client(), provider, next="https://evil.example.org/").url == "/"


@pytest.mark.parametrize("change", ["", "x", "missing", "of somebody else", "used"])
def test_with_another_state_nobody_is_let_in(client: Client, provider: FakeProvider, change: str) -> None:
    back = provider.authorize(urlsplit(start(client)).query)
    if change == "of somebody else":
        client = Client()
    elif change == "missing":
        back = back.partition("&state=")[0]
    elif change == "used":
        client.get(back)
        client.post(reverse("account_logout"))
    else:
        back = re.sub("state=.*", f"state={change}", back)
    assert client.get(back).status_code == 401
    assert not is_logged_in(client)


OTHER_KEY = new_key()
WRONG: dict[str, dict[str, Any]] = {
    "another nonce": {"claims": {"nonce": "of another login"}},
    "no nonce": {"claims": {"nonce": None}},
    "another key": {"signed_with": {"key": OTHER_KEY}},
    "a key that it has not": {"signed_with": {"headers": {"kid": "second"}}},
    "no signature": {"signed_with": {"key": None, "algorithm": "none"}},
    "a secret for a key": {"signed_with": {"key": CLIENT_SECRET * 4, "algorithm": "HS256"}},
    "for another site": {"claims": {"aud": "another"}},
    "from another provider": {"claims": {"iss": "https://evil.example.org"}},
    "too old": {"claims": {"exp": 1_000_000_000}},
    "about nobody": {"claims": {"sub": None}},
    "about two people": {"claims": {"sub": "kim-2"}},
    "nothing": {"token": {"id_token": ""}},
    "no token at all": {"token": {"id_token": "nonsense"}},
    "no access": {"token": {"access_token": "", "id_token": ""}},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_with_a_token_that_is_not_good_nobody_is_let_in(client: Client, provider: FakeProvider, wrong: str) -> None:
    for name, value in WRONG[wrong].items():
        setattr(provider, name, value)
    answer = come_back(client, provider)
    assert answer.status_code == 401
    assert "This did not work" in says(answer)
    assert not is_logged_in(client)
    assert not User.objects.exists()


def test_a_provider_that_does_not_answer_is_said(client: Client, provider: FakeProvider, wire: Any) -> None:
    back = provider.authorize(urlsplit(start(client)).query)
    wire.reset()  # what is asked from now on finds nobody
    assert client.get(back).status_code == 401


def test_a_provider_that_is_down_when_the_button_is_pressed_is_said(
    client: Client, provider: FakeProvider, wire: Any
) -> None:
    wire.reset()
    answer = client.post(START)
    assert answer.status_code == 401
    assert "This did not work" in says(answer)


def test_whoever_says_no_at_the_provider_is_told_that_nothing_was_done(client: Client, provider: FakeProvider) -> None:
    back = provider.authorize(urlsplit(start(client)).query).replace("code=", "error=access_denied&x=")
    assert "Nothing was done" in says(client.get(back, follow=True))


@pytest.mark.parametrize("verified", [False, "false", None, 0])
def test_an_address_that_the_provider_does_not_know_to_be_theirs_lets_nobody_in(
    client: Client, provider: FakeProvider, verified: Any
) -> None:
    provider.userinfo["email_verified"] = verified
    answer = come_back(client, provider)
    assert answer.status_code == 403
    assert "Example does not know a mail address to be yours." in says(answer)
    assert not User.objects.exists()
    assert not mail.outbox


def test_an_account_that_is_there_is_not_taken_over_and_its_owner_is_told(provider: FakeProvider) -> None:
    kim = make_user(email="kim@example.org")
    client, stranger = Client(), Client(REMOTE_ADDR="192.0.2.9")
    answer = come_back(client, provider)
    assert not is_logged_in(client)
    assert not SocialAccount.objects.exists()
    assert kim.check_password(PASSWORD)
    assert answer.url == sign_up(stranger, "nobody@example.org").url
    assert [message.to for message in mail.outbox] == [["kim@example.org"], ["nobody@example.org"]]
    assert "You have an account already" in str(mail.outbox[0].body)
    assert "connect it under Settings, Security" in str(mail.outbox[0].body)


def test_whoever_has_an_app_is_asked_for_its_code_behind_a_provider_too(provider: FakeProvider) -> None:
    come_back(Client(), provider)
    TOTP.activate(User.objects.get(), generate_totp_secret())
    client = Client()
    assert come_back(client, provider).url == reverse("mfa_authenticate")
    assert not is_logged_in(client)


def test_an_account_that_staff_turned_off_is_not_opened_by_a_provider(provider: FakeProvider) -> None:
    come_back(Client(), provider)
    User.objects.update(is_active=False)
    client = Client()
    assert come_back(client, provider).url == reverse("account_inactive")
    assert not is_logged_in(client)


def test_github_lets_in_by_the_primary_one_of_the_verified_addresses(
    client: Client, provider: FakeProvider, wire: responses.RequestsMock
) -> None:
    wire.post("https://github.com/login/oauth/access_token", json={"access_token": "access"})
    wire.get("https://api.github.com/user", json={"id": 7, "login": "kim", "email": "shown@example.org"})
    addresses = [("old@example.org", False, True), ("kim@example.org", True, True), ("new@example.org", False, False)]
    told = [{"email": email, "primary": primary, "verified": verified} for email, primary, verified in addresses]
    wire.get("https://api.github.com/user/emails", json=told)
    to = start(client, "/accounts/github/login/")
    client.get("/accounts/github/login/callback/", {"code": "1", "state": parse_qs(urlsplit(to).query)["state"][0]})
    assert is_logged_in(client)
    assert [each.email for each in EmailAddress.objects.all()] == ["kim@example.org"]
    assert User.objects.get().email == "kim@example.org"


def test_google_lets_in_by_a_verified_address(
    client: Client, provider: FakeProvider, wire: responses.RequestsMock
) -> None:
    claims = {"iss": "https://accounts.google.com", "sub": "7", "aud": CLIENT_ID, "exp": 4_000_000_000}
    claims |= {"email": "kim@example.org", "email_verified": True}
    token = jwt.encode(claims, new_key(), algorithm="RS256")
    wire.post("https://oauth2.googleapis.com/token", json={"access_token": "access", "id_token": token})
    to = start(client, "/accounts/google/login/")
    client.get("/accounts/google/login/callback/", {"code": "1", "state": parse_qs(urlsplit(to).query)["state"][0]})
    assert is_logged_in(client)
    assert User.objects.get().email == "kim@example.org"


# --- Connecting ------------------------------------------------------------------------------------------------------


@pytest.fixture
def ana() -> Client:
    """Logged in by password, and asked for it once more."""
    make_user(email="ana@example.org")
    client = Client()
    log_in(client, "ana@example.org")
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


def test_an_account_elsewhere_is_connected_and_lets_in_from_then_on(ana: Client, provider: FakeProvider) -> None:
    assert "You have connected none." in says(ana.get(CONNECTIONS))
    assert come_back(ana, provider, process="connect").url == CONNECTIONS
    page = says(ana.get(CONNECTIONS))
    assert "The account is connected." in page
    assert "Kim@example.org" in page
    assert [(message.subject, message.to) for message in mail.outbox] == [
        ("A way to log in was added to Shoebox", ["ana@example.org"])
    ]
    assert f"http://testserver{CONNECTIONS}" in str(mail.outbox[0].body)
    assert [each.email for each in EmailAddress.objects.all()] == ["ana@example.org"]
    other = Client()
    come_back(other, provider)
    assert other.session["_auth_user_id"] == str(User.objects.get().pk)


def test_a_provider_does_not_agree_to_a_change_of_address_for_a_mailbox(ana: Client, provider: FakeProvider) -> None:
    come_back(ana, provider, process="connect")
    ana.post(reverse("account_email"), {"email": "kim@example.org", "action_add": ""})
    for client in (ana, Client()):  # as who it knows, and it says that kim@example.org is verified
        come_back(client, provider)
        come_back(client, provider, process="connect")
    user = User.objects.get()
    assert user.email == "ana@example.org"
    change = AddressChange.objects.get(address__user=user)
    assert (change.address.verified, change.old_agreed_at, change.new_agreed_at) == (False, None, None)


def test_an_address_that_somebody_else_is_only_to_have_is_free_for_whom_the_provider_knows_by_it(
    ana: Client, provider: FakeProvider
) -> None:
    ana.post(reverse("account_email"), {"email": "kim@example.org", "action_add": ""})
    client = Client()
    come_back(client, provider)
    kim = User.objects.get(email="kim@example.org")
    assert client.session["_auth_user_id"] == str(kim.pk)
    assert EmailAddress.objects.get(email="kim@example.org").user == kim
    assert not AddressChange.objects.exists()


def test_connecting_asks_for_the_password_again(provider: FakeProvider) -> None:
    make_user(email="ana@example.org")
    client = Client()
    log_in(client, "ana@example.org")
    assert come_back(client, provider, process="connect").url == reverse("account_reauthenticate")
    assert not SocialAccount.objects.exists()
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert SocialAccount.objects.get().user.email == "ana@example.org"


def test_an_account_elsewhere_of_another_person_is_not_connected(ana: Client, provider: FakeProvider) -> None:
    come_back(Client(), provider)
    come_back(ana, provider, process="connect")
    assert "that account belongs to another person here" in says(ana.get(CONNECTIONS))
    assert SocialAccount.objects.get().user.email == "kim@example.org"


def test_an_account_elsewhere_is_disconnected_and_lets_nobody_in_from_then_on(
    ana: Client, provider: FakeProvider
) -> None:
    come_back(ana, provider, process="connect")
    ana.post(CONNECTIONS, {"account": SocialAccount.objects.get().pk})
    assert not SocialAccount.objects.exists()
    assert mail.outbox[-1].subject == "A way to log in was removed from Shoebox"


def test_the_last_way_in_is_kept_until_there_is_a_password(provider: FakeProvider) -> None:
    client = Client()
    come_back(client, provider)
    account = SocialAccount.objects.get()
    answer = client.post(CONNECTIONS, {"account": account.pk})
    assert "It is your only way in. Set a password first" in says(answer)
    assert SocialAccount.objects.exists()

    form = reverse("account_set_password")
    assert client.get(reverse("account_change_password")).url == form
    client.post(form, {"password1": PASSWORD, "password2": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    client.post(CONNECTIONS, {"account": account.pk})
    assert not SocialAccount.objects.exists()
    other = Client()
    log_in(other, "kim@example.org")
    assert is_logged_in(other)


def test_nobody_disconnects_an_account_of_somebody_else(ana: Client, provider: FakeProvider) -> None:
    come_back(Client(), provider)
    assert ana.post(CONNECTIONS, {"account": SocialAccount.objects.get().pk}).status_code == 200
    assert SocialAccount.objects.exists()


@pytest.mark.parametrize("path", OF_PROVIDERS)
def test_what_a_stranger_gets_of_each_address(client: Client, provider: FakeProvider, path: str) -> None:
    client.handler.enforce_csrf_checks = True
    assert client.post(path).status_code == 403
    got = client.get(path)
    assert got.status_code == {CONNECTIONS: 302}.get(path, 401 if path.endswith("callback/") else 200)
    assert got.status_code != 302 or "login/?next=" in got.headers["Location"]
