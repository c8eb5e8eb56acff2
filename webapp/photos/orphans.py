"""What is stored and belongs to nobody: photos without a row (deletions that stopped half way), and renditions of runs
that lost. And the other way round: rows at an end whose record is lost, or says that they are to be run.

Found in the buckets, whose keys name owner, photo and run, and in the records of one person after the other: a page of
each a sweep, with a cursor between sweeps. A row is committed before anything is stored, and a page is listed before
rows are asked for, so no row means deleted. Rows are gone through in the same way.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from django.contrib.auth import get_user_model

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import catalog, clock, deletion, originals
from webapp.photos.conf import orphaned_after
from webapp.photos.errors import OUT_OF_TIME
from webapp.photos.index import disagrees, index
from webapp.photos.models import Photo, Status, SweepCursor
from webapp.photos.steps import Listing, Step, Undone, attempt

logger = logging.getLogger(__name__)
Steps = Callable[[Sequence[str]], Iterator[Step]]
Listings = dict[str, tuple[Callable[[str], Listing], Steps]]
PEOPLE = 50
RECORDS = 200  # a query reads them whole
ROWS = 100
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def open_again(*, now: datetime, dry_run: bool) -> Iterator[str]:
    """Look through the next page of rows at an end; yields what was done, or would be in a dry run."""
    yield from _look_through({"rows": (_rows_after, _steps_for_rows)}, now=now, dry_run=dry_run)


def clear(*, now: datetime, dry_run: bool) -> Iterator[str]:
    """Look through the next page of all that is stored; yields what was done, or would be in a dry run."""
    listings: Listings = {
        "originals": (originals.originals_after, _steps_for_originals),
        "renditions": (originals.renditions_after, _steps_for_renditions),
        "records": (_records_after, _steps_for_records),
    }
    yield from _look_through(listings, now=now, dry_run=dry_run)


def _look_through(listings: Listings, *, now: datetime, dry_run: bool) -> Iterator[str]:
    for name, (page_after, steps) in listings.items():
        try:
            yield from _clear_page(name, page_after, steps, before=now - orphaned_after(), dry_run=dry_run)
        except OUT_OF_TIME:
            raise
        except Exception:
            logger.exception("a page of %s could not be looked through", name)
            yield Undone.PAGES


def _clear_page(
    name: str, page_after: Callable[[str], Listing], steps: Steps, *, before: datetime, dry_run: bool
) -> Iterator[str]:
    cursor = SweepCursor.objects.filter(pk=name).values_list("after", flat=True).first() or ""
    page = page_after(cursor)
    if page.next_after != cursor and not dry_run:
        # Before the page is worked on: what fails in it comes round again, and holds up no other page.
        SweepCursor.objects.update_or_create(pk=name, defaults={"after": page.next_after})
    for step in steps([key for key, written in page.stored if written < before]):
        yield attempt(partial(step.take, dry_run=dry_run), otherwise=Undone.ORPHANS, about=step.do)


# --- Photos without a row --------------------------------------------------------------------------------------------


def _steps_for_originals(keys: Sequence[str]) -> Iterator[Step]:
    photos = {UUID(ids[1]): (UUID(ids[0]), key) for key in keys if (ids := contract.parse_original_key(key))}
    rows = set(Photo.objects.filter(pk__in=photos).values_list("pk", flat=True))
    for photo_id in photos.keys() - rows:
        owner_id, key = photos[photo_id]
        yield Step("originals without a photo erased", partial(deletion.erase_without_row, owner_id, photo_id, key=key))


def _steps_for_renditions(keys: Sequence[str]) -> Iterator[Step]:
    by_photo: dict[tuple[UUID, UUID], list[str]] = defaultdict(list)
    for key in keys:
        if ids := contract.parse_rendition_key(key):
            by_photo[UUID(ids[0]), UUID(ids[1])].append(key)
    rows = Photo.objects.in_bulk([photo_id for _, photo_id in by_photo])
    for owner_id, photo_id in by_photo:
        if photo_id not in rows:
            erase = partial(deletion.erase_without_row, owner_id, photo_id)
            yield Step("renditions without a photo erased", erase)
    yield from _steps_for_lost_runs({rows[pk]: keys for (_, pk), keys in by_photo.items() if pk in rows})


def _records_after(key: str) -> Listing:
    """`OWNER/PHOTO` of the records after `key`, of as many people as it takes to fill a page. A key that names no photo
    is of a person who is done with."""
    last_owner, _, last_photo = key.partition("/")
    owners = get_user_model().objects.filter(**{"pk__gte" if last_photo else "pk__gt": last_owner or UUID(int=0)})
    owner_ids = list(owners.order_by("pk").values_list("pk", flat=True)[:PEOPLE])
    found: list[tuple[str, datetime]] = []
    for owner_id in owner_ids:
        after = last_photo if str(owner_id) == last_owner else ""
        records, more = catalog.written(owner_id, after=after, limit=RECORDS)
        found += [(f"{owner_id}/{photo_id}", clock.parse(at) or EPOCH) for photo_id, at in records]
        if found and (more or len(found) >= RECORDS):
            return Listing(found, next_after=found[-1][0])
    return Listing(found, next_after=f"{owner_ids[-1]}/" if len(owner_ids) == PEOPLE else "")


def _steps_for_records(keys: Sequence[str]) -> Iterator[Step]:
    owners = {UUID(photo_id): UUID(owner_id) for owner_id, _, photo_id in (key.partition("/") for key in keys)}
    rows = set(Photo.objects.filter(pk__in=owners).values_list("pk", flat=True))
    for photo_id in owners.keys() - rows:
        erase = partial(deletion.erase_without_row, owners[photo_id], photo_id)
        yield Step("records without a photo erased", erase)


# --- Renditions of runs that lost ------------------------------------------------------------------------------------


def _steps_for_lost_runs(stored: dict[Photo, list[str]]) -> Iterator[Step]:
    """Steps for renditions that the record does not need. Only photos at an end, for which no run is asked: no run that
    is under way may claim such a photo, so nothing that is still written is taken for lost."""
    suspects = {
        photo: keys
        for photo, keys in stored.items()
        if photo.status in contract.TERMINAL and (photo.status != Status.READY or _has_other_runs(photo, keys))
    }
    records = catalog.get_many(suspects, consistent=True)
    for photo, keys in suspects.items():
        record = records.get(photo.pk)
        if record and record.status in contract.TERMINAL and not catalog.awaited_run(record):
            lost = _lost(keys, record)
            if lost:
                yield Step("photos rid of lost renditions", partial(_erase_lost, lost))


def _lost(keys: Iterable[str], record: contract.Photo) -> list[str]:
    shown = {rendition.key for rendition in record.renditions.values()}
    return [key for key in keys if key not in shown]


def _has_other_runs(photo: Photo, keys: Iterable[str]) -> bool:
    return any(_run_of(key) != photo.run_id for key in keys)


def _run_of(key: str) -> str:
    ids = contract.parse_rendition_key(key)
    return ids[2] if ids else ""


def _erase_lost(keys: Sequence[str]) -> bool:
    originals.erase_some_renditions(keys)
    return True


# --- Rows at an end that disagree with their record ------------------------------------------------------------------


def _rows_after(key: str) -> Listing:
    ended = Photo.objects.ended().filter(pk__gt=key or UUID(int=0)).order_by("pk")
    found = [(str(pk), EPOCH) for pk in ended.values_list("pk", flat=True)[:ROWS]]
    return Listing(found, next_after=found[-1][0] if len(found) == ROWS else "")


def _steps_for_rows(keys: Sequence[str]) -> Iterator[Step]:
    photos = list(Photo.objects.ended().filter(pk__in=keys))
    records = catalog.get_many(photos, consistent=True)
    for photo in photos:
        if _disagree(photo, records.get(photo.pk)):
            # The row is open from then on, if its record is lost or is to be run, and the sweep sees to the rest.
            yield Step("photos indexed again", partial(_index_again, photo.pk))


def _disagree(photo: Photo, record: contract.Photo | None) -> bool:
    being_deleted = record is not None and record.status == contract.Status.DELETING
    return not being_deleted and disagrees(photo, record)


def _index_again(photo_id: UUID) -> bool:
    return bool(index([photo_id]))
