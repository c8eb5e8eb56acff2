"""Taking what was used into SQL, and out of it again without losing the sum."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from pipeline_lambdas.photo_pipeline import contract

from .models import Use, UseQuerySet, added
from .prices import quantities


def note(photos: Iterable[Any], records: Mapping[UUID, contract.Photo]) -> None:
    """Repeat what runs of photos used, once for each; `photos` are rows of theirs."""
    used = {photo.pk: records[photo.pk].usage for photo in photos if photo.pk in records and records[photo.pk].usage}
    if not used:
        return
    known: dict[UUID, set[str]] = defaultdict(set)
    for photo_id, key in Use.objects.filter(photo__in=used).values_list("photo", "key"):
        known[photo_id].add(key)
    owners = {photo.pk: photo.owner_id for photo in photos}
    rows = [
        row for photo_id, usages in used.items() for row in _rows(photo_id, owners[photo_id], usages, known[photo_id])
    ]
    Use.objects.bulk_create(rows, ignore_conflicts=True)


def _rows(photo_id: UUID, owner_id: Any, usages: Iterable[contract.Usage], known: set[str]) -> list[Use]:
    rows = [
        Use(key=used.run_id, month=month_of(_moment(used.at)), photo_id=photo_id, owner_id=owner_id, **_amounts(used))
        for used in usages
        if used.run_id not in known
    ]
    if rows and not known:
        rows[0].photos = 1
    return rows


def note_unstored(photo: Any, analyses: Iterable[contract.Analysis]) -> None:
    """Note the answers that runs of a photo have paid for and never stored, since it is deleted: no record tells of
    them."""
    rows: dict[str, Use] = {}
    for kind, run_id in _payers(analyses):
        if run_id.startswith(f"{photo.pk}-"):
            month = month_of(timezone.now())
            row = rows.setdefault(run_id, Use(key=run_id, month=month, photo_id=photo.pk, owner_id=photo.owner_id))
            setattr(row, kind, getattr(row, kind) + 1)
    Use.objects.bulk_create(rows.values(), ignore_conflicts=True)


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
