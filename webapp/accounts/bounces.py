"""Mails that came back, and mails that were marked as spam: SES tells a topic, the topic a queue, and beat reads it.

Only our topic may put anything into that queue (see infra/template.yaml), so nothing here asks who wrote it. A message
is removed once what it says is committed; one that comes twice changes nothing the second time.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from webapp import aws
from webapp.notices import keeping
from webapp.photos.errors import OUT_OF_TIME

from . import preferences
from .models import NotificationPreferences, User

logger = logging.getLogger(__name__)
ROUND = 10  # the most that SQS hands out
ROUNDS = 20  # of one beat
WAIT_SECONDS = 1  # asks all of SQS's servers, and not some of them

BOUNCE = NotificationPreferences.Stopped.BOUNCE
COMPLAINT = NotificationPreferences.Stopped.COMPLAINT


class JunkError(Exception):
    """A message that is nothing SES writes."""


@dataclass(frozen=True)
class Feedback:
    """That mails to these addresses are to stop, why, and since when."""

    because: NotificationPreferences.Stopped
    addresses: tuple[str, ...]
    at: datetime


NOTHING = Feedback(BOUNCE, (), datetime.min)


# --- Reading ----------------------------------------------------------------------------------------------------------


def read_feedback() -> int:
    """Act on what waits in the queue, up to `ROUND` * `ROUNDS` messages; how many were dealt with."""
    try:
        return sum(_deal_with(message) for message in _messages())
    except aws.ERRORS as error:
        logger.warning("what came back of mails could not be read: %s", error)
        return 0


def _messages() -> Iterator[dict[str, Any]]:
    queue = {"QueueUrl": settings.FEEDBACK_QUEUE_URL, "MaxNumberOfMessages": ROUND, "WaitTimeSeconds": WAIT_SECONDS}
    for _round in range(ROUNDS):
        messages = aws.sqs().receive_message(**queue).get("Messages", [])
        if not messages:
            return
        yield from messages


def _deal_with(message: dict[str, Any]) -> bool:
    """Whether the message is done with. Another one is not kept waiting by one that fails, which comes again."""
    try:
        _act_on(message["Body"])
    except OUT_OF_TIME:
        raise
    except Exception:
        logger.exception("message %s about mails was not dealt with", message["MessageId"])
        return False
    aws.sqs().delete_message(QueueUrl=settings.FEEDBACK_QUEUE_URL, ReceiptHandle=message["ReceiptHandle"])
    return True


def _act_on(body: str) -> None:
    try:
        feedback = parse(body)
    except JunkError as error:
        logger.warning("a message about mails is thrown away: %s", error)
        return
    for address in feedback.addresses:
        stop(address=address, because=feedback.because, at=feedback.at)


def parse(body: str) -> Feedback:
    """What a message says, with or without SNS's envelope; NOTHING when nothing is to stop. Raises JunkError."""
    event = _unwrap(_json(body))
    kind = event.get("eventType") or event.get("notificationType")
    if kind == "Bounce":
        bounce = _part(event, "bounce")
        return _feedback(BOUNCE, bounce, "bouncedRecipients") if bounce.get("bounceType") == "Permanent" else NOTHING
    if kind == "Complaint":
        complaint = _part(event, "complaint")
        is_one = complaint.get("complaintFeedbackType") != "not-spam"  # somebody took it out of the spam
        return _feedback(COMPLAINT, complaint, "complainedRecipients") if is_one else NOTHING
    if isinstance(kind, str):
        return NOTHING
    raise JunkError("it is no event of SES")


def _json(text: Any) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise JunkError("it is no JSON") from error
    if not isinstance(found, dict):
        raise JunkError("it is no object")
    return found


def _unwrap(message: dict[str, Any]) -> dict[str, Any]:
    return _json(message["Message"]) if message.get("Type") == "Notification" and "Message" in message else message


def _part(event: dict[str, Any], name: str) -> dict[str, Any]:
    part = event.get(name)
    if not isinstance(part, dict):
        raise JunkError(f"it has no {name}")
    return part


def _feedback(because: NotificationPreferences.Stopped, part: dict[str, Any], recipients: str) -> Feedback:
    found = part.get(recipients)
    if not isinstance(found, list):
        raise JunkError(f"it has no {recipients}")
    named = [each.get("emailAddress") for each in found if isinstance(each, dict)]
    addresses = [parseaddr(each)[1].lower() for each in named if isinstance(each, str)]
    return Feedback(because, tuple(address for address in addresses if address), _when(part.get("timestamp")))


def _when(timestamp: Any) -> datetime:
    try:
        found = parse_datetime(timestamp)
    except (TypeError, ValueError):
        found = None
    return found if found and found.tzinfo else timezone.now()


# --- Stopping, and going on -------------------------------------------------------------------------------------------


def stop(*, address: str, because: NotificationPreferences.Stopped, at: datetime) -> None:
    """Send no more notices by mail to whoever has this address. Said again of the same time, or of an earlier one, it
    changes nothing: they may have asked for mails again since. A complaint is not followed by a bounce."""
    user = User.objects.filter(email=address).first()
    if user is None:
        return
    with transaction.atomic():
        preferences.provide(user=user)
        is_news = Q(stopped_at=None) | Q(stopped_at__lt=at)
        if because == COMPLAINT:
            is_news |= Q(stopped_because=BOUNCE)
        chosen = NotificationPreferences.objects.filter(is_news, user=user).exclude(stopped_because=COMPLAINT)
        is_stopped = chosen.update(stopped_because=because, stopped_at=at, revision=F("revision") + 1)
        if is_stopped:
            keeping.keep(owner_id=user.pk, kind=because)
    if is_stopped:
        logger.info("mails to %s are stopped: %s", user.pk, because)
        preferences.copy_if_possible(str(user.pk))


def resume(*, user: User) -> bool:
    """Send mails again, as their owner asks. False when nothing is stopped. Call `preferences.copy` once this is
    committed. `stopped_at` stays, so that what stopped them is known when it is told twice."""
    stopped = NotificationPreferences.objects.filter(user=user).exclude(stopped_because="")
    return bool(stopped.update(stopped_because="", revision=F("revision") + 1))
