"""Having a notice told: its record put, the pipeline asked, and noted what came of it. Safe to repeat at any point."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from webapp.accounts.models import User
from webapp.costs import spending
from webapp.photos import catalog, clock, notices
from webapp.photos.conf import functions_end_within
from webapp.photos.errors import OUT_OF_TIME
from webapp.photos.models import Batch, Photo

from .models import Gathered, Notice

logger = logging.getLogger(__name__)
AT_ONCE = 500
UNTOLD = set(contract.Untold)
UNWANTED = {"", contract.Untold.CHOSEN, contract.Untold.NO_PROBLEM}
SHOWN = 200  # photos of each end that a digest's record names: what a mail shows comes from these


def begin_test(*, user: User) -> Notice:
    """A notice that tells nothing but that it came."""
    return Notice.objects.create(owner=user, kind=Notice.Kind.TEST)


def settle_all() -> None:
    """See to it that every notice is told. One that breaks stops no other."""
    for notice in list(Notice.objects.untold(timezone.now())[:AT_ONCE]):
        try:
            settle(notice)
        except OUT_OF_TIME:
            raise
        except Exception:
            logger.exception("notice %s is not told yet", notice.pk)


def settle(notice: Notice) -> None:
    """Do the next thing for a notice that nobody is known to have been told."""
    record = catalog.get_batch(notice.pk) or _put(notice)
    if record.is_due:
        notices.ask(record)
    elif not is_being_sent(record):
        spending.note_batch(notice, record)
        if not record.sent_at and record.told_by not in UNWANTED:
            # Stopped meanwhile, refused, or lost behind its claim: the next digest tells of the same.
            Gathered.objects.filter(notice=notice).delete()
        Notice.objects.filter(pk=notice.pk).update(
            told=True, sent_at=clock.parse(record.sent_at), told_by=record.told_by
        )


def _put(notice: Notice) -> contract.Batch:
    told = catalog.get_batches(Batch.objects.filter(gathered__notice=notice))
    record = _as_record(notice, list(told.values()))
    catalog.put_digest(record)  # False where somebody else was first, with the same
    return record


def _as_record(notice: Notice, told: Sequence[contract.Batch]) -> contract.Batch:
    """Of each end some photos, and how many more there are."""
    named: dict[str, Any] = {}
    more: dict[str, int] = {}
    for status in contract.TERMINAL:
        ids = {photo_id for record in told for photo_id in getattr(record, status.value)}
        named[status.value] = ids & _shown(notice, status)
        more[status.value] = len(ids) - len(named[status.value])
    return contract.Batch(
        batch_id=str(notice.pk),
        owner_id=str(notice.owner_id),
        expected=sum(map(len, named.values())),
        kind=notice.kind,
        more={status: count for status, count in more.items() if count},
        **named,
    )


def _shown(notice: Notice, status: str) -> set[str]:
    """The newest photos of a digest that came to that end. Those in the trash or gone are counted, and not shown."""
    photos = Photo.objects.filter(batch__gathered__notice=notice, status=status, trashed_at=None).order_by("-pk")
    return {str(pk) for pk in photos.values_list("pk", flat=True)[:SHOWN]}


def is_being_sent(record: contract.Batch) -> bool:
    """Claimed by a function that may still run, and that releases the claim if the notice is refused."""
    claimed = clock.parse(record.claimed_at)
    if record.told_by in UNTOLD:
        return False
    return not record.sent_at and claimed is not None and timezone.now() < claimed + functions_end_within()
