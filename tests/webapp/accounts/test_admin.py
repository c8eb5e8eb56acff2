"""Staff see people and how they are told; nobody else gets in."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from webapp.accounts.models import User

from .factories import PASSWORD, make_preferences, make_user
from .test_accounts import is_logged_in, link_in

pytestmark = pytest.mark.django_db
PEOPLE = reverse("admin:accounts_user_changelist")


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_user(email="staff@example.org", is_staff=True, is_superuser=True))
    return client


def test_staff_find_a_person_by_part_of_the_address(staff: Client) -> None:
    make_preferences(user=make_user(email="ana@example.org"), channel="sms", phone="+34612345678")
    make_user(email="ben@example.net")

    page = staff.get(PEOPLE, {"q": "ana@"}).content.decode()

    assert "ana@example.org" in page
    assert "By text message" in page
    assert "ben@example.net" not in page


def test_a_person_is_shown_with_preferences(staff: Client) -> None:
    chosen = make_preferences(channel="sms", phone="+34612345678")

    page = staff.get(reverse("admin:accounts_user_change", args=[chosen.pk])).content.decode()

    assert "+34612345678" in page


def test_the_list_asks_the_database_as_often_for_twenty_people_as_for_two(
    staff: Client, django_assert_max_num_queries: object
) -> None:
    for _ in range(20):
        make_preferences()

    with django_assert_max_num_queries(8):  # type: ignore[operator]
        staff.get(PEOPLE)


def test_staff_invite_by_address_and_the_person_has_no_password_yet(staff: Client) -> None:
    staff.post(reverse("admin:accounts_user_add"), {"email": "New@Example.org"})

    assert not User.objects.get(email="new@example.org").has_usable_password()


def test_whoever_is_invited_is_told_by_whom_and_gets_in(staff: Client, committed: None, aws: Any) -> None:
    staff.post(reverse("admin:accounts_user_add"), {"email": "New@Example.org"})
    (invitation,) = mail.outbox
    assert (invitation.to, invitation.subject) == (["new@example.org"], "You are invited to Shoebox")
    assert "staff@example.org" in invitation.body

    guest = Client()
    form = guest.get(link_in(invitation), follow=True).redirect_chain[-1][0]
    guest.post(form, {"password1": PASSWORD, "password2": PASSWORD})
    confirm = mail.outbox[-1]
    assert confirm.subject == "Confirm your mail address for Shoebox"
    assert not is_logged_in(guest)
    guest.post(link_in(confirm))
    assert is_logged_in(guest)


def test_an_invitation_speaks_as_whoever_invites(staff: Client, committed: None) -> None:
    staff.post(reverse("admin:accounts_user_add"), {"email": "new@example.org"}, headers={"accept-language": "de"})
    (invitation,) = mail.outbox
    assert invitation.subject == "Du bist zu Shoebox eingeladen"
    assert "staff@example.org betreut Shoebox" in invitation.body


def test_the_address_is_not_for_staff_to_change(staff: Client) -> None:
    user = make_user(email="ana@example.org")
    change = reverse("admin:accounts_user_change", args=[user.pk])

    staff.post(change, {"email": "other@example.org", "is_active": "on", "preferences-TOTAL_FORMS": "0",
                        "preferences-INITIAL_FORMS": "0"})  # fmt: skip

    user.refresh_from_db()
    assert user.email == "ana@example.org"


@pytest.mark.parametrize("is_logged_in", [True, False])
def test_nobody_else_gets_in(client: Client, is_logged_in: bool) -> None:
    if is_logged_in:
        client.force_login(make_user())

    assert client.get(PEOPLE, follow=True).status_code == (403 if is_logged_in else 200)
    assert "result_list" not in client.get(PEOPLE, follow=True).content.decode()
