"""The pages of a gallery. Every one begins with the photos of whoever asks."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from webapp.photos import timeline
from webapp.photos.forms import is_readable
from webapp.photos.http import Request
from webapp.photos.models import PAGE_SIZE, Photo

MOST_LABELS = 10


@login_required
@require_safe
@never_cache
def gallery(request: Request) -> HttpResponse:
    chosen = _labels(request)
    cursor = request.GET.get("cursor", "")
    matching = Photo.objects.for_gallery(request.user).with_labels(chosen)
    page = matching.page(cursor)
    tiles, are_pictures_out = timeline.tiles_or_blanks(page.photos)
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


@login_required
@require_safe
@never_cache
def tiles(request: Request) -> HttpResponse:
    """The tiles of `?ids=` that have come to an end since, to be swapped in; 204 while there are none, 503 while nobody
    can tell."""
    ids = _ids(request.GET.get("ids", ""))
    chosen = _labels(request)
    mine = Photo.objects.for_gallery(request.user)
    found, are_pictures_out = timeline.tiles_or_blanks(list(mine.filter(pk__in=ids)))
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
