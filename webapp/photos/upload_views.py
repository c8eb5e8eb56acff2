"""The upload page, what its form comes back with, and what its script asks for: JSON in, JSON out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from pipeline_lambdas.photo_pipeline import contract
from webapp.accounts import quota
from webapp.photos import batches, direct
from webapp.photos.forms import AnnouncedFileForm, UploadForm
from webapp.photos.http import Request, go
from webapp.photos.intake import Facts, Refused, examine_announced
from webapp.photos.models import Batch
from webapp.photos.upload_words import words
from webapp.photos.uploads import Receipt, receive

REPORT = "upload_report"
MOST_ADDRESSES = 20
UNREADABLE = (AttributeError, KeyError, RecursionError, TypeError, ValueError)  # all that JSON of another shape raises


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: Request) -> HttpResponse:
    if request.user.closes_at:
        return render(request, "photos/no_uploads.html", status=403 if request.method == "POST" else 200)
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_bound and form.is_valid():
        return _tell(request, receive(owner=request.user, files=form.cleaned_data["photos"]))
    context = {
        "form": form,
        "room": quota.room(request.user),
        "report": request.session.pop(REPORT, None),
        "limits": _limits(),
        "words": words(),
    }
    return render(request, "photos/upload.html", context, status=422 if form.is_bound else 200)


def _tell(request: Request, receipt: Receipt) -> HttpResponse:
    """To the gallery; to the upload page again when it has something to say about the files that were refused."""
    received = len(receipt.received)
    if receipt.refused:
        refused = [{"name": each.name, "text": each.text} for each in receipt.refused]
        request.session[REPORT] = {
            "said": _say_refused(received, len(refused)),
            "refused": refused,
            "received": received,
        }
        return go(request, reverse("photos:upload"))
    messages.success(request, ngettext("%d photo received.", "%d photos received.", received) % received)
    return go(request, reverse("photos:gallery"))


def _say_refused(received: int, refused: int) -> str:
    said = ngettext(
        "%(count)d photo received, %(refused)d refused.", "%(count)d photos received, %(refused)d refused.", received
    )
    return said % {"count": received, "refused": refused}


def _limits() -> dict[str, object]:
    formats = contract.FORMATS.values()
    return {
        "bytes": contract.MAX_BYTES,
        "megabytes": contract.MAX_BYTES // 1_000_000,
        "megapixels": contract.MAX_PIXELS // 1_000_000,
        "side": contract.MIN_SIDE,
        "files": contract.MAX_BATCH,
        "accept": ",".join([*(format.media_type for format in formats), ".heic", ".heif"]),
    }


# --- For the script --------------------------------------------------------------------------------------------------


@login_required
@require_POST
def begin(request: Request) -> HttpResponse:
    """An open batch: `{"batch": id}`."""
    if request.user.closes_at:
        return _problem(429, _("Your account is about to be deleted, so it takes no photos. Keep it, then go on."))
    if not ratelimit.consume(request, action="upload_begin"):
        return _problem(429, _("You began very many uploads within an hour. Wait ten minutes, then go on."))
    if quota.room(request.user).is_full:
        return _problem(507, str(quota.FULL))
    return JsonResponse({"batch": batches.begin(owner=request.user).pk})


@login_required
@require_POST
def addresses(request: Request) -> HttpResponse:
    """What to do with each of `{"batch": id, "files": [...]}`, in their order: see `_as_json`."""
    if request.user.closes_at:
        return _problem(429, _("Your account is about to be deleted, so it takes no photos. Keep it, then go on."))
    try:
        said = _read(request)
        batch_id, announced = UUID(said["batch"]), [_announced(each) for each in _few(said["files"])]
        facts = [each for each in announced if isinstance(each, Facts)]
        places = iter(direct.find_places(owner=request.user, batch_id=batch_id, files=facts))
    except Batch.DoesNotExist:
        return _problem(404, _("There is no such upload of yours. Load this page again."))
    except direct.BatchClosed:
        return _problem(409, _("This upload has ended. Begin another one."))
    except UNREADABLE:
        return _unreadable()
    found = [_as_json(each if isinstance(each, Refused) else next(places)) for each in announced]
    return JsonResponse({"files": found})


def _announced(said: Mapping[str, object]) -> Facts | Refused:
    form = AnnouncedFileForm(dict(said))
    if not form.is_valid():
        return Refused(str(said.get("name", "")), _("This file cannot be read. Choose it again."))
    return examine_announced(form.cleaned_data)


def _few(files: Sequence[Mapping[str, object]]) -> Sequence[Mapping[str, object]]:
    if not 0 < len(files) <= MOST_ADDRESSES:
        raise ValueError(len(files))
    return files


def _as_json(place: direct.Place | Refused) -> dict[str, object]:
    """Why a file is refused; or the photo that it is, and an address to send it to, or else that it has arrived, or is
    a duplicate, or that the script shall ask again later."""
    if isinstance(place, Refused):
        return {"refused": place.text}
    found: dict[str, object] = {"photo": place.photo.pk, "link": place.photo.get_absolute_url()}
    if place.address:
        return {**found, "url": place.address.url, "headers": place.address.headers}
    if place.is_duplicate:
        return {**found, "duplicate": True, "is_in_trash": place.photo.trashed_at is not None, "why": place.photo.why}
    return {**found, "arrived" if place.has_arrived else "later": True}


@login_required
@require_POST
def cancel(request: Request) -> HttpResponse:
    """Take back `{"batch": id, "photos": [ids]}`."""
    try:
        said = _read(request)
        batch_id, photo_ids = UUID(said["batch"]), [UUID(each) for each in said["photos"]][: contract.MAX_BATCH]
    except UNREADABLE:
        return _unreadable()
    direct.cancel(owner=request.user, batch_id=batch_id, photo_ids=photo_ids)
    return HttpResponse(status=204)


@login_required
@require_POST
def finish(request: Request) -> HttpResponse:
    """Nothing more comes for `{"batch": id}`."""
    try:
        direct.finish(owner=request.user, batch_id=UUID(_read(request)["batch"]))
    except Batch.DoesNotExist:
        return _problem(404, _("There is no such upload of yours. Load this page again."))
    except UNREADABLE:
        return _unreadable()
    return HttpResponse(status=204)


def _read(request: Request) -> Any:
    return json.loads(request.body)


def _unreadable() -> HttpResponse:
    return _problem(400, _("This request could not be read. Load this page again, and choose your photos again."))


def _problem(status: int, text: str) -> HttpResponse:
    return JsonResponse({"error": text}, status=status)
