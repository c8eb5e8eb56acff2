"""Pages of photos. Every one of them begins with the photos of whoever asks."""

from __future__ import annotations

import logging
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import catalog, deletion, facts, presign, timeline
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.forms import UploadForm
from webapp.photos.index import index_seen
from webapp.photos.models import PAGE_SIZE, Photo, Status
from webapp.photos.reruns import Rerun, rerun
from webapp.photos.uploads import Receipt, receive

logger = logging.getLogger(__name__)
REPORT = "upload_report"
MOST_LABELS = 10


class Request(HttpRequest):
    """As the middleware leaves it."""

    htmx: HtmxDetails


# --- Upload ----------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: Request) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_bound and form.is_valid():
        return _tell(request, receive(owner=request.user, files=form.cleaned_data["photos"]))
    context = {"form": form, "report": request.session.pop(REPORT, None), "limits": _limits()}
    return render(request, "photos/upload.html", context, status=422 if form.is_bound else 200)


def _tell(request: Request, receipt: Receipt) -> HttpResponse:
    """To the gallery; to the upload page again when it has something to say about the files that were refused."""
    said = f"{_photos(len(receipt.received))} received"
    if receipt.refused:
        refused = [{"name": each.name, "text": each.text} for each in receipt.refused]
        request.session[REPORT] = {
            "said": f"{said}, {len(refused)} refused.",
            "refused": refused,
            "received": len(receipt.received),
        }
        return _go(request, reverse("photos:upload"))
    messages.success(request, f"{said}.")
    return _go(request, reverse("photos:gallery"))


def _go(request: Request, address: str) -> HttpResponse:
    # A script that sends the form would follow a redirect by itself, and swallow the message of the page behind it.
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count} photos"


def _limits() -> dict[str, object]:
    formats = contract.FORMATS.values()
    return {
        "bytes": contract.MAX_BYTES,
        "megabytes": contract.MAX_BYTES // 1_000_000,
        "megapixels": contract.MAX_PIXELS // 1_000_000,
        "files": contract.MAX_BATCH,
        "accept": ",".join([*(format.media_type for format in formats), ".heic", ".heif"]),
    }


# --- Gallery ---------------------------------------------------------------------------------------------------------


@login_required
@require_safe
@never_cache
def gallery(request: Request) -> HttpResponse:
    chosen = _labels(request)
    cursor = request.GET.get("cursor", "")
    matching = Photo.objects.for_gallery(request.user).with_labels(chosen)
    page = matching.page(cursor)
    tiles, are_pictures_out = _tiles_or_blanks(page.photos)
    context = {
        "are_pictures_out": are_pictures_out,
        "months": timeline.by_month(tiles),
        **timeline.waiting(tiles, chosen),
        **timeline.chip_rows(request.user, chosen, matching),
        "chosen": chosen,
        "cursor": cursor,
        "newest": timeline.gallery_address(chosen),
        "older": timeline.older_address(chosen, page.next_cursor) if page.next_cursor else "",
    }
    response = render(request, "photos/gallery.html", context, status=503 if are_pictures_out else 200)
    if are_pictures_out:
        response.headers["Retry-After"] = "60"
    return response


def _tiles_or_blanks(photos: list[Photo]) -> tuple[list[timeline.Tile], bool]:
    """Tiles, and whether their pictures and labels are missing because the records cannot be read."""
    try:
        return timeline.tiles_of(photos), False
    except AWS_ERRORS:
        logger.exception("the gallery is shown without pictures")
        return timeline.blank_tiles_of(photos), True


@login_required
@require_safe
@never_cache
def tiles(request: Request) -> HttpResponse:
    """The tiles of `?ids=` that have come to an end since, to be swapped in; 204 while there are none, 503 while nobody
    can tell."""
    ids = _ids(request.GET.get("ids", ""))
    chosen = _labels(request)
    mine = Photo.objects.for_gallery(request.user)
    found, are_pictures_out = _tiles_or_blanks(list(mine.filter(pk__in=ids)))
    if are_pictures_out:
        return HttpResponse(status=503)  # htmx leaves the page as it is, and asks again
    finished = [tile for tile in found if not tile.is_open]
    gone = set(ids) - {tile.photo.pk for tile in found}
    if ids and not finished and not gone:
        return HttpResponse(status=204)
    context = {
        "finished": finished,
        "gone": gone,
        **timeline.chip_rows(request.user, chosen, mine.with_labels(chosen)),
        **timeline.waiting(found, chosen),
    }
    return render(request, "photos/tiles.html", context)


def _labels(request: Request) -> list[str]:
    """Each label of `?label=` once, as far as it can be one; every one of them is a join."""
    return [label for label in dict.fromkeys(request.GET.getlist("label")) if label.isprintable()][:MOST_LABELS]


def _ids(text: str) -> list[UUID]:
    found = []
    for part in text.split(",")[:PAGE_SIZE]:
        try:
            found.append(UUID(part))
        except ValueError:
            continue
    return found


# --- One photo -------------------------------------------------------------------------------------------------------


def _own_photo(request: Request, photo_id: UUID) -> Photo:
    return get_object_or_404(Photo.objects.for_gallery(request.user), pk=photo_id)


@login_required
@require_safe
@never_cache
def photo(request: Request, photo_id: UUID) -> HttpResponse:
    row = _own_photo(request, photo_id)
    record = catalog.get(row)
    index_seen([row], {row.pk: record} if record else {})
    status = catalog.status_of(record) if record else contract.Status.UPLOADING.value
    if request.htmx and status in contract.OPEN:
        return HttpResponse(status=204)
    return render(request, "photos/photo.html", _about(row, record, status))


def _about(row: Photo, record: contract.Photo | None, status: str) -> dict[str, object]:
    display = record.renditions.get(contract.DISPLAY) if record else None
    labels = timeline.surest(record.labels) if record else []
    return {
        "photo": row,
        "record": record,
        "status": status,
        "word": timeline.word_of(status),
        "labels": labels,
        "shows": ", ".join(label.name for label in labels[: timeline.TOP_LABELS]),
        "is_open": status in contract.OPEN,
        "can_retry": status == Status.FAILED and not _never_arrived(record),
        "display": display,
        "address": presign.addresses([display.key])[display.key] if display else "",
        "facts": facts.facts(row, record),
        "history": facts.history(row, record),
    }


def _never_arrived(record: contract.Photo | None) -> bool:
    """Whether there is nothing to try again with."""
    return bool(record and record.reason and record.reason.code == contract.Failure.DID_NOT_ARRIVE)


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
    """Process a failed photo again. One that was refused would be refused again."""
    row = _own_photo(request, photo_id)
    record = catalog.get(row)
    if record is None or record.status != contract.Status.FAILED:
        messages.info(request, "Only a failed photo can be tried again.")
        return redirect(row)
    outcome = rerun(row)
    (messages.success if outcome is Rerun.ASKED else messages.warning)(request, outcome.value)
    return redirect(row)
