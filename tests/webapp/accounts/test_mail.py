"""Account mail when the queue, or the mail service, does not answer: nobody meets an error page of ours."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from webapp.accounts.models import User
from webapp.celery import app

from .factories import PASSWORD, make_user
from .test_accounts import link_in, log_in, sign_up

pytestmark = pytest.mark.django_db
RESET, CHANGE = reverse("account_reset_password"), reverse("account_change_password")


@pytest.fixture
def no_queue(aws: SimpleNamespace) -> Iterator[None]:
    """The queue that tasks go to is not there: SQS refuses them."""
    app.conf.task_always_eager = False
    yield
    app.conf.task_always_eager = True


@pytest.fixture
def no_mail(settings: Any) -> None:
    """SES refuses to send, as it does for a sender that it does not know."""
    settings.EMAIL_BACKEND = "anymail.backends.amazon_ses.EmailBackend"


def test_signing_up_sends_the_link_at_once_when_the_queue_does_not_answer(
    client: Client, no_queue: None, caplog: pytest.LogCaptureFixture
) -> None:
    response = sign_up(client, "ana@example.org")

    assert response.url == reverse("account_email_verification_sent")
    [message] = mail.outbox
    assert (message.to, bool(link_in(message))) == (["ana@example.org"], True)
    assert "queue does not answer" in caplog.text


def test_signing_up_when_no_mail_can_be_sent_says_what_to_do(client: Client, no_queue: None, no_mail: None) -> None:
    response = sign_up(client, "ana@example.org")

    assert response.status_code == 503
    page = response.content.decode()
    assert "could not send you a mail" in page
    assert reverse("account_login") in page
    assert User.objects.get().email == "ana@example.org"


def test_logging_in_sends_the_link_that_could_not_be_sent(
    client: Client, no_queue: None, no_mail: None, settings: Any
) -> None:
    sign_up(client, "ana@example.org")
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    response = log_in(client, "ana@example.org")

    assert response.url == reverse("account_email_verification_sent")
    assert [message.to for message in mail.outbox] == [["ana@example.org"]]


def test_staff_are_told_when_an_invitation_could_not_be_sent(
    client: Client, no_queue: None, no_mail: None, committed: None
) -> None:
    client.force_login(make_user(is_staff=True, is_superuser=True))
    answer = client.post(reverse("admin:accounts_user_add"), {"email": "new@example.org"}, follow=True)
    assert "The mail could not be sent." in answer.content.decode()
    assert User.objects.filter(email="new@example.org").exists()


def test_a_reset_that_cannot_be_sent_looks_the_same_for_an_unknown_address(
    client: Client, no_queue: None, no_mail: None
) -> None:
    make_user(email="ana@example.org")

    known = client.post(RESET, {"email": "ana@example.org"})
    unknown = client.post(RESET, {"email": "nobody@example.org"})

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)


def test_a_password_is_changed_though_nobody_can_be_told(client: Client, no_queue: None, no_mail: None) -> None:
    user = make_user()
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    new = "another horse battery staple"

    response = client.post(CHANGE, {"oldpassword": PASSWORD, "password1": new, "password2": new})

    user.refresh_from_db()
    assert (response.status_code, user.check_password(new)) == (302, True)
