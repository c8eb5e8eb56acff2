"""Taking what was used into SQL, and out of it again without losing the sum."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from pipeline_lambdas.photo_pipeline import contract

from .models import Use, UseQuerySet, added
from .prices import KINDS, quantities

logger = logging.getLogger(__name__)
MAIL, SMS = "site_mails", "site_sms"


def note(photos: Iterable[Any], records: Mapping[UUID, contract.Photo]) -> None:
    """Repeat what runs of photos used, once for each; `photos` are rows of theirs."""
    used = {photo.pk: records[photo.pk].usage for photo in photos if photo.pk in records and records[photo.pk].usage}
    if not used:
        return
    known: dict[UUID, dict[str, int]] = defaultdict(dict)
    # One that was noted by what it has paid alone, before its record told of it, is noted anew.
    told = Use.objects.filter(photo__in=used, lambda_requests__gt=0)
    for photo_id, key, counted in told.values_list("photo", "key", "photos"):
        known[photo_id][key] = counted
    owners = {photo.pk: photo.owner_id for photo in photos}
    rows = [
        row for photo_id, usages in used.items() for row in _rows(photo_id, owners[photo_id], usages, known[photo_id])
    ]
    Use.objects.bulk_create(rows, update_conflicts=True, unique_fields=["key"], update_fields=[*KINDS, "photos"])


def _rows(photo_id: UUID, owner_id: Any, usages: Iterable[contract.Usage], known: Mapping[str, int]) -> list[Use]:
    rows = [
        Use(key=used.run_id, month=month_of(_moment(used.at)), photo_id=photo_id, owner_id=owner_id, **_amounts(used))
        for used in usages
        if used.run_id not in known
    ]
    if rows and not any(known.values()):
        rows[0].photos = 1
    return rows


def note_paid(photo: Any, analyses: Iterable[contract.Analysis]) -> None:
    """Note the answers that runs of a photo have paid for and not told of in its record: they died, or broke, or lost
    it. Safe to repeat, and counts nothing twice that a record tells of."""
    paid = [(kind, run_id) for kind, run_id in _payers(analyses) if run_id.startswith(f"{photo.pk}-")]
    facts = {"month": month_of(timezone.now()), "photo_id": photo.pk, "owner_id": photo.owner_id}
    rows = [Use(key=run_id, **facts) for run_id in sorted({run_id for _kind, run_id in paid})]
    Use.objects.bulk_create(rows, ignore_conflicts=True)
    for kind, run_id in paid:
        Use.objects.filter(key=run_id, **{kind: 0}).update(**{kind: 1})


def _payers(analyses: Iterable[contract.Analysis]) -> Iterator[tuple[str, str]]:
    """Each kind of answer that was paid for, and by which run."""
    for analysis in analyses:
        for kind in ("labels", "faces", "moderation"):
            yield kind, getattr(analysis, f"{kind}_run")


def note_batch(batch: Any, record: contract.Batch) -> None:
    """Repeat what telling about a batch used, or a digest or a test, which have such a record too; later again with
    more. `batch` is the row of either."""
    if record.usage is None:
        return
    told = _moment(record.sent_at or record.claimed_at)
    amounts = {"month": month_of(told), "owner_id": batch.owner_id, **_amounts(record.usage)}
    Use.objects.update_or_create(key=f"batch-{batch.pk}", defaults=amounts)


def note_sent(kind: str, *, person: Any = None) -> None:
    """Count a `MAIL` or an `SMS` that the site itself has sent, for the `person` it was for (an id). Of whom there is
    no account, or one that is being deleted, it says nothing. It was sent: where it cannot be counted, that is logged.
    """
    try:
        with transaction.atomic():
            people = get_user_model().objects.filter(is_active=True)
            _count_sent(kind, people.filter(pk=person).first() if person else None)
    except DatabaseError:
        logger.exception("one of %s was sent and not counted", kind)


def _count_sent(kind: str, owner: Any) -> None:
    month = month_of(timezone.now())
    key = f"site-{owner.pk if owner else 'nobody'}-{month:%Y-%m}"
    Use.objects.bulk_create([Use(key=key, month=month, owner=owner)], ignore_conflicts=True)
    Use.objects.filter(key=key).update(**{kind: F(kind) + 1})


@transaction.atomic
def forget(uses: UseQuerySet) -> None:
    """Add uses to those of their months that do not say whose they are, and remove them. The months in their order:
    two who do so at once would else wait for each other."""
    by_month: dict[date, list[Use]] = defaultdict(list)
    for use in uses.select_for_update().order_by("pk"):
        by_month[use.month].append(use)
    for month, rows in sorted(by_month.items()):
        nobodys, _is_new = Use.objects.get_or_create(key=f"deleted-{month:%Y-%m}", defaults={"month": month})
        Use.objects.filter(pk=nobodys.pk).update(**added(rows))
        Use.objects.filter(pk__in=[row.pk for row in rows]).delete()


def forget_photo(photo_id: UUID) -> None:
    """A photo goes; what it used stays in the sum of its month."""
    forget(Use.objects.filter(photo=photo_id))


def forget_person(owner_id: Any) -> None:
    """A person goes; what they used stays in the sums of its months."""
    forget(Use.objects.filter(owner=owner_id))


def month_of(moment: datetime) -> date:
    """The first day of a moment's month, in UTC, as AWS has its months."""
    return date(moment.year, moment.month, 1)


def _moment(text: str) -> datetime:
    return parse_datetime(text) or timezone.now()


def _amounts(used: contract.Usage) -> dict[str, float]:
    return asdict(quantities(used))
