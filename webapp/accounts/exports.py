"""All that a person has here as one ZIP: asked for by them, made in parts by the worker, kept for two days.

A part is sent to S3 first and written down second, so whoever is killed in between sends it once more. One task at a
time holds the lease; one that lost it writes nothing down.
"""

from __future__ import annotations

import logging
import time
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, override
from kombu.exceptions import OperationalError

from webapp.notices import keeping
from webapp.notices.models import Notice
from webapp.photos import catalog, originals
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.models import NOBODY, Photo
from webapp.photos.zips import Names, entry_of

from . import export_facts, export_store, mail, tasks
from .export_zip import Entry, Part
from .models import Export, ExportPart, User

logger = logging.getLogger(__name__)
PART = 16 * 1024 * 1024  # bytes; S3 takes no less than 5 MB, and no more than 10,000 parts
PAGE = 50  # photos whose records are read at once
KEPT = timedelta(days=2)
LEASE = timedelta(minutes=5)  # more than a part takes
TASK_SECONDS = 6 * 60  # after which the next task goes on, well before a task's time is over
MAX_TRIES = 60  # tasks in a row that got no further: about an hour of them
ORIGINALS, DETAILS, ACCOUNT = "originals/", "details/", "account.json"


class Overtaken(Exception):
    """Another task works on the export, or it was erased: what was done here does not count."""


# --- Asking for it ---------------------------------------------------------------------------------------------------


def begin(*, owner: User) -> Export:
    """A new export of all that a person has; the one that is being made, if there is one. It replaces those before."""
    export, is_new = _begin(owner)
    if is_new:
        _hand_over(export)
    return export


@transaction.atomic(durable=True)
def _begin(owner: User) -> tuple[Export, bool]:
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    if export := Export.objects.of(owner).making().first():
        return export, False
    now = timezone.now()
    Export.objects.of(owner).update(expires_at=now)
    wanted = Photo.objects.of(owner).filter(uploaded_at__lte=now).count()
    return Export.objects.create(owner=owner, begun_at=now, photos=wanted, language=get_language() or "en"), True


def _hand_over(export: Export) -> None:
    try:
        tasks.make_export.delay(str(export.pk))
    except (*AWS_ERRORS, OperationalError):
        logger.exception("export %s waits for the next beat", export.pk)


def cancel(*, owner: User) -> None:
    """Make it no further, and remove what there is of it."""
    for export in Export.objects.of(owner).making():
        erase(export)


def current(*, owner: User) -> Export | None:
    """What a person is shown: their newest export, as long as it is kept."""
    newest = Export.objects.of(owner).first()
    return newest if newest and not newest.is_outlived else None


# --- Making it -------------------------------------------------------------------------------------------------------


def make(export_id: UUID) -> bool:
    """Make the next parts of an export, for some minutes. Whether there are more for another task."""
    export = _claim(export_id)
    if export is None:
        return False
    try:
        return _make_or_start_over(export)
    except Overtaken:
        return False
    finally:
        _held(export).update(claimed_by="", lease_until=timezone.now())


def _make_or_start_over(export: Export) -> bool:
    try:
        return _make(export)
    except export_store.UploadGone:
        _start_over(export)
        return True


def _claim(export_id: UUID) -> Export | None:
    now, token = timezone.now(), uuid4().hex
    free = Export.objects.stopped(now).filter(pk=export_id)
    free.update(claimed_by=token, lease_until=now + LEASE, tries=F("tries") + 1)
    return Export.objects.filter(pk=export_id, claimed_by=token).select_related("owner").first()


def _held(export: Export) -> Any:
    return Export.objects.making().filter(pk=export.pk, claimed_by=export.claimed_by)


def _note(export: Export, **facts: Any) -> None:
    """Write down how far it is. Raises Overtaken."""
    if not _held(export).update(lease_until=timezone.now() + LEASE, **facts):
        raise Overtaken
    for name, value in facts.items():
        setattr(export, name, value)


def _make(export: Export) -> bool:
    if export.tries > MAX_TRIES:
        return _give_up(export)
    if not export.upload_id:
        _open(export)
    until = time.monotonic() + TASK_SECONDS
    parts = list(export.parts.all())
    names = _names_in(parts)
    while not (parts and parts[-1].is_last):
        if time.monotonic() > until:
            return True
        parts.append(_add_part(export, parts, names))
    _finish(export, parts)
    return False


def _open(export: Export) -> None:
    upload_id = export_store.begin(export)
    try:
        _note(export, upload_id=upload_id)
    except Overtaken:
        export.upload_id = upload_id
        export_store.erase(export)
        raise


def _names_in(parts: list[ExportPart]) -> Names:
    names = Names()
    for entry in _entries_of(parts):
        if entry.name.startswith(DETAILS):
            names.use(entry.name.removeprefix(DETAILS).removesuffix(".json"))
    return names


def _entries_of(parts: list[ExportPart]) -> Iterator[Entry]:
    return (Entry(*row) for part in parts for row in part.entries)


