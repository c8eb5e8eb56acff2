"""A pipeline that tells: what the site asks of NotifyUser is done at once, in the same fake AWS."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from pipeline_lambdas.photo_pipeline.handlers import notify_user
from tests.conftest import REGION
from tests.webapp.photos.conftest import breaks, me, mine
from webapp import aws as site_aws

__all__ = ["breaks", "me", "mine"]


@pytest.fixture
def pipeline(aws: SimpleNamespace) -> SimpleNamespace:
    """`.asked` ids of notices asked for, `.outcomes` what NotifyUser answered, `.mails()` all that was sent, whole;
    while `.dead` is set nobody answers."""
    aws.client("sesv2").create_email_identity(EmailIdentity="shoebox@example.org")
    made = SimpleNamespace(asked=[], outcomes=[], dead=False)

    def answer(params: dict[str, Any], **_: Any) -> Any:
        event = json.loads(params["body"])
        made.asked.append(event["batch_id"])
        if not made.dead:
            made.outcomes.append(notify_user.handler(event, None)["outcome"])
        return SimpleNamespace(status_code=202, headers={}, content=b""), {"StatusCode": 202}

    site_aws.lambda_().meta.events.register("before-call.lambda.Invoke", answer)
    sent = ses_backends[DEFAULT_ACCOUNT_ID][REGION]
    made.mails = lambda: [mail.raw_data for mail in sent.sent_messages]
    return made
