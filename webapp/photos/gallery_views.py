"""The pages of a gallery. Every one begins with the photos of whoever asks."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from webapp.photos import facets, failures, months, timeline
from webapp.photos.forms import is_readable
from webapp.photos.http import Request, compressed
from webapp.photos.models import PAGE_SIZE, Page, Photo, as_uuid
from webapp.photos.selection import Selection
from webapp.photos.standing import Standing, standing

READ = "failures_read"  # a cookie: up to when the failures were read, and by whom


@compressed
@login_required
@require_safe
@never_cache
@vary_on_headers("HX-Request")
def gallery(request: Request) -> HttpResponse:
    """A page of the timeline; for htmx the months of it alone, to be put before or behind others."""
    selection = Selection.parse(request.GET)
    page = _page(request, selection)
    if not page.photos and "before" in request.GET:
        return HttpResponse(status=204) if request.htmx else redirect(selection.address())
    tiles, are_pictures_out = timeline.tiles_or_blanks(page.photos)
    context = {"are_pictures_out": are_pictures_out, "is_part": bool(request.htmx), **_links(request, selection, page)}
    context |= {"months": timeline.by_month(tiles), **timeline.waiting(tiles, selection.query())}
    context["eager"] = timeline.first_pictures(tiles)
    if not request.htmx:
        context |= _top(request, selection)
    template = "photos/_timeline.html" if request.htmx else "photos/gallery.html"
    response = render(request, template, context, status=503 if are_pictures_out else 200)
    if are_pictures_out:
        response.headers["Retry-After"] = "60"
    return response


def _page(request: Request, selection: Selection) -> Page:
    """Behind `?cursor=`, ahead of `?before=`, or from the photo `?at=` on, wherever that stands by now."""
    cursor = request.GET.get("cursor", "")
    if at := as_uuid(request.GET.get("at", "")):
        photo = Photo.objects.of(request.user).filter(pk=at).only("timeline_at").first()
        cursor = photo.cursor_ahead if photo else cursor
    return selection.photos(request.user).page(cursor, before=request.GET.get("before", ""))


def _links(request: Request, selection: Selection, page: Page) -> dict[str, object]:
    before = urlencode({"before": page.previous_cursor})
    return {
        "selection": selection,
        "photo_query": _way(selection.query()),
        "newest": selection.address(),
        "older": selection.address(page.next_cursor) if page.next_cursor else "",
        "newer": f"{selection.address()}{'&' if selection else '?'}{before}" if page.previous_cursor else "",
        "is_first": not page.previous_cursor,
        "here": request.get_full_path(),
    }


def _way(query: str) -> str:
    """What a photo's address ends with, for `ways.way_to`."""
    return f"?{urlencode({'in': query})}" if query else ""


def _top(request: Request, selection: Selection) -> dict[str, object]:
    """What stands above the timeline. What failed, or is on its way, is said where everything is shown."""
    found = Standing([], {}) if selection else standing(request.user)
    return {
        "chips": facets.first_chips(request.user, selection, found.counts),
        "count_address": facets.address(selection) if selection else "",
        "failures": failures.failures(request.user, found.failed, read=request.COOKIES.get(READ, "")),
    }


@compressed
@login_required
@require_safe
@never_cache
def tiles(request: Request) -> HttpResponse:
    """The tiles of `?ids=` that have come to an end since, to be swapped in; 204 while there are none, 503 while nobody
    can tell. Above those of an `?album=` stands nothing that changes with them."""
    ids = _ids(request.GET.get("ids", ""))
    selection = Selection.parse(request.GET)
    found, are_pictures_out = timeline.tiles_or_blanks(list(Photo.objects.for_gallery(request.user).filter(pk__in=ids)))
    if are_pictures_out:
        return HttpResponse(status=503)  # htmx leaves the page as it is, and asks again
    finished = [tile for tile in found if not tile.is_open]
    gone = set(ids) - {tile.photo.pk for tile in found}
    if ids and not finished and not gone:
        return HttpResponse(status=204)
    album_id = as_uuid(request.GET.get("album", ""))
    query = urlencode({"album": album_id}) if album_id else selection.query()
    context = {"finished": finished, "gone": gone, "is_part": "part" in request.GET, "is_gallery": not album_id}
    context |= _links(request, selection, Page([], ""))
    context |= {**timeline.waiting(found, query), "photo_query": _way(query)}
    if not album_id:
        context |= _top(request, selection)
    return render(request, "photos/tiles.html", context)


def _ids(text: str) -> list[UUID]:
    return [found for part in text.split(",")[:PAGE_SIZE] if (found := as_uuid(part))]


# --- To choose from --------------------------------------------------------------------------------------------------


@login_required
@require_safe
@never_cache
def facet_counts(request: Request) -> HttpResponse:
    """The labels above a filtered timeline, with counts; for htmx alone."""
    selection = Selection.parse(request.GET)
    if not request.htmx:
        return redirect(selection.address())
    found = facets.facets(request.user, selection)
    return render(request, "photos/facets.html", {"facets": found, "chips": found.chips, "selection": selection})


@compressed
@login_required
@require_safe
@never_cache
def labels(request: Request) -> HttpResponse:
    """A person's labels that have `?find=` in them: a few for htmx, which asks while somebody types, else the gallery
    if one is meant, or all of them."""
    selection, text = Selection.parse(request.GET), request.GET.get("find", "")
    text = text if is_readable(text) else ""
    if request.htmx:
        return render(request, "photos/_options.html", {"chips": facets.find(request.user, selection, text)})
    if text and (name := facets.only(request.user, text)):
        return redirect(selection.with_label(name).address())
    chips = sorted(facets.find(request.user, selection, text, limit=None), key=lambda chip: chip.name.casefold())
    return render(request, "photos/labels.html", {"chips": chips, "selection": selection, "text": text})


@compressed
@login_required
@require_safe
@never_cache
def timeline_months(request: Request) -> HttpResponse:
    """The months that have photos, to jump to: a menu for htmx, else a page."""
    selection = Selection.parse(request.GET)
    context = {"years": months.years(request.user, selection), "selection": selection}
    return render(request, "photos/_months.html" if request.htmx else "photos/months.html", context)
