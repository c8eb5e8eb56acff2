"""What became of each upload: what notices told, and what one that got lost would have told."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import catalog, clock
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.http import Request
from webapp.photos.models import Batch, Photo, Status
from webapp.photos.sentences import summary

logger = logging.getLogger(__name__)
PROBLEMS = 5


@dataclass(frozen=True)
class Notice:
    """One upload: what became of its photos, when a message said so (or None), by itself or in a summary, and its first
    problems."""

    batch: Batch
    summary: str
    is_open: bool = False
    sent_at: datetime | None = None
    summed_up_at: datetime | None = None
    problems: list[Photo] = field(default_factory=list)
    more_problems: int = 0
    had_problems: bool = False


@login_required
@require_safe
@never_cache
def notices(request: Request) -> HttpResponse:
    mine = Batch.objects.filter(owner=request.user, expected__gt=0).select_related("gathered__notice")
    batches, older = mine.page(request.GET.get("cursor", ""))
    try:
        records = catalog.get_batches(batches)
    except AWS_ERRORS:
        logger.exception("notices are shown without what became of the photos")
        context = {"notices": [Notice(batch, _sent(batch)) for batch in batches], "are_ends_out": True, "older": older}
        response = render(request, "photos/notices.html", context, status=503)
        response.headers["Retry-After"] = "60"
        return response
    problems = _problems(request, records)
    found = [notice for batch in batches if (notice := _notice(batch, records.get(batch.pk), problems))]
    return render(request, "photos/notices.html", {"notices": found, "older": older})


def _problems(request: Request, records: Mapping[UUID, contract.Batch]) -> dict[str, Photo]:
    """By id, the photos that are still not ready, of those that were not when their upload was done."""
    ids = [photo_id for record in records.values() for photo_id in record.rejected | record.failed]
    mine = Photo.objects.for_gallery(request.user).filter(status__in=[Status.REJECTED, Status.FAILED])
    return {str(pk): photo for pk, photo in mine.in_bulk([UUID(each) for each in ids]).items()} if ids else {}


def _notice(batch: Batch, record: contract.Batch | None, problems: Mapping[str, Photo]) -> Notice | None:
    """None when nothing is left of the upload."""
    if record is None or not record.is_complete:
        return Notice(batch, _sent(batch), is_open=True)
    if not record.ready | record.rejected | record.failed:
        return None
    shown = _named(sorted(record.rejected | record.failed), problems)
    return Notice(
        batch,
        summary(record),
        sent_at=clock.parse(record.sent_at),
        summed_up_at=_summed_up_at(batch),
        problems=shown[:PROBLEMS],
        more_problems=len(shown[PROBLEMS:]),
        had_problems=bool(record.rejected | record.failed),
    )


def _summed_up_at(batch: Batch) -> datetime | None:
    """When a digest told of it, if one did."""
    gathered = getattr(batch, "gathered", None)
    return gathered.notice.sent_at if gathered and gathered.notice else None


def _named(ids: Sequence[str], problems: Mapping[str, Photo]) -> list[Photo]:
    return [problems[photo_id] for photo_id in ids if photo_id in problems]


def _sent(batch: Batch) -> str:
    return ngettext("%d photo sent", "%d photos sent", batch.expected) % batch.expected
