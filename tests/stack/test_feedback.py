"""Phones, unsubscribing and mails that come back, on the stack: with the site's own rights, from SNS to the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from pipeline_lambdas.photo_pipeline.contract import Preferences, from_item, preferences_item_key

from .pipeline import until, wishes_of
from .running import RunningStack
from .site import Site

BOUNCE = Path(__file__).parent.parent / "webapp" / "accounts" / "ses_events" / "permanent_bounce.json"
NUMBER = "+34612000111"  # nobody else's on this stack


def copied(stack: RunningStack, owner_id: str) -> Preferences:
    """What the pipeline knows of how a person wants to be told."""
    table = stack.aws.table(stack.outputs["PhotoTableName"])
    return from_item(Preferences, table.get_item(Key=preferences_item_key(owner_id))["Item"])


def texts_to(stack: RunningStack, number: str) -> list[str]:
    return [each.text for each in stack.messages() if each.text and number in each.recipients]


def test_a_phone_is_confirmed_by_the_code_that_was_sent_there(stack: RunningStack) -> None:
    ana = Site(stack).sign_up()
    owner = wishes_of(stack, ana.email).owner_id
    each_time = {"rhythm": "batch", "hour": "8", "weekday": "0", "time_zone": "UTC", "language": "en"}
    ana.post("/settings/notifications/", {"channel": "sms", "phone": NUMBER, **each_time})
    assert copied(stack, owner).channel == "none"

    ana.post("/settings/phone/code/", {})
    until(lambda: texts_to(stack, NUMBER))
    (code,) = re.findall(r"\b\d{6}\b", texts_to(stack, NUMBER)[0])
    assert "Your phone number is confirmed." in ana.post("/settings/phone/confirm/", {"code": code}).text

    assert (copied(stack, owner).channel, copied(stack, owner).phone) == ("sms", NUMBER)


def test_a_mail_program_unsubscribes_with_the_address_that_the_pipeline_has(stack: RunningStack) -> None:
    ana = Site(stack).sign_up()
    owner = wishes_of(stack, ana.email).owner_id

    answer = requests.post(copied(stack, owner).unsubscribe_url, data={"List-Unsubscribe": "One-Click"}, timeout=60)

    assert answer.status_code == 200
    assert copied(stack, owner).channel == "none"


def test_a_mail_that_came_back_stops_the_next_and_says_so(stack: RunningStack) -> None:
    ana = Site(stack).sign_up()
    owner = wishes_of(stack, ana.email).owner_id
    topic = stack.started.deployment.resources["FeedbackTopic"]
    stack.aws.client("sns").publish(TopicArn=topic, Message=BOUNCE.read_text().replace("ana@example.org", ana.email))

    until(lambda: "comes back, so we stopped sending notices there" in ana.get("/upload/").text)
    until(lambda: (copied(stack, owner).channel, copied(stack, owner).email) == ("none", ""))

    ana.post("/settings/mail/again/", {})
    assert copied(stack, owner).channel == "mail"


@pytest.mark.parametrize("act", ["topic", "queue"])
def test_the_site_cannot_make_up_what_came_back(stack: RunningStack, act: str) -> None:
    def publish() -> Any:
        topic = stack.started.deployment.resources["FeedbackTopic"]
        return stack.site_client("sns").publish(TopicArn=topic, Message="x")

    def send() -> Any:
        return stack.site_client("sqs").send_message(QueueUrl=stack.outputs["FeedbackQueueUrl"], MessageBody="x")

    with pytest.raises(ClientError) as refused:
        {"topic": publish, "queue": send}[act]()
    assert "Denied" in refused.value.response["Error"]["Code"] or "Authorization" in str(refused.value)
