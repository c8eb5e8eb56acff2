"""Tell a person that a batch is done: once, by the way they asked for, or not at all.

Everything is read, and the notice composed, before it is claimed: what breaks there loses no notice. From the claim to
the answer of SES or SNS nobody else may send. A crash or an answer that is lost for good can lose one there, and only
there; the list on the site still shows it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError

from .. import aws, config, photo_table
from ..calls import is_throttle
from ..contract import Batch, Channel, Preferences, Reason
from ..notices import Notice, compose, wants
from ..results import utc_now

logger = Logger()
REASONS_READ = 20


@dataclass(frozen=True)
class Draft:
    """All that is known before the claim: the wishes of who is told, and why photos are not ready, by their ids."""

    preferences: Preferences
    reasons: Mapping[str, Reason]
    site_url: str

    def compose(self, batch: Batch) -> Notice | None:
        """The notice of `batch`, or None when none is wanted."""
        if not wants(self.preferences, batch):
            return None
        problems = sorted(batch.rejected | batch.failed)
        known = [self.reasons[photo_id] for photo_id in problems if photo_id in self.reasons]
        return compose(batch, known, site_url=self.site_url)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{"batch_id": …}` to `{"outcome": "sent" | "refused" | "not_wanted" | "not_due"}`.

    Whatever is raised may be tried again: either nothing is claimed, or the next invocation finds the claim.
    """
    settings = config.load(config.NotifyConfig)
    table = aws.table(settings.photo_table)
    batch = photo_table.get_batch(table, event["batch_id"])
    if batch is None or not batch.is_due:
        return {"outcome": "not_due"}
    nothing = Preferences(owner_id=batch.owner_id, channel=Channel.NONE)
    preferences = photo_table.get_preferences(table, batch.owner_id) or nothing
    preferences = _within_cap(table, batch, preferences, settings.sms_a_day)
    return {"outcome": _claim_and_tell(table, batch, _prepare(table, batch, preferences, settings.site_url), settings)}


def _within_cap(table: Any, batch: Batch, preferences: Preferences, a_day: int) -> Preferences:
    """By mail instead of a text message when enough of these went out today; not at all where no mail is to be sent
    either. Counted before the claim, so that a count that fails loses no notice."""
    if preferences.channel != Channel.SMS or not wants(preferences, batch):
        return preferences
    if photo_table.count_sms(table, preferences.owner_id, a_day=a_day, now=utc_now()):
        return preferences
    logger.warning("enough text messages for today: told by mail, if at all", extra={"batch": batch.batch_id})
    return replace(preferences, channel=Channel.MAIL)


def _prepare(table: Any, batch: Batch, preferences: Preferences, site_url: str) -> Draft:
    reasons = _read_reasons(table, batch) if wants(preferences, batch) else {}
    return Draft(preferences, reasons, site_url)


def _read_reasons(table: Any, batch: Batch) -> dict[str, Reason]:
    problems = sorted(batch.rejected | batch.failed)[:REASONS_READ]
    photos = (photo_table.get_photo(table, batch.owner_id, photo_id) for photo_id in problems)
    return {photo.photo_id: photo.reason for photo in photos if photo and photo.reason}


def _claim_and_tell(table: Any, seen: Batch, draft: Draft, settings: config.NotifyConfig) -> str:
    notice = draft.compose(seen)
    token = str(uuid.uuid4())  # not the request's id, which stays the same when Lambda tries an event again
    batch = photo_table.claim_notice(table, seen.batch_id, token=token, now=utc_now())
    if batch is None:
        return "not_due"
    if _photos(batch) != _photos(seen):
        # Some were deleted since. The claim says which are left, and why they are not ready is known of those.
        notice = draft.compose(batch)
    if notice is None:
        return "not_wanted"
    return _tell(table, batch.batch_id, token, partial(_send, draft.preferences, notice, settings))


def _photos(batch: Batch) -> tuple[set[str], set[str], set[str]]:
    return batch.ready, batch.rejected, batch.failed


def _tell(table: Any, batch_id: str, token: str, send: Callable[[], None]) -> str:
    try:
        send()
    except (ClientError, ConnectTimeoutError, EndpointConnectionError) as error:
        if not _is_definite(error):
            raise
        refused = isinstance(error, ClientError) and not is_throttle(error)
        photo_table.release_notice(table, batch_id, token=token, refused=refused)
        if not refused:
            raise  # it passes: the task tries again in a moment
        logger.exception("the notice was refused", extra={"batch": batch_id})
        return "refused"
    photo_table.mark_sent(table, batch_id, token=token, now=utc_now())
    return "sent"


def _is_definite(error: Exception) -> bool:
    """Nothing was sent, for sure: the service answered that it would not, or was never reached."""
    return not isinstance(error, ClientError) or 400 <= error.response["ResponseMetadata"]["HTTPStatusCode"] < 500


def _send(preferences: Preferences, notice: Notice, settings: config.NotifyConfig) -> None:
    if preferences.channel == Channel.SMS:
        _send_sms(preferences.phone, notice)
    else:
        _send_mail(preferences.email, notice, settings)


def _send_mail(address: str, notice: Notice, settings: config.NotifyConfig) -> None:
    aws.mail().send_email(
        FromEmailAddress=settings.mail_sender,
        ConfigurationSetName=settings.mail_configuration_set,
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
