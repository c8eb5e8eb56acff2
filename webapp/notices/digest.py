"""Digests: what became of all uploads since the last one, told at the hour that a person chose.

A digest begins with one conditional UPDATE, in the same transaction as the rows that say what it tells: of two workers
one gets it, and whoever is killed before it has begun none, so that it is begun again. From then on it is told as a
batch is: NotifyUser claims its record before it sends, and the beat asks for it as long as nobody has.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from webapp.accounts.models import NotificationPreferences, NotificationPreferencesQuerySet
from webapp.photos import catalog, clock
from webapp.photos.errors import OUT_OF_TIME
from webapp.photos.models import Batch

from . import telling
from .models import Gathered, Notice

logger = logging.getLogger(__name__)
AT_ONCE = 300
LOOKS_BACK = timedelta(days=28)  # of what was missed while mail was stopped, too; a weekly digest that is late has 14
MOST_BATCHES = 2_000


def send_due() -> int:
    """Begin every digest that is due, some hundreds of them; how many were. One that breaks stops no other, and is
    begun by the next beat."""
    now = timezone.now()
    due = list(NotificationPreferences.objects.due(now)[:AT_ONCE])
    return sum(_begin_safely(preferences, now) for preferences in due)


def _begin_safely(preferences: NotificationPreferences, now: datetime) -> bool:
    try:
        notice = begin(preferences, now=now)
        if notice is not None:
            telling.settle(notice)
    except OUT_OF_TIME:
        raise
    except Exception:
        logger.exception("the digest of %s is not sent yet", preferences.pk)
        return False
    return notice is not None


def begin(preferences: NotificationPreferences, *, now: datetime) -> Notice | None:
    """The digest that is due, and the next one's time set; None when there is nothing to tell, or somebody else was
    first. One that cannot reach the person passes by, and the next one that does tells of the same."""
    if preferences.is_silenced:
        _seen(preferences).update(next_digest_at=preferences.next_digest(now) or now + timedelta(days=1))
        return None
    ended = _ended_batches(preferences, now)
    told = [batch_id for batch_id, record in ended.items() if _is_worth_telling(record, preferences)]
    with transaction.atomic():
        if not _take(preferences, now):
            return None
        notice = Notice.objects.create(owner_id=preferences.pk, kind=_kind(preferences)) if told else None
        rows = [Gathered(batch_id=each, notice=notice if each in told else None) for each in ended]
        Gathered.objects.bulk_create(rows)
    return notice


def _take(preferences: NotificationPreferences, now: datetime) -> bool:
    """Whether the digest is ours: it is still as it was seen, and whoever comes later sees the next one."""
    following = preferences.next_digest(now)
    since = preferences.digests_since if following else None
    return bool(_seen(preferences).update(next_digest_at=following, digests_since=since))


def _seen(preferences: NotificationPreferences) -> NotificationPreferencesQuerySet:
    return NotificationPreferences.objects.filter(
        pk=preferences.pk, next_digest_at=preferences.next_digest_at, rhythm=preferences.rhythm
    )


def _kind(preferences: NotificationPreferences) -> str:
    """The last digest of somebody who has chosen to be told of each upload is one of some days."""
    return preferences.rhythm if preferences.is_on_digests else Notice.Kind.DAILY.value


def _ended_batches(preferences: NotificationPreferences, now: datetime) -> Mapping[UUID, contract.Batch]:
    """Those whose end nobody was told of, since the person chose to have digests, and until they chose otherwise."""
    since = preferences.digests_since or now
    until = now if preferences.is_on_digests else preferences.next_digest_at or now
    rows = Batch.objects.filter(
        owner_id=preferences.pk, gathered=None, created_at__gt=max(since - timedelta(days=7), now - LOOKS_BACK)
    )
    records = catalog.get_batches(rows.order_by("pk")[:MOST_BATCHES])
    return {batch_id: record for batch_id, record in records.items() if _has_ended(record, since, until)}


def _has_ended(record: contract.Batch, since: datetime, until: datetime) -> bool:
    """Its notice was claimed, by whom it was found not to be wanted: that is what comes of it for who has digests."""
    claimed = clock.parse(record.claimed_at)
    return claimed is not None and since <= claimed <= until and not record.sent_at


def _is_worth_telling(record: contract.Batch, preferences: NotificationPreferences) -> bool:
    return bool(record.rejected | record.failed or (record.ready and not preferences.only_problems))
