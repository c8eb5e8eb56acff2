"""The page of one photo, and what its owner can do there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import catalog, corrections, deletion, facts, originals, places, presign, reruns, timeline
from webapp.photos.corrections import Correction
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.forms import AddLabelForm
from webapp.photos.history import history
from webapp.photos.http import Request, go
from webapp.photos.index import index_seen
from webapp.photos.label_rows import label_rows, names_to_offer
from webapp.photos.models import Photo, Status
from webapp.photos.reruns import Rerun

logger = logging.getLogger(__name__)
NOT_SAVED = "This could not be saved right now, and nothing was changed. Try again in a minute."


def _own_photo(request: Request, photo_id: UUID) -> Photo:
    return get_object_or_404(Photo.objects.for_gallery(request.user), pk=photo_id)


@login_required
@require_safe
@never_cache
def photo(request: Request, photo_id: UUID) -> HttpResponse:
    return _page(request, _own_photo(request, photo_id), AddLabelForm())


def _page(request: Request, row: Photo, form: AddLabelForm) -> HttpResponse:
    try:
        record = catalog.get(row)
        index_seen([row], {row.pk: record} if record else {})
    except AWS_ERRORS:
        logger.exception("photo %s is shown without its record", row.pk)
        return _page_without_record(request, row)
    status = catalog.status_of(record) if record else contract.Status.UPLOADING.value
    if request.htmx and status in contract.OPEN:
        return HttpResponse(status=204)
    return render(request, "photos/photo.html", {**_about(row, record, status), "form": form})


def _page_without_record(request: Request, row: Photo) -> HttpResponse:
    """What the row knows, and that the rest cannot be had. One who asks in the background keeps what they see."""
    if request.htmx:
        return HttpResponse(status=503)
    context = {"photo": row, "is_picture_out": True, "facts": facts.facts(row, None)}
    response = render(request, "photos/photo.html", context, status=503)
    response.headers["Retry-After"] = "60"
    return response


def _about(row: Photo, record: contract.Photo | None, status: str) -> dict[str, object]:
    display = record.renditions.get(contract.DISPLAY) if record else None
    labels = timeline.surest(contract.shown_labels(record)) if record else []
    is_missing, is_late = _arrival(row, record)
    return {
        "photo": row,
        "record": record,
        "status": status,
        "word": timeline.word_of(status),
        "labels": label_rows(record) if record else [],
        "label_names": names_to_offer(record) if record and status == Status.READY else [],
        "shows": ", ".join(label.name for label in labels[: timeline.TOP_LABELS]),
        "is_open": status in contract.OPEN,
        "can_retry": status == Status.FAILED and not is_missing,
        "came_late": is_late,
        "incomplete": facts.INCOMPLETE if record and display and record.original.incomplete else "",
        "display": display,
        "address": presign.addresses([display.key])[display.key] if display else "",
        "placeholder": timeline.placeholder_of(record) if record else "",
        "facts": facts.facts(row, record),
        "place": _place(record),
        "analysis": facts.analysis(record) if record else "",
        "history": history(row, record),
    }


def _place(record: contract.Photo | None) -> facts.PlaceFact | None:
    """Where the photo was taken, as long as its owner wants that kept."""
    if record is None or record.place is None or not places.are_kept(record.owner_id):
        return None
    return facts.place(record.place)


def _arrival(row: Photo, record: contract.Photo | None) -> tuple[bool, bool]:
    """Of a photo that was closed because it did not arrive: whether it is missing still, so that there is nothing to
    try again with, or has come since. S3 is asked about such a photo alone."""
    if not (record and record.reason and record.reason.code == contract.Failure.DID_NOT_ARRIVE):
        return False, False
    try:
        is_there = originals.find(row.key) is not None
    except AWS_ERRORS:
        logger.exception("nobody says whether photo %s has arrived since", row.pk)
        is_there = False
    return not is_there, is_there


# --- Labels ----------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def add_label(request: Request, photo_id: UUID) -> HttpResponse:
    """Also this. With what is wrong with the label, the page is shown again here; a reload leads back to it."""
    row = _own_photo(request, photo_id)
    if request.method != "POST":
        return redirect(row)
    form = AddLabelForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form)
    return _correct(request, row, partial(corrections.add, photo=row, name=form.cleaned_data["name"]))


@login_required
@require_POST
def deny_label(request: Request, photo_id: UUID) -> HttpResponse:
    """Not this."""
    row = _own_photo(request, photo_id)
    return _correct(request, row, partial(corrections.deny, photo=row, name=request.POST.get("name", "")))


@login_required
@require_POST
def undo_label(request: Request, photo_id: UUID) -> HttpResponse:
    """Neither said any more."""
    row = _own_photo(request, photo_id)
    return _correct(request, row, partial(corrections.take_back, photo=row, name=request.POST.get("name", "")))


def _correct(request: Request, row: Photo, correct: Callable[[], Correction]) -> HttpResponse:
    try:
        outcome = correct()
    except AWS_ERRORS:
        logger.exception("a correction of photo %s was not saved", row.pk)
        messages.error(request, NOT_SAVED)
        return go(request, row.get_absolute_url())
    if outcome is Correction.DONE:
        return redirect(row)  # which htmx follows, and takes its part from
    messages.warning(request, outcome.value)
    return go(request, row.get_absolute_url())


# --- Deleting, trying again ------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: Request, photo_id: UUID) -> HttpResponse:
    """Asks once, then deletes."""
    row = _own_photo(request, photo_id)
    if request.method != "POST":
        return render(request, "photos/delete.html", {"photo": row})
    deletion.begin([row])
    messages.success(request, f"{row.file_name} was deleted.")
    return redirect("photos:gallery")


@login_required
@require_POST
def retry(request: Request, photo_id: UUID) -> HttpResponse:
    """Process a failed photo again."""
    row = _own_photo(request, photo_id)
    outcome = reruns.retry(row, shown_attempt=request.POST.get("attempt", ""))
    (messages.success if outcome is Rerun.ASKED else messages.warning)(request, outcome.value)
    return redirect(row)
