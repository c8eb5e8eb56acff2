"""Pages of many photos, and of what is kept of them. Every one begins with the photos of whoever asks."""

from __future__ import annotations

import logging
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from pipeline_lambdas.photo_pipeline import contract
from webapp.accounts import preferences
from webapp.photos import places, timeline
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.forms import KeepPlaceForm, UploadForm, is_readable
from webapp.photos.http import Request, go
from webapp.photos.models import PAGE_SIZE, Photo
from webapp.photos.uploads import Receipt, receive

logger = logging.getLogger(__name__)
REPORT = "upload_report"
MOST_LABELS = 10


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
    said = f"{contract.count_photos(len(receipt.received))} received"
    if receipt.refused:
        refused = [{"name": each.name, "text": each.text} for each in receipt.refused]
        request.session[REPORT] = {
            "said": f"{said}, {len(refused)} refused.",
            "refused": refused,
            "received": len(receipt.received),
        }
        return go(request, reverse("photos:upload"))
    messages.success(request, f"{said}.")
    return go(request, reverse("photos:gallery"))


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
    return [label for label in dict.fromkeys(request.GET.getlist("label")) if is_readable(label)][:MOST_LABELS]


def _ids(text: str) -> list[UUID]:
    found = []
    for part in text.split(",")[:PAGE_SIZE]:
        try:
            found.append(UUID(part))
        except ValueError:
            continue
    return found


# --- Settings --------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: Request) -> HttpResponse:
    """What the person wants kept of their photos."""
    chosen = preferences.provide(user=request.user)
    form = KeepPlaceForm(request.POST if request.method == "POST" else None, initial={"keep_place": chosen.keep_place})
    if form.is_bound and form.is_valid():
        places.choose(user=request.user, keep=form.cleaned_data["keep_place"])
        return _say_saved(request, keep=form.cleaned_data["keep_place"])
    return render(request, "photos/settings.html", {"form": form})


def _say_saved(request: Request, *, keep: bool) -> HttpResponse:
    said = "Your choice is saved." if keep else "Your choice is saved. Places kept so far are being forgotten."
    if preferences.copy_if_possible(str(request.user.pk)):
        messages.success(request, said)
    else:
        messages.warning(request, f"{said} Photos that you upload in the next minutes may still follow the last one.")
    return redirect("photos:settings")
