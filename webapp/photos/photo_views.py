"""The page of one photo, and what its owner can do there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import catalog, corrections, downloads, facts, photo_page, reruns
from webapp.photos.corrections import Correction
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.favourites import set_favourite
from webapp.photos.forms import AddLabelForm
from webapp.photos.http import Request, compressed, go
from webapp.photos.index import index_seen
from webapp.photos.models import Photo
from webapp.photos.reruns import Rerun
from webapp.photos.ways import way_to
from webapp.review import asking
from webapp.review.forms import AppealForm

logger = logging.getLogger(__name__)


def _own_photo(request: Request, photo_id: UUID) -> Photo:
    return get_object_or_404(Photo.objects.of(request.user), pk=photo_id)


@compressed
@login_required
@require_safe
@never_cache
def photo(request: Request, photo_id: UUID) -> HttpResponse:
    return _page(request, _own_photo(request, photo_id), AddLabelForm())


def _page(request: Request, row: Photo, form: AddLabelForm, appeal_form: AppealForm | None = None) -> HttpResponse:
    way = way_to(row, request.GET)
    around = way.around()
    try:
        records = catalog.get_many([row, around.following] if around.following else [row], consistent=True)
        row.review = next((photo.review for photo in index_seen([row], records)), row.review)
    except AWS_ERRORS:
        logger.exception("photo %s is shown without its record", row.pk)
        return _page_without_record(request, photo_page.frame(row, way, around))
    if request.htmx and _is_as_seen(request, records.get(row.pk)):
        return HttpResponse(status=204)
    forms = {"form": form, "appeal_form": appeal_form or AppealForm()}
    return render(request, "photos/photo.html", {**photo_page.about(row, way, around, records), **forms})


def _is_as_seen(request: Request, record: contract.Photo | None) -> bool:
    """Whether an open page that asks in the background shows already how far its photo has come."""
    progress = photo_page.progress(record)
    return photo_page.status_of(record) in contract.OPEN and request.GET.get("seen", progress) == progress


def _address(request: Request, row: Photo) -> str:
    """A photo's page, on the way that this request was made on."""
    return way_to(row, request.GET).address_of(row)


def _page_without_record(request: Request, frame: dict[str, Any]) -> HttpResponse:
    """What the row knows, and that the rest cannot be had. One who asks in the background keeps what they see."""
    if request.htmx:
        return HttpResponse(status=503)
    context = {**frame, "is_picture_out": True, "facts": facts.facts(frame["photo"], None)}
    response = render(request, "photos/photo.html", context, status=503)
    response.headers["Retry-After"] = "60"
    return response


# --- Favourites, originals -------------------------------------------------------------------------------------------


@login_required
@require_POST
def favourite(request: Request, photo_id: UUID) -> HttpResponse:
    """As `favourite` says, "on" or "off"; without it, what the photo is not."""
    row = _own_photo(request, photo_id)
    row.favourite = {"on": True, "off": False}.get(request.POST.get("favourite", ""), not row.favourite)
    set_favourite(owner=request.user, photo_ids=[row.pk], favourite=row.favourite)
    if request.htmx:
        context = {"photo": row, "within": way_to(row, request.GET).within}
        return render(request, "photos/_favourite.html", context)
    return redirect(_address(request, row))


@login_required
@require_safe
@never_cache
def original(request: Request, photo_id: UUID) -> HttpResponse:
    """The uploaded file, from S3, as a file to keep."""
    row = _own_photo(request, photo_id)
    try:
        address = downloads.address_of(row)
    except AWS_ERRORS:
        logger.exception("the original of photo %s could not be looked for", row.pk)
        return _no_original(request, row, status=503)
    return redirect(address) if address else _no_original(request, row, status=404)


def _no_original(request: Request, row: Photo, *, status: int) -> HttpResponse:
    context = {"photo": row, "page": _address(request, row), "is_missing": status == 404}
    return render(request, "photos/no_original.html", context, status=status)


# --- Labels ----------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def add_label(request: Request, photo_id: UUID) -> HttpResponse:
    """Also this. With what is wrong with the label, the page is shown again here; a reload leads back to it."""
    row = _own_photo(request, photo_id)
    if request.method != "POST":
        return redirect(_address(request, row))
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
        messages.error(request, _("This could not be saved right now, and nothing was changed. Try again in a minute."))
        return go(request, _address(request, row))
    if outcome is Correction.DONE:
        return redirect(_address(request, row))  # which htmx follows, and takes its part from
    messages.warning(request, outcome.text)
    return go(request, _address(request, row))


# --- Review -----------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def appeal(request: Request, photo_id: UUID) -> HttpResponse:
    """Against what a reviewer decided, once. With what is wrong with the words, the page is shown again here; a reload
    leads back to it."""
    row = _own_photo(request, photo_id)
    if request.method != "POST":
        return redirect(_address(request, row))
    form = AppealForm(request.POST)
    if not form.is_valid():
        return _page(request, row, AddLabelForm(), form)
    if asking.appeal(photo=row, words=form.cleaned_data["words"]):
        messages.success(request, _("Somebody else will look at it. You get a mail with what they say."))
    else:
        messages.warning(request, _("There is nothing to ask for any more: this is how it was decided."))
    return redirect(_address(request, row))


# --- Trying again ----------------------------------------------------------------------------------------------------


@login_required
@require_POST
def retry(request: Request, photo_id: UUID) -> HttpResponse:
    """Process a failed photo again."""
    row = _own_photo(request, photo_id)
    outcome = reruns.retry(row, shown_attempt=request.POST.get("attempt", ""))
    (messages.success if outcome is Rerun.ASKED else messages.warning)(request, outcome.text)
    return redirect(_address(request, row))
