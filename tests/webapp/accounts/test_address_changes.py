"""A change of the mail address: nothing happens before the new mailbox and the old one have agreed."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from allauth.account import app_settings
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client
from django.urls import reverse

from pipeline_lambdas.photo_pipeline import contract
from tests.webapp.review.test_queue import on_disk
from webapp.accounts import address_changes
from webapp.accounts.models import AddressChange, User

from .factories import PASSWORD, make_user
from .test_accounts import EMAIL, RESET, is_logged_in, link_in, log_in, sign_up
from .test_mfa import code_of

pytestmark = pytest.mark.django_db
OLD, NEW, OTHER = "old@example.org", "new@example.org", "other@example.org"
BY_FACTOR, CODE_AGAIN = reverse("settings_agree_by_second_factor"), reverse("mfa_reauthenticate")
LINK = re.compile(r"/settings/email/agree/\S+")


@pytest.fixture
def kim() -> User:
    return make_user(email=OLD)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(1_800_000_001, tick=False) as traveller:
        yield traveller


@pytest.fixture
def at_home(kim: User) -> Client:
    """Where Kim is logged in, and was asked for the password just now."""
    client = Client()
    log_in(client, OLD)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


def ask(client: Client, new: str = NEW) -> None:
    client.post(EMAIL, {"email": new, "action_add": ""})


def to_old() -> str:
    """The link by which the old mailbox agrees, in the last mail there."""
    return next(
        found[0] for each in reversed(mail.outbox) if each.to == [OLD] and (found := LINK.search(str(each.body)))
    )


def to_new(new: str = NEW) -> str:
    return next(link_in(each) for each in reversed(mail.outbox) if each.to == [new])


def address_of(user: User) -> str:
    user.refresh_from_db()
    return user.email


def says(response: Any) -> str:
    return " ".join(response.content.decode().split())


# --- Both agree ------------------------------------------------------------------------------------------------------


def test_the_new_mailbox_first_and_the_old_one_then(
    aws: Any, at_home: Client, client: Client, kim: User, committed: None
) -> None:
    ask(at_home)
    answer = client.post(to_new())
    assert "The address changes once the old mailbox agrees as well" in says(answer)
    assert OLD not in says(answer), "whoever has the new mailbox may be somebody else"
    assert address_of(kim) == OLD
    page = says(at_home.get(EMAIL))
    assert f'Done: <span class="address">{NEW}<' in page
    assert f'Waiting: <span class="address">{OLD}<' in page

    client.post(to_old())

    assert address_of(kim) == NEW
    assert [(each.email, each.verified, each.primary) for each in EmailAddress.objects.all()] == [(NEW, True, True)]
    assert (mail.outbox[-1].to, mail.outbox[-1].subject) == ([OLD], "Your Shoebox mail address was changed")
    assert aws.table.get_item(Key=contract.preferences_item_key(str(kim.pk)))["Item"]["email"] == NEW
    assert not AddressChange.objects.exists()


def test_the_old_mailbox_first_and_the_new_one_then(at_home: Client, client: Client, kim: User) -> None:
    ask(at_home)
    assert NEW in says(client.post(to_old()))
    assert address_of(kim) == OLD
    page = says(at_home.get(EMAIL))
    assert f'Done: <span class="address">{OLD}<' in page
    assert f'Waiting: <span class="address">{NEW}<' in page
    client.post(to_new())
    assert address_of(kim) == NEW


@pytest.mark.parametrize("link", [to_new, to_old])
def test_one_mailbox_alone_changes_nothing_however_often_it_agrees(
    at_home: Client, client: Client, kim: User, link: Any
) -> None:
    ask(at_home)
    for _ in range(3):
        assert client.post(link()).status_code == 200
    at_home.post(EMAIL, {"email": NEW, "action_primary": ""})
    at_home.post(EMAIL, {"email": OLD, "action_remove": ""})
    assert address_of(kim) == OLD
    assert EmailAddress.objects.get(email=OLD).verified
    assert not EmailAddress.objects.get(email=NEW).verified


def test_programs_that_open_every_link_in_both_mailboxes_change_nothing(
    at_home: Client, client: Client, kim: User
) -> None:
    ask(at_home)
    assert "Change the address?" in says(client.get(to_old()))
    client.get(to_new())
    change = AddressChange.objects.get()
    assert (change.old_agreed_at, change.new_agreed_at, address_of(kim)) == (None, None, OLD)


def test_both_are_told_how_long_they_have(at_home: Client) -> None:
    ask(at_home)
    (new,), (old,) = ([str(each.body) for each in mail.outbox if each.to == [to]] for to in (NEW, OLD))
    assert "within 3 days" in old
    assert "for three days" in new
    assert AddressChange.LIVES.days == app_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS == 3


def test_the_page_and_both_mails_speak_german(at_home: Client) -> None:
    at_home.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    ask(at_home)
    (new,), (old,) = ([str(each.body) for each in mail.outbox if each.to == [to]] for to in (NEW, OLD))
    assert "Auch die bisherige Adresse des Kontos muss zustimmen" in new
    assert "innerhalb von 3 Tagen" in old
    assert "Ja, ändern:" in old
    assert "Bestätige in beiden Postfächern" in says(at_home.get(EMAIL))
    assert "Adresse ändern?" in says(at_home.get(to_old()))


def test_a_new_person_s_first_address_needs_no_other(client: Client) -> None:
    user = make_user(email=NEW, verified=False)
    log_in(client, NEW)
    client.post(to_new())
    assert user.emailaddress_set.get().verified


# --- One consent is for one change -----------------------------------------------------------------------------------


def test_a_change_that_nobody_finished_lapses(at_home: Client, client: Client, kim: User) -> None:
    with time_machine.travel(timedelta(days=-3, minutes=-1)):
        ask(at_home)
        client.post(to_new())
    assert client.get(to_old()).status_code == client.post(to_old()).status_code == 404
    assert address_of(kim) == OLD
    address_changes.forget_outlived()
    assert EmailAddress.objects.filter(email=NEW).exists(), "somebody may be agreeing in the last moment"
    with time_machine.travel(timedelta(hours=1)):
        address_changes.forget_outlived()
    assert [each.email for each in EmailAddress.objects.all()] == [OLD]


def test_an_address_that_a_new_person_has_yet_to_confirm_does_not_lapse() -> None:
    with time_machine.travel(timedelta(days=-30)):
        make_user(email=NEW, verified=False)
    address_changes.forget_outlived()
    assert EmailAddress.objects.filter(email=NEW).exists()


def test_consent_to_one_address_is_none_to_the_next(at_home: Client, client: Client, kim: User) -> None:
    ask(at_home)
    first = to_old()
    client.post(first)
    ask(at_home, OTHER)
    assert client.post(first).status_code == 404
    client.post(to_new(OTHER))
    assert address_of(kim) == OLD
    client.post(to_old())
    assert address_of(kim) == OTHER


def test_consent_from_before_a_new_password_counts_no_more(at_home: Client, client: Client, kim: User) -> None:
    ask(at_home)
    client.post(to_old())
    kim.set_password("three quiet violets")
    kim.save()
    assert client.post(to_new()).status_code == 404
    assert client.get(to_old()).status_code == 404
    assert address_of(kim) == OLD
    log_in(at_home, OLD, "three quiet violets")
    assert "Send the mails again, or keep the old address." in says(at_home.get(EMAIL))


def test_a_change_that_is_done_is_not_done_once_more(at_home: Client, client: Client, kim: User) -> None:
    ask(at_home)
    links = [to_old(), to_new()]
    for link in links:
        client.post(link)
    ask(at_home, OLD)
    assert [client.post(link).status_code for link in links] == [404, 404]
    assert address_of(kim) == NEW


def test_a_link_of_one_person_does_nothing_for_another(at_home: Client, kim: User) -> None:
    ben, his = make_user(email="ben@example.org"), Client()
    log_in(his, "ben@example.org")
    his.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    ask(at_home)
    ask(his, "ben2@example.org")
    his.post(to_old())
    assert [address_of(each) for each in (kim, ben)] == [OLD, "ben@example.org"]
    change = AddressChange.objects.get(address__user=ben)
    assert (change.old_agreed_at, change.new_agreed_at) == (None, None)
    assert his.post(f"{to_old()[:-4]}abc/").status_code == 404


def test_a_change_that_is_cancelled_cannot_be_agreed_to(at_home: Client, client: Client, kim: User) -> None:
    ask(at_home)
    links = [to_old(), to_new()]
    at_home.post(EMAIL, {"email": NEW, "action_remove": ""})
    assert [client.post(link).status_code for link in links] == [404, 404]
    assert address_of(kim) == OLD
    assert not EmailAddress.objects.filter(email=NEW).exists()


def test_who_asks_again_so_soon_that_no_mail_goes_out_is_told_what_to_do(
    clock: Any, at_home: Client, client: Client, kim: User, committed: None
) -> None:
    ask(at_home)
    before = to_new()
    at_home.post(EMAIL, {"email": NEW, "action_remove": ""})
    ask(at_home)
    assert client.post(before).status_code == 404
    assert "Wait three minutes, then send both mails again." in says(at_home.get(EMAIL))
    clock.shift(timedelta(minutes=3, seconds=1))
    at_home.post(EMAIL, {"email": NEW, "action_send": ""})
    client.post(to_new())
    client.post(to_old())
    assert address_of(kim) == NEW


def test_both_are_written_to_again_and_who_agreed_has(at_home: Client, client: Client, kim: User) -> None:
    ask(at_home)
    client.post(to_old())
    mail.outbox.clear()
    with time_machine.travel(timedelta(days=2)):
        at_home.post(EMAIL, {"email": NEW, "action_send": ""})
    assert sorted(each.to for each in mail.outbox) == [[NEW], [OLD]]
    with time_machine.travel(timedelta(days=4)):
        client.post(to_new())
    assert address_of(kim) == NEW


# --- An address that somebody has ------------------------------------------------------------------------------------


def test_nobody_learns_that_the_new_address_has_an_account(clock: Any, at_home: Client, client: Client) -> None:
    make_user(email=OTHER)
    pages = []
    for new in (NEW, OTHER):
        ask(at_home, new)
        client.post(to_old())
        pages.append(says(at_home.get(EMAIL)).replace(new, "them"))
    first, second = (re.sub(r"\b\w{64}\b", "a token against CSRF", page) for page in pages)
    assert first == second


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_an_address_that_somebody_has_by_now_stays_theirs(
    at_home: Client, client: Client, kim: User, is_confirmed: bool
) -> None:
    ask(at_home)
    client.post(to_new())
    if is_confirmed:
        make_user(email=NEW)
    else:
        User.objects.create_user(NEW)  # invited, and has never logged in
    answer = client.post(to_old())
    assert (answer.status_code, address_of(kim)) == (409, OLD)
    assert "belongs to another account already" in says(answer)
    assert EmailAddress.objects.get(user=kim, verified=True).email == OLD


def test_an_address_that_an_account_is_only_to_have_resets_no_password(at_home: Client, client: Client) -> None:
    ask(at_home)
    mail.outbox.clear()
    client.post(RESET, {"email": NEW})
    assert not mail.outbox


def test_an_address_that_an_account_is_only_to_have_is_free_for_whoever_reads_its_mailbox(
    at_home: Client, client: Client, kim: User
) -> None:
    ask(at_home)
    client.post(to_old())
    of_change = to_new()
    sign_up(client, NEW)
    newcomer = User.objects.get(email=NEW)
    confirmation = EmailConfirmationHMAC(EmailAddress.objects.get(user=newcomer))
    client.post(reverse("account_confirm_email", args=[confirmation.key]))
    assert EmailAddress.objects.get(email=NEW, verified=True).user == newcomer
    assert (client.post(of_change).status_code, address_of(kim)) == (409, OLD)


# --- The old mailbox is lost -----------------------------------------------------------------------------------------


@pytest.fixture
def secret(kim: User, clock: Any) -> str:
    """Of the app that Kim has had for a week."""
    made = generate_totp_secret()
    clock.shift(timedelta(days=-7))
    TOTP.activate(kim, made)
    clock.shift(timedelta(days=7))
    return made


@pytest.fixture
def with_app(kim: User, secret: str, clock: Any) -> Client:
    """Logged in with the app, which was asked for once more before the change was asked for."""
    client = Client()
    log_in(client, OLD)
    client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    show_app(client, secret, clock)
    clock.shift(timedelta(seconds=1))
    ask(client)
    clock.shift(timedelta(seconds=1))
    return client


def show_app(client: Client, secret: str, clock: Any) -> Any:
    clock.shift(timedelta(minutes=2))  # a code works once
    return client.post(f"{CODE_AGAIN}?next={BY_FACTOR}", {"code": code_of(secret), "next": BY_FACTOR})


def test_a_second_factor_agrees_in_place_of_the_old_mailbox_which_takes_the_change_back(
    aws: Any, with_app: Client, client: Client, kim: User, secret: str, clock: Any, committed: None
) -> None:
    client.post(to_new())
    assert BY_FACTOR in says(with_app.get(EMAIL))
    assert with_app.post(BY_FACTOR).url.startswith(CODE_AGAIN), "what was shown before the change does not count"
    assert show_app(with_app, secret, clock).url == BY_FACTOR
    assert "Change the address?" in says(with_app.get(BY_FACTOR))
    assert address_of(kim) == OLD

    with_app.post(BY_FACTOR)

    assert address_of(kim) == NEW
    told = mail.outbox[-1]
    assert told.to == [OLD]
    clock.shift(timedelta(days=6))
    stop = re.search(r"/settings/email/stop/\S+", str(told.body))
    assert stop
    client.post(stop[0])
    assert address_of(kim) == OLD


def test_a_second_factor_is_to_be_shown_within_minutes(
    with_app: Client, client: Client, kim: User, secret: str, clock: Any
) -> None:
    client.post(to_new())
    show_app(with_app, secret, clock)
    clock.shift(timedelta(minutes=6))
    assert with_app.post(BY_FACTOR).url.startswith(CODE_AGAIN)
    assert address_of(kim) == OLD


def test_a_password_does_not_stand_in_for_a_second_factor(with_app: Client, client: Client, kim: User) -> None:
    client.post(to_new())
    with_app.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert with_app.post(BY_FACTOR).url.startswith(CODE_AGAIN)
    assert address_of(kim) == OLD


def test_a_second_factor_that_was_set_up_for_it_does_not_count(
    clock: Any, at_home: Client, client: Client, kim: User
) -> None:
    ask(at_home)
    client.post(to_new())
    made = generate_totp_secret()
    TOTP.activate(kim, made)
    clock.shift(timedelta(seconds=1))
    show_app(at_home, made, clock)
    assert BY_FACTOR not in says(at_home.get(EMAIL))
    assert at_home.post(BY_FACTOR).status_code == 404
    assert address_of(kim) == OLD


def test_a_newer_second_factor_beside_an_old_one_does_not_count(
    with_app: Client, client: Client, kim: User, clock: Any
) -> None:
    client.post(to_new())
    RecoveryCodes.activate(kim)
    (codes,) = Authenticator.objects.filter(user=kim, type="recovery_codes")
    clock.shift(timedelta(seconds=30))
    with_app.post(CODE_AGAIN, {"code": codes.wrap().get_unused_codes()[0]})
    assert with_app.post(BY_FACTOR).url.startswith(CODE_AGAIN)
    assert "that you have had for a week" in says(with_app.get(EMAIL))
    assert address_of(kim) == OLD


def test_where_nothing_waits_a_second_factor_agrees_to_nothing(kim: User, secret: str, clock: Any) -> None:
    client = Client()
    log_in(client, OLD)
    client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert client.get(BY_FACTOR).status_code == client.post(BY_FACTOR).status_code == 404


def test_an_operator_agrees_for_somebody_who_has_neither(
    at_home: Client, client: Client, kim: User, capsys: Any
) -> None:
    ask(at_home)
    client.post(to_new())
    assert "Write to whoever runs this site" in says(at_home.get(EMAIL))
    call_command("agree_for_old_address", "Old@example.org")
    assert "Agreed. It is new@example.org when they open the link" in capsys.readouterr().out
    assert address_of(kim) == OLD
    client.post(to_new())
    assert address_of(kim) == NEW


def test_an_operator_is_told_when_there_is_nothing_to_agree_to(kim: User) -> None:
    with pytest.raises(CommandError, match="Nobody has an account"):
        call_command("agree_for_old_address", "who@example.org")
    with pytest.raises(CommandError, match="No change of it waits"):
        call_command("agree_for_old_address", OLD)


def test_logging_in_still_takes_the_old_address_while_the_change_waits(at_home: Client, client: Client) -> None:
    ask(at_home)
    client.post(to_old())
    log_in(client, NEW)
    assert not is_logged_in(client)
    log_in(client, OLD)
    assert is_logged_in(client)


# --- Both at once ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_both_at_once_change_it_once(aws: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [make_user(email=f"{number}.{OLD}") for number in range(6)]
    for each in people:
        AddressChange.objects.create(
            address=EmailAddress.objects.create(user=each, email=f"{each.email}.net"),
            old=each.email,
            asked_with=each.get_session_auth_hash(),
        )
    changes = AddressChange.objects.waiting()
    links = [
        [address_changes.agree_url(each).removeprefix(settings.SITE_URL) for each in changes],
        [reverse("account_confirm_email", args=[EmailConfirmationHMAC(each.address).key]) for each in changes],
    ]
    together = threading.Barrier(2)
    on_disk(tmp_path, monkeypatch)

    def open_all(side: list[str]) -> list[int]:
        try:
            return [Client().post(link).status_code for link in side if together.wait() >= 0]
        finally:
            connections.close_all()

    def addresses_now() -> set[str]:
        try:
            return {each.email for each in User.objects.all()}
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as mailboxes:
        answers = list(zip(*mailboxes.map(open_all, links), strict=True))
        assert all(sorted(each) == [200, 302] for each in answers), answers
        now = mailboxes.submit(addresses_now).result()
    assert now == {f"{each.email}.net" for each in people}
