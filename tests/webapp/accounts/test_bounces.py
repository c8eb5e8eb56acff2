"""Mails that came back or were marked as spam: what SES says is read, and what follows for whom it is about."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from botocore.exceptions import EndpointConnectionError
from django.test import Client

from pipeline_lambdas.photo_pipeline import contract
from webapp import aws as site_aws
from webapp.accounts import bounces, preferences, tasks
from webapp.accounts.models import NotificationPreferences

from .factories import make_preferences, make_user

pytestmark = pytest.mark.django_db
EVENTS = Path(__file__).parent / "ses_events"
ANYWHERE = "/settings/data/"
AT = datetime(2026, 5, 12, 8, 0, 43, tzinfo=UTC)


def event(name: str) -> str:
    return (EVENTS / f"{name}.json").read_text()


def enveloped(body: str) -> str:
    """As SNS delivers it when it is not asked to deliver it raw."""
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
            "TopicArn": "arn:aws:sns:eu-west-1:123456789012:shoebox-FeedbackTopic-1",
            "Subject": "Amazon SES Email Event Notification",
            "Message": body,
            "Timestamp": "2026-05-12T08:00:44.000Z",
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
            "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
        }
    )


@pytest.fixture
def queue(aws: SimpleNamespace, settings: Any) -> Any:
    """`queue.put(body)`, and how many messages are left, seen or not: `queue.left()`."""
    sqs = aws.client("sqs")
    settings.FEEDBACK_QUEUE_URL = url = sqs.create_queue(QueueName="feedback-test")["QueueUrl"]
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def left() -> int:
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"]
        return sum(int(found[name]) for name in counts)

    return SimpleNamespace(put=lambda body: sqs.send_message(QueueUrl=url, MessageBody=body), left=left)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounces, "WAIT_SECONDS", 0)


@pytest.fixture
def ana() -> NotificationPreferences:
    return make_preferences(user=make_user(email="ana@example.org"))


def why(chosen: NotificationPreferences) -> str:
    chosen.refresh_from_db()
    return chosen.stopped_because


def copied(aws: SimpleNamespace, chosen: NotificationPreferences) -> contract.Preferences:
    item = aws.table.get_item(Key=contract.preferences_item_key(str(chosen.pk)))["Item"]
    return contract.from_item(contract.Preferences, item)


def page_of(chosen: NotificationPreferences) -> str:
    client = Client()
    client.force_login(chosen.user)
    return str(client.get(ANYWHERE).content.decode())


# --- What SES says ---


@pytest.mark.parametrize("deliver", [str, enveloped], ids=["raw", "enveloped"])
@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("permanent_bounce", "bounce"),
        ("suppressed_bounce", "bounce"),
        ("identity_notification_of_a_bounce", "bounce"),
        ("complaint", "complaint"),
        ("transient_bounce", ""),
        ("undetermined_bounce", ""),
        ("not_spam_complaint", ""),
        ("delivery", ""),
    ],
)
def test_what_ses_says_stops_mails_or_not(
    queue: Any, ana: NotificationPreferences, deliver: Callable[[str], str], name: str, because: str
) -> None:
    other = make_preferences()
    queue.put(deliver(event(name)))

    assert tasks.read_mail_feedback() == 1

    assert why(ana) == because
    assert why(other) == ""
    assert queue.left() == 0


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no JSON",
        "[]",
        "null",
        "7",
        "{}",
        "[" * 5000,
        '{"Type": "Notification", "Message": 7}',
        '{"Type": "Notification", "Message": "no JSON"}',
        '{"Type": "SubscriptionConfirmation", "Token": "x", "SubscribeURL": "https://example.org"}',
        '{"eventType": 7}',
        '{"eventType": "Bounce"}',
        '{"eventType": "Bounce", "bounce": []}',
        '{"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}}',
        '{"eventType": "Complaint", "complaint": {"complainedRecipients": "ana@example.org"}}',
    ],
)
def test_junk_is_thrown_away_and_what_comes_after_it_is_read(
    queue: Any, ana: NotificationPreferences, body: str
) -> None:
    if body:  # which SQS does not take
        queue.put(body)
    with pytest.raises(bounces.JunkError):
        bounces.parse(body)
    queue.put(event("permanent_bounce"))

    tasks.read_mail_feedback()

    assert (why(ana), queue.left()) == ("bounce", 0)


@pytest.mark.parametrize("timestamp", [None, 7, "yesterday", "2026-05-12T08:00:43", "2026-99-99T08:00:43Z"])
def test_an_event_without_a_time_counts_from_now(ana: NotificationPreferences, timestamp: Any) -> None:
    said = json.loads(event("permanent_bounce"))
    said["bounce"]["timestamp"] = timestamp
    said["bounce"]["bouncedRecipients"] += [{"emailAddress": None}, "x", {}, {"emailAddress": ""}]

    feedback = bounces.parse(json.dumps(said))

    assert feedback.addresses == ("ana@example.org",)
    assert feedback.at > AT


def test_an_address_that_nobody_has_is_passed_over(queue: Any) -> None:
    queue.put(event("permanent_bounce"))

    assert tasks.read_mail_feedback() == 1
    assert queue.left() == 0


# --- Reading the queue ---


def test_a_beat_reads_so_many_and_no_more(
    queue: Any, ana: NotificationPreferences, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounces, "ROUNDS", 2)
    for _ in range(2 * bounces.ROUND + 5):
        queue.put(event("delivery"))

    assert tasks.read_mail_feedback() == 2 * bounces.ROUND
    assert queue.left() == 5


def test_a_message_that_fails_stays_and_keeps_none_waiting(
    queue: Any, ana: NotificationPreferences, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the database does not answer: what is not committed is not removed."""
    failing = make_preferences(user=make_user(email="ben@example.org"))
    stop = bounces.stop

    def stop_or_fail(**said: Any) -> None:
        if said["address"] == failing.user.email:
            raise RuntimeError
        stop(**said)

    monkeypatch.setattr(bounces, "stop", stop_or_fail)
    queue.put(event("permanent_bounce").replace("ana@", "ben@"))
    queue.put(event("permanent_bounce"))

    assert tasks.read_mail_feedback() == 1
    assert (why(ana), why(failing), queue.left()) == ("bounce", "", 1)