def _add_part(export: Export, before: list[ExportPart], names: Names) -> ExportPart:
    part = Part(sum(each.bytes for each in before))
    after = before[-1].after if before else NOBODY
    count, is_last = 0, True
    for photo, record in _photos_behind(export, after):
        _add_photo(part, names, photo, record)
        after, count = photo.pk, count + 1
        if part.size >= PART:
            is_last = False
            break
    # Before the account's own file: it is told apart by its name, and of photos alone there are details.
    entries = part.entries()
    if is_last:
        _add_account(part, export, [*_entries_of(before), *entries])
        content = part.end_whole(_entries_of(before))
    else:
        content = part.end()
    return _send(export, content, number=len(before) + 1, size=part.size, entries=entries, after=after,
                 is_last=is_last, count=count)  # fmt: skip


def _photos_behind(export: Export, after: UUID) -> Iterator[tuple[Photo, Any]]:
    """What a person had when they asked, in the trash or not, and what is known of it; the oldest upload first."""
    while True:
        wanted = Photo.objects.of(export.owner).filter(uploaded_at__lte=export.begun_at, pk__gt=after)
        photos = list(wanted.order_by("pk")[:PAGE])
        records = catalog.get_many(photos, consistent=True)
        yield from ((photo, records.get(photo.pk)) for photo in photos)
        if len(photos) < PAGE:
            return
        after = photos[-1].pk


def _add_photo(part: Part, names: Names, photo: Photo, record: Any) -> None:
    name = names.unused(photo.file_name)
    has_original = originals.find(photo.key) is not None
    file = f"{ORIGINALS}{name}" if has_original else ""
    if has_original:
        part.add(entry_of(file, photo), originals.read(photo.key))
    details = entry_of(f"{DETAILS}{name}.json", photo)
    details.compress_type = zipfile.ZIP_DEFLATED
    part.add(details, [export_facts.as_json(export_facts.of_photo(photo, record, file=file))])


def _add_account(part: Part, export: Export, entries: list[Entry]) -> None:
    details = [entry.name for entry in entries if entry.name.startswith(DETAILS)]
    now = timezone.localtime(export.begun_at)
    info = zipfile.ZipInfo(ACCOUNT, (now.year, now.month, now.day, now.hour, now.minute, now.second))
    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    part.add(info, [export_facts.as_json(export_facts.of_account(export.owner, details=details))])


def _send(export: Export, content: Any, *, number: int, size: int, entries: list[Entry], count: int,
          **facts: Any) -> ExportPart:  # fmt: skip
    with content:
        etag = export_store.put_part(export, number, content)
    rows = [entry.as_row() for entry in entries]
    with transaction.atomic():
        _note(export, photos_done=export.photos_done + count, bytes=export.bytes + size, tries=0)
        return ExportPart.objects.create(export=export, number=number, etag=etag, bytes=size, entries=rows, **facts)


def _finish(export: Export, parts: list[ExportPart]) -> None:
    export_store.complete(export, parts)
    is_told = _tell(export)
    now = timezone.now()
    with transaction.atomic():
        _note(export, status=Export.Status.READY, finished_at=now, expires_at=now + KEPT)
        export.parts.all().delete()
        notice = keeping.keep(owner_id=export.owner_id, kind=Notice.Kind.EXPORT)
        if is_told:
            keeping.mark_sent(notice)


def _tell(export: Export) -> bool:
    """A kill behind this tells twice, which is better than never."""
    with override(export.language):
        context = {"address": f"{settings.SITE_URL}{reverse('settings_data')}", "days": KEPT.days}
        subject, body = (render_to_string(f"accounts/email/export_ready_{part}.txt", context)
                         for part in ("subject", "message"))  # fmt: skip
    try:
        mail.send_soon(subject=subject.strip(), body=body, to=export.owner.email, person=str(export.owner_id))
    except mail.MailError:
        logger.exception("export %s is ready, and no mail says so", export.pk)
        return False
    return True


@transaction.atomic
def _start_over(export: Export) -> None:
    _note(export, upload_id="", photos_done=0, bytes=0)
    export.parts.all().delete()


def _give_up(export: Export) -> bool:
    logger.error("export %s got no further in %s tries", export.pk, export.tries)
    export_store.erase(export)
    with transaction.atomic():
        _note(export, status=Export.Status.FAILED, expires_at=timezone.now() + KEPT)
        keeping.keep(owner_id=export.owner_id, kind=Notice.Kind.NO_EXPORT)
    return False


# --- Having it, and its end ------------------------------------------------------------------------------------------


def address_of(export: Export) -> str:
    """Where a browser is given an export that is ready, as a file to keep."""
    name = f"shoebox-{timezone.localtime(export.begun_at):%Y-%m-%d}.zip"
    return export_store.address_of(export, disposition=f'attachment; filename="{name}"')


def erase(export: Export) -> None:
    """Remove an export with its object, whoever works on it; safe to repeat."""
    export_store.erase(export)
    export.delete()


def look_after() -> int:
    """Erase what was kept for long enough, and set going again what stopped; how many."""
    now = timezone.now()
    outlived, stopped = list(Export.objects.outlived(now)), list(Export.objects.stopped(now))
    for export in outlived:
        erase(export)
    for export in stopped:
        _hand_over(export)
    return len(outlived) + len(stopped)
