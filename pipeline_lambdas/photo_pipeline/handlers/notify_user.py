"""Tell a person that a batch is done: once, by the way they asked for, or not at all."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError

from .. import aws, config, photo_table
from ..contract import Batch, Channel, Preferences, Reason
from ..notices import Notice, compose, wants
from ..results import utc_now

logger = Logger()
REASONS_READ = 20


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{"batch_id": …}` to `{"outcome": "sent" | "refused" | "not_wanted" | "not_due"}`."""
    settings = config.load(config.NotifyConfig)
    table = aws.table(settings.photo_table)
    batch = photo_table.claim_notice(table, event["batch_id"], now=utc_now())
    if batch is None:
        return {"outcome": "not_due"}
    preferences = photo_table.get_preferences(table, batch.owner_id)
    if preferences is None or not wants(preferences, batch):
        return {"outcome": "not_wanted"}
    notice = compose(batch, _read_reasons(table, batch), site_url=settings.site_url)
    return {"outcome": _tell(table, batch, preferences, notice, settings.mail_sender)}


def _read_reasons(table: Any, batch: Batch) -> list[Reason]:
    problems = sorted(batch.rejected | batch.failed)[:REASONS_READ]
    photos = (photo_table.get_photo(table, batch.owner_id, photo_id) for photo_id in problems)
    return [photo.reason for photo in photos if photo and photo.reason]


def _tell(table: Any, batch: Batch, preferences: Preferences, notice: Notice, sender: str) -> str:
    try:
        _send(preferences, notice, sender)
    except (ClientError, ConnectTimeoutError, EndpointConnectionError) as error:
        if not _is_definite(error):
            raise
        logger.exception("the notice was refused", extra={"batch": batch.batch_id})
        photo_table.release_notice(table, batch)
        return "refused"
    photo_table.mark_sent(table, batch, now=utc_now())
    return "sent"


def _is_definite(error: Exception) -> bool:
    """Nothing was sent, for sure: the service answered that it would not, or was never reached."""
    return not isinstance(error, ClientError) or 400 <= error.response["ResponseMetadata"]["HTTPStatusCode"] < 500


def _send(preferences: Preferences, notice: Notice, sender: str) -> None:
    if preferences.channel == Channel.SMS:
        _send_sms(preferences.phone, notice)
    else:
        _send_mail(preferences.email, notice, sender)


def _send_mail(address: str, notice: Notice, sender: str) -> None:
    aws.mail().send_email(
        FromEmailAddress=sender,
        Destination={"ToAddresses": [address]},
        Content={
            "Simple": {
                "Subject": _utf8(notice.subject),
                "Body": {"Text": _utf8(notice.text), "Html": _utf8(notice.html)},
            }
        },
    )


def _utf8(text: str) -> dict[str, str]:
    """SES takes ASCII unless it is told otherwise."""
    return {"Data": text, "Charset": "UTF-8"}


def _send_sms(phone: str, notice: Notice) -> None:
    aws.sms().publish(
        PhoneNumber=phone,
        Message=notice.sms,
        MessageAttributes={"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}},
    )
