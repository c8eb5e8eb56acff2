"""Choosing how to be told, and what is kept: SQL first, then the copy that the pipeline reads."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import get_language

from pipeline_lambdas.photo_pipeline import contract
from webapp import aws

from .models import NotificationPreferences, User

logger = logging.getLogger(__name__)
RHYTHM = {"channel", "rhythm", "hour", "weekday", "time_zone"}  # what decides when a digest comes


class CopyError(Exception):
    """DynamoDB did not take a change of the copy. What SQL holds is safe, and the copy follows later."""


def provide(*, user: User) -> NotificationPreferences:
    """What `user` chose, or the defaults, kept from now on. Nothing reaches DynamoDB yet, as with `choose`."""
    return NotificationPreferences.objects.get_or_create(user=user, defaults={"language": _language()})[0]


def language_of(user: User) -> str:
    """What to write to `user` in."""
    chosen = NotificationPreferences.objects.filter(pk=user.pk).values_list("language", flat=True).first()
    return chosen or settings.LANGUAGE_CODE


def _language() -> str:
    """The site's, as whoever asks has it."""
    spoken = (get_language() or "").partition("-")[0]
    return spoken if spoken in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def choose(*, user: User, channel: str, only_problems: bool, phone: str, **wishes: Any) -> NotificationPreferences:
    """Keep what `user` chose; `wishes` are other columns, by name. Nothing reaches DynamoDB yet: call `copy` once this
    is committed."""
    return _change(user, channel=channel, only_problems=only_problems, phone=phone, **wishes)


def choose_place(*, user: User, keep: bool) -> NotificationPreferences:
    """Keep whether `user` wants kept where their photos are taken. Call `copy` once this is committed."""
    return _change(user, keep_place=keep)


def turn_off(*, user: User) -> None:
    """No more notices, by any way; again changes nothing. Call `copy` once this is committed."""
    off = NotificationPreferences.Channel.NONE
    if provide(user=user).channel != off:
        _change(user, channel=off)


@transaction.atomic
def refresh(*, user: User) -> NotificationPreferences:
    """Have the copy made anew, with defaults for someone new: their mail address was verified, or is another. So what
    came back of mails before says nothing any more."""
    came_back = NotificationPreferences.Stopped.BOUNCE
    NotificationPreferences.objects.filter(user=user, stopped_because=came_back).update(stopped_because="")
    return _change(user)


def _change(user: User, **choice: Any) -> NotificationPreferences:
    with transaction.atomic():
        defaults = {"language": _language(), **choice}
        preferences, is_new = NotificationPreferences.objects.get_or_create(user=user, defaults=defaults)
        if not is_new:
            _forget_another_phone(user, choice)
            NotificationPreferences.objects.filter(pk=user.pk).update(revision=F("revision") + 1, **choice)
        if choice.keys() & RHYTHM:
            _set_clock(NotificationPreferences.objects.get(pk=user.pk), before=None if is_new else preferences)
        preferences.refresh_from_db()
    return preferences


def _forget_another_phone(user: User, choice: dict[str, Any]) -> None:
    """What was confirmed is one number, and no other."""
    if "phone" in choice:
        another = NotificationPreferences.objects.filter(pk=user.pk).exclude(phone=choice["phone"])
        another.update(phone_confirmed_at=None)


def _set_clock(chosen: NotificationPreferences, *, before: NotificationPreferences | None) -> None:
    """Have the next digest come when it was chosen to. One that is due stays so where nothing of that is new."""
    if before is not None and all(getattr(chosen, name) == getattr(before, name) for name in RHYTHM):
        return
    now = timezone.now()
    due = chosen.next_digest(now)
    if before is not None and before.is_waiting_for_digest and chosen.channel != chosen.Channel.NONE:
        due = due or now  # who wants to be told of each upload from now on is told of those until now
    since = (chosen.digests_since or now) if due else None
    NotificationPreferences.objects.filter(pk=chosen.pk).update(next_digest_at=due, digests_since=since)


def copy(user_id: str) -> None:
    """Write a person's preferences to DynamoDB, until what was written is what SQL holds. Raises CopyError."""
    while preferences := NotificationPreferences.objects.waiting().filter(user_id=user_id).first():
        _put(preferences.as_record())
        # Someone may have chosen anew meanwhile: then the revision is another, and the loop writes once more.
        NotificationPreferences.objects.filter(user_id=user_id, revision=preferences.revision).update(
            copied_revision=preferences.revision
        )


def copy_if_possible(user_id: str) -> bool:
    """Whether the copy was made. If not, it waits, and push_waiting_preferences makes it."""
    try:
        copy(user_id)
    except CopyError:
        return False
    return True


def forget(user_id: str) -> None:
    """Take the copy of someone who is gone out of DynamoDB. Raises CopyError."""
    try:
        aws.table().delete_item(Key=contract.preferences_item_key(user_id))
    except aws.ERRORS as error:
        logger.warning("preferences of %s were not removed: %s", user_id, error)
        raise CopyError(user_id) from error


def _put(record: contract.Preferences) -> None:
    try:
        aws.table().put_item(Item=contract.to_item(record))
    except aws.ERRORS as error:
        logger.warning("preferences of %s were not copied: %s", record.owner_id, error)
        raise CopyError(record.owner_id) from error