def test_a_queue_that_does_not_answer_is_read_by_the_next_beat(queue: Any, ana: NotificationPreferences) -> None:
    queue.put(event("permanent_bounce"))
    failed: list[int] = []

    def refuse_once(**_: Any) -> None:
        if not failed:
            failed.append(1)
            raise EndpointConnectionError(endpoint_url="https://sqs.eu-west-1.amazonaws.com")

    site_aws.sqs().meta.events.register("before-call.sqs.ReceiveMessage", refuse_once)

    assert [tasks.read_mail_feedback(), tasks.read_mail_feedback()] == [0, 1]
    assert why(ana) == "bounce"


# --- What follows ---


def test_the_pipelines_copy_says_none_and_every_page_says_why(
    aws: SimpleNamespace, queue: Any, ana: NotificationPreferences
) -> None:
    tasks.push_waiting_preferences()
    assert copied(aws, ana).channel == "mail"
    queue.put(event("permanent_bounce"))

    tasks.read_mail_feedback()

    record = copied(aws, ana)
    assert (record.channel, record.email) == ("none", "")
    assert "comes back, so we stopped sending notices there" in page_of(ana)


def test_who_is_told_by_text_message_still_is_but_never_by_mail_instead(ana: NotificationPreferences) -> None:
    NotificationPreferences.objects.update(channel="sms", phone="+34612345678", phone_confirmed_at=AT)
    bounces.stop(address=ana.user.email, because=bounces.BOUNCE, at=AT)

    ana.refresh_from_db()
    record = ana.as_record()
    assert (record.channel, record.email) == ("sms", "")


def test_a_person_tries_again_after_a_bounce(aws: SimpleNamespace, ana: NotificationPreferences) -> None:
    bounces.stop(address=ana.user.email, because=bounces.BOUNCE, at=AT)
    client = Client()
    client.force_login(ana.user)
    assert "Try again" in client.get(ANYWHERE).content.decode()

    client.post("/settings/mail/again/")

    assert why(ana) == ""
    assert copied(aws, ana).channel == "mail"
    assert "comes back" not in client.get(ANYWHERE).content.decode()


def test_what_is_told_twice_does_not_stop_what_was_begun_again(queue: Any, ana: NotificationPreferences) -> None:
    for _ in range(2):
        queue.put(event("permanent_bounce"))
        tasks.read_mail_feedback()
        bounces.resume(user=ana.user)

    ana.refresh_from_db()
    assert (ana.stopped_because, ana.revision) == ("", 3)
    bounces.stop(address=ana.user.email, because=bounces.BOUNCE, at=AT + timedelta(days=1))
    assert why(ana) == "bounce", "the next mail came back as well"


def confirm_address(chosen: NotificationPreferences) -> None:
    address = EmailAddress.objects.get(user=chosen.user)
    email_confirmed.send(sender=EmailAddress, email_address=address, request=None)


def test_a_new_or_verified_address_ends_a_bounce(aws: SimpleNamespace, ana: NotificationPreferences) -> None:
    bounces.stop(address=ana.user.email, because=bounces.BOUNCE, at=AT)
    confirm_address(ana)
    assert why(ana) == ""


def test_a_complaint_is_ended_by_the_person_alone(aws: SimpleNamespace, ana: NotificationPreferences) -> None:
    bounces.stop(address=ana.user.email, because=bounces.COMPLAINT, at=AT)
    confirm_address(ana)
    preferences.choose(user=ana.user, channel="mail", only_problems=False, phone="")
    bounces.stop(address=ana.user.email, because=bounces.BOUNCE, at=AT + timedelta(days=1))
    assert why(ana) == "complaint"
    assert ana.as_record().channel == "none"
    assert "Send me mails again" in page_of(ana)

    client = Client()
    client.force_login(ana.user)
    client.post("/settings/mail/again/")

    assert why(ana) == ""


def test_a_complaint_counts_that_is_told_after_a_later_bounce(ana: NotificationPreferences) -> None:
    bounces.stop(address=ana.user.email, because=bounces.BOUNCE, at=AT)
    bounces.stop(address=ana.user.email, because=bounces.COMPLAINT, at=AT - timedelta(hours=1))
    assert why(ana) == "complaint"


def test_the_button_of_somebody_whose_mail_arrives_changes_nothing(
    aws: SimpleNamespace, ana: NotificationPreferences
) -> None:
    client = Client()
    client.force_login(ana.user)
    client.post("/settings/mail/again/")

    ana.refresh_from_db()
    assert ana.revision == 1


def test_it_is_stopped_though_dynamodb_does_not_answer_and_the_copy_follows(
    aws: SimpleNamespace, queue: Any, ana: NotificationPreferences
) -> None:
    aws.table.delete()
    queue.put(event("permanent_bounce"))

    assert tasks.read_mail_feedback() == 1
    assert why(ana) == "bounce"
    assert ana.is_waiting
