"""Everything that a person was told, by whichever way, or here alone: of each upload, and of what else there was."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import catalog, clock
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.http import Request
from webapp.photos.models import Batch, Photo, Status, as_uuid
from webapp.photos.sentences import summary

from . import sayings, telling
from .models import Notice

logger = logging.getLogger(__name__)
PAGE = 30
PROBLEMS = 5
SUMMARIES = (Notice.Kind.DAILY, Notice.Kind.WEEKLY)


@dataclass(frozen=True)
class Told:
    """One line of the list. `how` says by which way it was told, and `told_at` when (None where it is here alone).
    An upload has its first problems, of those that it `had`, and one that is not done `is_open`."""

    title: str
    at: datetime
    how: str = ""
    told_at: datetime | None = None
    text: str = ""
    link: tuple[str, str] = ("", "")
    is_upload: bool = False
    is_open: bool = False
    problems: list[Photo] = field(default_factory=list)
    more_problems: int = 0
    had_problems: bool = False


@login_required
@require_safe
@never_cache
def notices(request: Request) -> HttpResponse:
    rows, older = _page(request.user, request.GET.get("cursor", ""))
    try:
        records = catalog.get_batches(row for row in rows if isinstance(row, Batch) or row.kind in SUMMARIES)
    except AWS_ERRORS:
        logger.exception("notices are shown without what became of the photos")
        response = _render(request, [_alone(row) for row in rows], older, status=503)
        response.headers["Retry-After"] = "60"
        return response
    problems = _problems(request, [records[row.pk] for row in rows if isinstance(row, Batch) and row.pk in records])
    waits = _waits_for_summary(request.user)
    lines = [_of(row, records.get(row.pk), problems, waits=waits) for row in rows]
    return _render(request, [line for line in lines if line], older)


def _render(request: Request, lines: Sequence[Told], older: str, *, status: int = 200) -> HttpResponse:
    context = {"notices": lines, "older": older, "are_ends_out": status != 200}
    return render(request, "notices/notices.html", context, status=status)


def _page(owner: Any, cursor: str) -> tuple[list[Batch | Notice], str]:
    """The newest uploads and notices older than the cursor (an id; anything else starts at the top), and the next."""
    uploads = Batch.objects.filter(owner=owner, expected__gt=0).select_related("gathered__notice")
    others = Notice.objects.filter(owner=owner).select_related("photo")
    found = [*_newest(uploads, cursor), *_newest(others, cursor)]
    rows = sorted(found, key=lambda row: row.pk, reverse=True)  # their ids sort by when they were made
    return rows[:PAGE], str(rows[PAGE - 1].pk) if len(rows) > PAGE else ""


def _newest(rows: Any, cursor: str) -> list[Batch | Notice]:
    older_than = as_uuid(cursor)
    matching = rows.filter(pk__lt=older_than) if older_than else rows
    return list(matching.order_by("-pk")[: PAGE + 1])


def _alone(row: Batch | Notice) -> Told:
    """Without what DynamoDB knows."""
    return _of_notice(row, None) if isinstance(row, Notice) else Told(_sent(row), row.created_at, is_upload=True)


def _waits_for_summary(owner: Any) -> bool:
    preferences = getattr(owner, "preferences", None)
    return bool(preferences and preferences.is_waiting_for_digest)


def _of(
    row: Batch | Notice, record: contract.Batch | None, problems: Mapping[str, Photo], *, waits: bool
) -> Told | None:
    return _of_notice(row, record) if isinstance(row, Notice) else _of_upload(row, record, problems, waits=waits)


def _of_notice(notice: Notice, record: contract.Batch | None) -> Told:
    title = str(notice.get_kind_display())
    return Told(
        title=_("%(title)s: %(summary)s") % {"title": title, "summary": summary(record)} if record else title,
        at=notice.created_at,
        how=sayings.how(notice.told_by, notice.sent_at) if notice.told else sayings.on_its_way(),
        told_at=notice.sent_at,
        text=sayings.reason(notice),
        link=sayings.link(notice),
    )


def _problems(request: Request, records: Sequence[contract.Batch]) -> dict[str, Photo]:
    """By id, the photos that are still not ready, of those that were not when their upload was done."""
    ids = [photo_id for record in records for photo_id in record.rejected | record.failed]
    mine = Photo.objects.for_gallery(request.user).filter(status__in=[Status.REJECTED, Status.FAILED])
    return {str(pk): photo for pk, photo in mine.in_bulk([UUID(each) for each in ids]).items()} if ids else {}


def _of_upload(
    batch: Batch, record: contract.Batch | None, problems: Mapping[str, Photo], *, waits: bool
) -> Told | None:
    """None when nothing is left of the upload."""
    if record is None or not record.is_complete:
        return Told(_sent(batch), batch.created_at, is_upload=True, is_open=True)
    if not record.ready | record.rejected | record.failed:
        return None
    shown = _named(sorted(record.rejected | record.failed), problems)
    how, told_at = _how(batch, record, waits=waits)
    return Told(
        title=summary(record),
        at=batch.created_at,
        how=how,
        told_at=told_at,
        is_upload=True,
        problems=shown[:PROBLEMS],
        more_problems=len(shown[PROBLEMS:]),
        had_problems=bool(record.rejected | record.failed),
    )


def _how(batch: Batch, record: contract.Batch, *, waits: bool) -> tuple[str, datetime | None]:
    """By itself, or in a summary, which may be still to come."""
    gathered = getattr(batch, "gathered", None)
    if gathered and gathered.notice:
        return sayings.how_in_summary(gathered.notice), gathered.notice.sent_at
    if record.told_by == contract.Untold.DIGESTS and not gathered:
        return sayings.next_summary() if waits else sayings.how("", None), None
    if gathered:  # and that summary had nothing to tell of it
        return sayings.how(contract.Untold.NO_PROBLEM, None), None
    if record.is_due or telling.is_being_sent(record):
        return sayings.on_its_way(), None
    sent_at = clock.parse(record.sent_at)
    return sayings.how(record.told_by, sent_at), sent_at


def _named(ids: Sequence[str], problems: Mapping[str, Photo]) -> list[Photo]:
    return [problems[photo_id] for photo_id in ids if photo_id in problems]


def _sent(batch: Batch) -> str:
    return ngettext("%d photo sent", "%d photos sent", batch.expected) % batch.expected
