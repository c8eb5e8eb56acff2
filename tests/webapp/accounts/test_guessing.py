"""Nobody guesses a password, and nobody finds out by words or by time who has an account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from celery.signals import task_prerun
from django.contrib.auth.signals import user_login_failed
from django.core import mail
from django.test import Client
from django.urls import reverse

from webapp.accounts.models import User

from . import hashers
from .factories import PASSWORD, make_user
from .test_accounts import EMAIL, LOGIN, RESET, is_logged_in, link_in, log_in, sign_up

pytestmark = pytest.mark.django_db
CHANGE, REAUTHENTICATE = reverse("account_change_password"), reverse("account_reauthenticate")
ANA, NOBODY = "ana@example.org", "nobody@example.org"
NEW = "another horse battery staple"
TRIES = 100


@pytest.fixture
def ana(settings: Any) -> User:
    settings.PASSWORD_HASHERS = ["tests.webapp.accounts.hashers.CountedHasher"]
    return make_user(email=ANA)


@pytest.fixture
def evaluated() -> Iterator[list[Any]]:
    """Every pair of address and password that was held against the accounts, and found wrong."""
    found: list[Any] = []

    def note(credentials: Any, **_: Any) -> None:
        found.append(credentials)

    user_login_failed.connect(note)
    yield found
    user_login_failed.disconnect(note)


def from_address(number: int) -> Client:
    return Client(REMOTE_ADDR=f"198.51.{number // 250}.{number % 250 + 1}")


def guess(tries: int = TRIES, email: Callable[[int], str] = lambda _n: ANA, *, addresses: int = 1) -> None:
    for number in range(tries):
        log_in(from_address(number % addresses), email(number), f"wrong guess number {number}")


# --- Guessing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("addresses", [1, TRIES])
def test_of_a_hundred_wrong_logins_ten_are_evaluated_at_most(ana: User, evaluated: list[Any], addresses: int) -> None:
    guess(addresses=addresses)
    assert 0 < len(evaluated) <= 10


def test_of_a_hundred_wrong_logins_within_an_hour_ten_are_evaluated_at_most(ana: User, evaluated: list[Any]) -> None:
    with time_machine.travel(0, tick=False) as clock:
        for number in range(TRIES):
            clock.shift(timedelta(seconds=36))
            log_in(from_address(number), ANA, f"wrong guess number {number}")
    assert 0 < len(evaluated) <= 10


def test_an_address_written_in_another_case_gets_no_more_tries(ana: User, evaluated: list[Any]) -> None:
    guess(
        32, email=lambda number: "".join(c.upper() if number >> at & 1 else c for at, c in enumerate(ANA)), addresses=50
    )
    assert 0 < len(evaluated) <= 10


def test_one_address_of_the_network_cannot_try_a_password_on_a_hundred_accounts(evaluated: list[Any]) -> None:
    guess(email=lambda number: f"person{number}@example.org")
    assert 0 < len(evaluated) <= 10


def test_while_somebody_guesses_the_owner_gets_in_by_a_reset(ana: User) -> None:
    guess(20, addresses=20)
    owner = Client(REMOTE_ADDR="192.0.2.77")
    log_in(owner, ANA)
    assert not is_logged_in(owner)

    owner.post(RESET, {"email": ANA})
    form = owner.get(link_in(mail.outbox[-1]), follow=True).redirect_chain[-1][0]
    guess(20, addresses=20)
    owner.post(form, {"password1": NEW, "password2": NEW})

    assert is_logged_in(owner)


def test_whoever_asks_for_resets_of_somebody_else_fills_no_inbox_and_leaves_them_a_link_that_works(ana: User) -> None:
    for number in range(TRIES):
        from_address(number).post(RESET, {"email": ANA})
    assert 0 < len(mail.outbox) <= 5

    owner = Client(REMOTE_ADDR="192.0.2.77")
    form = owner.get(link_in(mail.outbox[0]), follow=True).redirect_chain[-1][0]
    owner.post(form, {"password1": NEW, "password2": NEW})
    assert is_logged_in(owner)


def test_a_stolen_session_guesses_the_password_ten_times_at_most_on_each_form(client: Client, ana: User) -> None:
    client.force_login(ana, backend="webapp.accounts.backends.ModelBackend")
    hashers.done.clear()
    with time_machine.travel(0, tick=False) as clock:
        for number in range(TRIES):
            clock.shift(timedelta(seconds=2))
            client.post(CHANGE, {"oldpassword": f"wrong {number}", "password1": NEW, "password2": NEW})
    assert 0 < hashers.done["compared"] <= 10


def test_a_stolen_session_guesses_ten_times_at_most_where_it_is_asked_again(
    client: Client, ana: User, evaluated: list[Any]
) -> None:
    client.force_login(ana, backend="webapp.accounts.backends.ModelBackend")
    for number in range(TRIES):
        client.post(REAUTHENTICATE, {"password": f"wrong guess number {number}"})
    assert 0 < len(evaluated) <= 10


# --- Who has an account ----------------------------------------------------------------------------------------------


def words_of(response: Any) -> tuple[Any, ...]:
    """All that a browser is answered, but for what differs from one answer to the next."""
    text = response.content.decode()
    for address in (ANA, NOBODY):
        text = text.replace(address, "their address")
    lines = [line for line in text.splitlines() if "csrf" not in line.lower()]
    return response.status_code, response.headers.get("Location"), lines


@pytest.mark.parametrize("tries", [1, 12], ids=["once", "too often"])
@pytest.mark.parametrize(
    ("path", "form"),
    [
        (LOGIN, {"login": "{email}", "password": "not the password at all"}),
        (reverse("account_signup"), {"email": "{email}", "password1": PASSWORD}),
        (RESET, {"email": "{email}"}),
    ],
    ids=["login", "sign-up", "reset"],
)
def test_every_form_says_the_same_whether_or_not_there_is_an_account(
    ana: User, path: str, form: dict[str, str], tries: int
) -> None:
    said = []
    for at, email in enumerate((ANA, NOBODY)):
        client = from_address(at)
        for _ in range(tries):
            answer = client.post(path, {name: value.format(email=email) for name, value in form.items()})
        said.append(words_of(answer))
    assert said[0] == said[1]


def test_changing_to_the_address_of_somebody_else_says_the_same_as_to_a_free_one(ana: User) -> None:
    said = []
    for email in (ANA, NOBODY):
        client = from_address(len(said))
        client.force_login(make_user(email=f"me{len(said)}@example.org"))
        asked = client.post(EMAIL, {"email": email, "action_add": ""})
        client.post(asked.url, {"password": PASSWORD})
        said.append([line.replace("me0", "me1") for line in words_of(client.get(EMAIL))[-1]])
    assert said[0] == said[1]
    assert [message.subject for message in mail.outbox[:2]] == [message.subject for message in mail.outbox[2:]]


@pytest.fixture
def work(ana: User) -> Iterator[Callable[[Callable[[str], Any]], Counter[str]]]:
    """`work(ask)`: what the site does that takes a time one can measure, while it is asked: hashes, comparisons, tasks
    for the queue."""
    tasks: list[str] = []

    def note(sender: Any, **_: Any) -> None:
        tasks.append(sender.name)

    def done(ask: Callable[[], Any]) -> Counter[str]:
        hashers.done.clear()
        tasks.clear()
        ask()
        return Counter(effort=hashers.done["hashed"]) + Counter(tasks)

    task_prerun.connect(note)
    yield done  # type: ignore[misc]
    task_prerun.disconnect(note)


@pytest.mark.parametrize(
    "ask",
    [
        lambda client, email: log_in(client, email, "not the password at all"),
        sign_up,
        lambda client, email: client.post(RESET, {"email": email}),
    ],
    ids=["login", "sign-up", "reset"],
)
def test_every_form_takes_the_same_work_whether_or_not_there_is_an_account(work: Any, ask: Any) -> None:
    known = work(lambda: ask(from_address(1), ANA))
    unknown = work(lambda: ask(from_address(2), NOBODY))
    assert known
    assert known == unknown
