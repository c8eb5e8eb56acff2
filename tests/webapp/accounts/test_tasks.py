"""Account mail on the wire: what SES is asked to send, and what happens when it will not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from anymail.exceptions import AnymailAPIError
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from tests.conftest import REGION
from webapp.accounts import tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(settings: Any, aws: SimpleNamespace) -> list[Any]:
    """What the fake SES was asked to send, through the same backend as in production."""
    settings.EMAIL_BACKEND = "anymail.backends.amazon_ses.EmailBackend"
    messages: list[Any] = ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
    return messages


def send() -> None:
    tasks.send_mail(subject="Hello", body="A link: https://photos.example.org/", to="ana@example.org")


def test_a_mail_leaves_through_ses_from_the_one_allowed_sender(aws: SimpleNamespace, sent: list[Any]) -> None:
    aws.client("sesv2").create_email_identity(EmailIdentity="shoebox@example.org")

    send()

    [message] = sent
    assert message.source == "shoebox@example.org"
    assert set(message.destinations) == {"ana@example.org"}
    assert "Subject: Hello" in message.raw_data
    assert "https://photos.example.org/" in message.raw_data


def test_a_mail_that_ses_refuses_is_an_error_for_the_task_to_retry(sent: list[Any]) -> None:
    with pytest.raises(AnymailAPIError):
        send()

    assert sent == []
