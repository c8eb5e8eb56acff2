"""Tell a person that a batch is done: once, by the way they asked for, or not at all. Digests and tests as well.

Everything is read, and the notice composed, before it is claimed: what breaks there loses no notice. From the claim to
the answer of SES or SNS nobody else may send. A crash or an answer that is lost for good can lose one there, and only
there; the list on the site still shows it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError

from .. import aws, config, photo_table
from ..calls import is_throttle
from ..contract import THUMB, Batch, Channel, Photo, Preferences, Reason, Status, Usage, is_quiet
from ..mail_pictures import square_jpeg
from ..metering import Meter, metered
from ..notice_mail import as_mail
from ..notices import Details, Notice, Picture, compose, exact_labels, told_by, top_labels, wants, way
from ..results import utc_now

logger = Logger()
REASONS_READ = 20
LABELS_READ = 12
PICTURES = 6
Each = TypeVar("Each")


@dataclass(frozen=True)
class Draft:
    """All that is known before the claim: the wishes of who is told, why photos are not ready and what others show, by
    their ids."""

    preferences: Preferences
    site_url: str
    reasons: Mapping[str, Reason] = field(default_factory=dict)
    ready: Mapping[str, Photo] = field(default_factory=dict)
    pictures: Mapping[str, Picture] = field(default_factory=dict)

    def compose(self, batch: Batch) -> Notice | None:
        """The notice of `batch`, or None when none is wanted."""
        if not wants(self.preferences, batch):
            return None
        problems = sorted(batch.rejected | batch.failed)
        details = Details(
            reasons=[self.reasons[photo_id] for photo_id in problems if photo_id in self.reasons],
            labels=top_labels([photo for photo_id, photo in self.ready.items() if photo_id in batch.ready]),
            pictures=[picture for photo_id, picture in self.pictures.items() if photo_id in batch.ready],
        )
        return compose(batch, details, self.preferences, site_url=self.site_url)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{"batch_id": …}` to `{"outcome": "sent" | "refused" | "not_wanted" | "not_due" | "quiet"}`.

    Whatever is raised may be tried again: either nothing is claimed, or the next invocation finds the claim. In quiet
    hours nothing is claimed either: the site asks again when they are over.
    """
    with metered(event) as meter:
        return {"outcome": _tell_if_due(event["batch_id"], meter)}


def _tell_if_due(batch_id: str, meter: Meter) -> str:
    settings = config.load(config.NotifyConfig)
    table = aws.table(settings.photo_table)
    batch = photo_table.get_batch(table, batch_id)
    if batch is None or not batch.is_due:
        return "not_due"
    nothing = Preferences(owner_id=batch.owner_id, channel=Channel.NONE)
    preferences = photo_table.get_preferences(table, batch.owner_id) or nothing
    if _waits(preferences, batch):
        return "quiet"
    preferences = _within_cap(table, batch, preferences, settings.sms_a_day)
    draft = _prepare(table, batch, preferences, settings)
    return _claim_and_tell(table, batch, draft, settings, partial(_used, batch, meter))


def _used(seen: Batch, meter: Meter) -> Usage:
    """By telling so far, with the write that notes it: before this invocation, or by counting its photos; and by it."""
    return (seen.usage or photo_table.counting_surplus(seen)) + meter.read() + photo_table.noting(seen)


def _waits(preferences: Preferences, batch: Batch) -> bool:
    """The hour of a digest, and the moment of a test, were chosen by the person themselves."""
    return not batch.kind and wants(preferences, batch) and is_quiet(preferences, datetime.now(UTC))


def _within_cap(table: Any, batch: Batch, preferences: Preferences, a_day: int) -> Preferences:
    """By mail instead of a text message when enough of these went out today; not at all where no mail is to be sent
    either: then it is a text message that could not be sent. Counted before the claim, so that a count that fails loses
    no notice."""
    if not wants(preferences, batch) or way(preferences, batch)[0] != Channel.SMS:
        return preferences
    if photo_table.count_sms(table, preferences.owner_id, a_day=a_day, now=utc_now()):
        return preferences
    logger.warning("enough text messages for today: told by mail, if at all", extra={"batch": batch.batch_id})
    digests = Channel.MAIL if preferences.digest_channel else ""
    return replace(preferences, channel=Channel.MAIL, digest_channel=digests, silent=Channel.SMS)


def _prepare(table: Any, batch: Batch, preferences: Preferences, settings: config.NotifyConfig) -> Draft:
    if not wants(preferences, batch) or way(preferences, batch)[0] != Channel.MAIL:
        return Draft(preferences, settings.site_url)  # a short message has no room for more
    ready = _read_photos(table, batch, _sample(sorted(batch.ready), LABELS_READ))
    return Draft(
        preferences,
        settings.site_url,
        reasons=_read_reasons(table, batch),
        ready=ready,
        pictures=dict(_read_pictures(ready, settings)),
    )


