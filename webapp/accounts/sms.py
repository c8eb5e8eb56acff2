"""Text messages that the site sends: counted before they are sent, together with those of the pipeline."""

from __future__ import annotations

import logging
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from webapp import aws
from webapp.costs import spending

logger = logging.getLogger(__name__)
TRANSACTIONAL = {"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}}


class SmsError(Exception):
    """It was not sent, as far as is known."""


class TooManyError(SmsError):
    """As many as may be were sent today: to this person, this number, or everybody."""


def count_one(*, user_id: UUID) -> None:
    """Count what is about to be sent to `user_id`, if today's counts allow it. Raises SmsError."""
    now = timezone.now().isoformat()
    count(contract.sms_of_person_key(str(user_id), now), at_most=contract.SMS_A_DAY_EACH)
    count(contract.sms_of_all_key(now), at_most=settings.SMS_A_DAY)


def send(*, user_id: UUID, phone: str, text: str) -> None:
    """Send `text`, of at most 160 GSM characters, to a number in E.164, counted for `user_id`. Raises SmsError."""
    try:
        aws.sms().publish(PhoneNumber=phone, Message=text, MessageAttributes=TRANSACTIONAL)
    except aws.ERRORS as error:
        logger.warning("a text message was not sent: %s", error)
        raise SmsError from error
    spending.note_sent(spending.SMS, person=user_id)


def count(key: contract.Key, *, at_most: int) -> None:
    """Count one more of today's under `key`. Raises TooManyError when there were as many as may be, or SmsError."""
    update = contract.count_update(key, at_most=at_most, now=timezone.now().isoformat())
    try:
        aws.table().update_item(**update)
    except aws.table().meta.client.exceptions.ConditionalCheckFailedException as error:
        logger.warning("enough text messages for today under %s", key["sk"])
        raise TooManyError from error
    except aws.ERRORS as error:
        logger.warning("a text message could not be counted: %s", error)
        raise SmsError from error
