"""Where a person is logged in: seen by them alone, and ended by them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from webapp.accounts.models import User
from webapp.accounts.tasks import forget_old_sessions
from webapp.accounts.templatetags.devices import device

from .factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db
LIST, CHANGE = reverse("usersessions_list"), reverse("account_change_password")
HTML = "text/html,*/*;q=0.8"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 "
    "Edg/120.0.0.0"
)
LAPTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def ana(db: None) -> User:
    return make_user(email="ana@example.org")


def log_in(browser: str, address: str = "192.0.2.1", email: str = "ana@example.org") -> Client:
    client = Client(REMOTE_ADDR=address, HTTP_USER_AGENT=browser)
    client.post(reverse("account_login"), {"login": email, "password": PASSWORD})
    assert is_logged_in(client)
    return client


def is_logged_in(client: Client) -> bool:
    return bool(client.get(LIST).status_code == 200)


def shown(client: Client) -> str:
    return " ".join(client.get(LIST).content.decode().split())


def test_every_login_is_listed_with_device_and_address_and_this_one_is_marked(ana: User) -> None:
    log_in(PHONE, "198.51.100.7")
    page = shown(log_in(LAPTOP))
    phone, laptop = page.find("Safari on iPhone"), page.find("Firefox on Linux")
    assert 0 < laptop < phone, "the latest first"
    assert "198.51.100.7" in page
    assert laptop < page.find("This device") < phone
    assert page.count("This device") == 1
    assert (page.count("In use now"), page.count("Last seen:")) == (1, 1)
    assert laptop < page.find("In use now") < phone


def test_another_session_is_ended_at_once_and_this_one_goes_on(ana: User) -> None:
    phone, laptop = log_in(PHONE), log_in(LAPTOP)
    (end,) = re.findall(r'action="(/settings/devices/\d+/end/)"', shown(laptop))
    answer = laptop.post(end, follow=True)
    assert "You are logged out there." in answer.content.decode()
    assert not is_logged_in(phone)
    assert is_logged_in(laptop)


def test_all_other_sessions_are_ended_at_once(ana: User) -> None:
    phone, tablet, laptop = log_in(PHONE), log_in(PHONE), log_in(LAPTOP)
    laptop.post(LIST)
    assert [is_logged_in(each) for each in (phone, tablet, laptop)] == [False, False, True]
    assert "You are logged in nowhere else." in shown(laptop)


def test_nobody_sees_or_ends_a_session_of_somebody_else(ana: User) -> None:
    hers = log_in(LAPTOP)
    session = UserSession.objects.get(user=ana)
    make_user(email="ben@example.org")
    ben = log_in(PHONE, email="ben@example.org")
    assert "Firefox" not in shown(ben)
    assert ben.post(reverse("settings_end_session", args=[session.pk])).status_code == 404
    ben.post(LIST)
    assert is_logged_in(hers)


def test_a_session_that_is_over_is_listed_no_longer(ana: User) -> None:
    phone, laptop = log_in(PHONE), log_in(LAPTOP)
    phone.post(reverse("account_logout"))
    assert "iPhone" not in shown(laptop)


def test_nothing_is_kept_of_sessions_that_are_over_though_nobody_comes_back(ana: User) -> None:
    lost, ended, here = log_in(PHONE), log_in(PHONE), log_in(LAPTOP)
    Session.objects.filter(session_key=lost.session.session_key).update(expire_date=timezone.now())
    ended.post(reverse("account_logout"))
    forget_old_sessions()
    assert [each.user_agent for each in UserSession.objects.all()] == [LAPTOP]
    assert Session.objects.filter(session_key=lost.cookies["sessionid"].value).count() == 0
    assert is_logged_in(here)


def test_a_new_password_ends_the_others_and_keeps_this_one_in_the_list(ana: User) -> None:
    phone, laptop = log_in(PHONE), log_in(LAPTOP)
    new = "another horse battery staple"
    laptop.post(CHANGE, {"oldpassword": PASSWORD, "password1": new, "password2": new})
    page = shown(laptop)
    assert "iPhone" not in page
    assert "Firefox on Linux" in page
    assert not is_logged_in(phone)


def test_a_session_from_before_there_was_a_list_is_in_it_from_the_next_page_on(ana: User) -> None:
    laptop = log_in(LAPTOP)
    UserSession.objects.all().delete()
    with time_machine.travel(timedelta(minutes=10)):
        laptop.get(LIST, headers={"accept": HTML})
        assert "Firefox on Linux" in shown(laptop)


@pytest.mark.parametrize(
    ("minutes", "accept", "is_noted"), [(9, HTML, False), (11, HTML, True), (11, "application/json", False)]
)
def test_the_address_is_noted_anew_when_a_page_is_opened_every_ten_minutes(
    ana: User, minutes: int, accept: str, is_noted: bool
) -> None:
    laptop = log_in(LAPTOP)
    with time_machine.travel(timedelta(minutes=minutes)):
        laptop.get(LIST, headers={"accept": accept}, REMOTE_ADDR="203.0.113.9")
    assert (UserSession.objects.get().ip == "203.0.113.9") is is_noted


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (PHONE, "Safari on iPhone"),
        (EDGE, "Edge on Windows"),
        ("curl/8.5.0", "Another program"),
        ("", "Another program"),
        ("Mozilla/5.0 (Windows NT 10.0)", "Windows"),
    ],
)
def test_a_browser_is_named_as_people_name_it(user_agent: str, words: str) -> None:
    assert device(user_agent) == words