def _read_reasons(table: Any, batch: Batch) -> dict[str, Reason]:
    photos = _read_photos(table, batch, sorted(batch.rejected | batch.failed)[:REASONS_READ])
    return {photo_id: photo.reason for photo_id, photo in photos.items() if photo.reason}


def _read_photos(table: Any, batch: Batch, photo_ids: Sequence[str]) -> dict[str, Photo]:
    photos = (photo_table.get_photo(table, batch.owner_id, photo_id) for photo_id in photo_ids)
    return {photo.photo_id: photo for photo in photos if photo and photo.status != Status.DELETING}


def _sample(those: Sequence[Each], most: int) -> Sequence[Each]:
    """At most so many of them, from all over."""
    return [those[at * len(those) // most] for at in range(most)] if len(those) > most else those


def _read_pictures(photos: Mapping[str, Photo], settings: config.NotifyConfig) -> Iterator[tuple[str, Picture]]:
    """Thumbnails of some of the photos, as many as can be read; of none that one might not like to find in a mail."""
    shown = [photo for photo in photos.values() if THUMB in photo.renditions and not photo.moderation]
    for photo in _sample(shown, PICTURES):
        try:
            thumb = _read_thumb(photo, settings.renditions_bucket)
        except (ClientError, BotoCoreError, OSError):
            logger.exception("the notice goes without pictures", extra={"photo": photo.photo_id})
            return  # the next one would take as long
        jpeg = square_jpeg(thumb)
        if jpeg:
            alt = ", ".join(label.name for label in exact_labels(photo)[:3])
            yield photo.photo_id, Picture(jpeg, url=f"{settings.site_url}/photos/{photo.photo_id}/", alt=alt)


def _read_thumb(photo: Photo, bucket: str) -> bytes:
    answer = aws.s3_briefly().get_object(Bucket=bucket, Key=photo.renditions[THUMB].key)
    return bytes(answer["Body"].read())


def _claim_and_tell(
    table: Any, seen: Batch, draft: Draft, settings: config.NotifyConfig, used: Callable[[], Usage]
) -> str:
    notice = draft.compose(seen)
    token = str(uuid.uuid4())  # not the request's id, which stays the same when Lambda tries an event again
    how = told_by(draft.preferences, seen)
    batch = photo_table.claim_notice(table, seen.batch_id, token=token, now=utc_now(), told_by=how, usage=used())
    if batch is None:
        return "not_due"
    if _photos(batch) != _photos(seen):
        # Some were deleted since. The claim says which are left, and why they are not ready is known of those.
        notice = draft.compose(batch)
    if notice is None:
        return "not_wanted"
    send = partial(_send, *way(draft.preferences, batch), notice, settings)
    return _tell(table, batch.batch_id, token, send, used)


def _photos(batch: Batch) -> tuple[set[str], set[str], set[str]]:
    return batch.ready, batch.rejected, batch.failed


def _tell(table: Any, batch_id: str, token: str, send: Callable[[], None], used: Callable[[], Usage]) -> str:
    try:
        send()
    except (ClientError, ConnectTimeoutError, EndpointConnectionError) as error:
        if not _is_definite(error):
            raise
        refused = isinstance(error, ClientError) and not is_throttle(error)
        photo_table.release_notice(table, batch_id, token=token, refused=refused, usage=used())
        if not refused:
            raise  # it passes: the task tries again in a moment
        logger.exception("the notice was refused", extra={"batch": batch_id})
        return "refused"
    photo_table.mark_sent(table, batch_id, token=token, now=utc_now(), usage=used())
    return "sent"


def _is_definite(error: Exception) -> bool:
    """Nothing was sent, for sure: the service answered that it would not, or was never reached."""
    return not isinstance(error, ClientError) or 400 <= error.response["ResponseMetadata"]["HTTPStatusCode"] < 500


def _send(channel: Channel, address: str, notice: Notice, settings: config.NotifyConfig) -> None:
    if channel == Channel.SMS:
        _send_sms(address, notice)
    else:
        _send_mail(address, notice, settings)


def _send_mail(address: str, notice: Notice, settings: config.NotifyConfig) -> None:
    aws.mail().send_email(
        FromEmailAddress=settings.mail_sender,
        ConfigurationSetName=settings.mail_configuration_set,
        Destination={"ToAddresses": [address]},
        Content={"Raw": {"Data": as_mail(notice, sender=settings.mail_sender, to=address)}},
    )


def _send_sms(phone: str, notice: Notice) -> None:
    aws.sms().publish(
        PhoneNumber=phone,
        Message=notice.sms,
        MessageAttributes={"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}},
    )
