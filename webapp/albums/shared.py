"""What whoever has a link sees of an album: cleared photos' pictures, through this site, and nothing else.

Every answer, of a picture too, begins with the link and the photo as they are now. No account is asked for, and nothing
of the person who shares is on these pages, in their addresses or in their headers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from csp.constants import SELF
from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from pipeline_lambdas.photo_pipeline import contract
from webapp.albums import pictures, visits
from webapp.albums.forms import UnlockForm
from webapp.albums.models import AlbumPhoto, ShareLink, is_opaque
from webapp.albums.renditions import open_rendition
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.http import compressed

logger = logging.getLogger(__name__)
HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# The site's own policy names the buckets, for the sake of their owners.
POLICY = {"img-src": [SELF, "data:"], "connect-src": [SELF]}

View = Callable[..., HttpResponseBase]


def through_link(*methods: str) -> Callable[[View], View]:
    """A view of an open link. What is wrong with any other is not told: they are all the same page."""

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, token: str, **names: Any) -> HttpResponseBase:
            links = ShareLink.objects.open().filter(token=token).select_related("album")
            link = links.first() if is_opaque(token) else None
            response = _answer(request, link, **names) if link else gone(request)
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        def _answer(request: HttpRequest, link: ShareLink, **names: Any) -> HttpResponseBase:
            return view(request, link, **names) if request.method in methods else HttpResponseNotAllowed(methods)

        without_buckets: View = csp_replace(POLICY)(answer)  # type: ignore[arg-type]  # it knows views of one argument
        return without_buckets

    return decorate


def gone(request: HttpRequest) -> HttpResponse:
    return render(request, "albums/gone.html", status=404)


@compressed
@through_link("GET", "HEAD", "POST")
def album(request: HttpRequest, link: ShareLink) -> HttpResponseBase:
    if not visits.is_let_in(request, link):
        return _ask_for_password(request, link)
    if request.method == "POST":
        return redirect(link)  # it needs no password, or no longer
    visits.count_once(request, link)
    cleared = link.album.cleared()
    at = cleared_entry(link, request.GET.get("at", ""))
    page = cleared.page(link.album, request.GET.get("after", "") or cleared.start_of(link.album, at))
    numbers = _numbers(link, page.entries)
    records = pictures.records_for_others(page.entries, rendition=contract.THUMB)
    tiles = [
        pictures.tile_for_others(link, entry, records.get(entry.photo_id), rendition=contract.THUMB)
        for entry in page.entries
    ]
    context = {
        "link": link,
        "album_name": link.album.name,
        "count": cleared.count(),
        "tiles": list(zip(numbers, page.entries, tiles, strict=True)),
        "is_first": numbers.start == 1,
        "more": f"?{urlencode({'after': page.after})}" if page.after else "",
    }
    return render(request, "albums/shared.html", context)


def _numbers(link: ShareLink, entries: list[AlbumPhoto]) -> range:
    """The numbers that entries of a page have in their album."""
    before = link.album.cleared().before(entries[0], link.album.order).count() if entries else 0
    return range(before + 1, before + 1 + len(entries))


def _ask_for_password(request: HttpRequest, link: ShareLink) -> HttpResponse:
    form = UnlockForm(request.POST if request.method == "POST" else None, link=link)
    if form.is_bound and not visits.may_try(request, link):
        return _password_page(request, UnlockForm(link=link), HTTPStatus.TOO_MANY_REQUESTS)
    if form.is_bound and form.is_valid():
        visits.let_in(request, link)
        return redirect(link)
    return _password_page(request, form, HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK)


def _password_page(request: HttpRequest, form: UnlockForm, status: HTTPStatus) -> HttpResponse:
    context = {"form": form, "is_too_often": status is HTTPStatus.TOO_MANY_REQUESTS}
    response = render(request, "albums/locked.html", context, status=status)
    # Without a referrer a browser names no origin either, and Django takes no form from nowhere.
    response.headers["Referrer-Policy"] = "same-origin"
    return response


@through_link("GET", "HEAD")
def photo(request: HttpRequest, link: ShareLink, entry_id: str) -> HttpResponseBase:
    """One photo as large as the window, and the ones beside it."""
    if not visits.is_let_in(request, link):
        return redirect(link)
    entry = cleared_entry(link, entry_id)
    if entry is None:
        return gone(request)
    visits.count_once(request, link)
    cleared, order = link.album.cleared(), link.album.order
    record = pictures.records_for_others([entry], rendition=contract.DISPLAY).get(entry.photo_id)
    before = cleared.before(entry, order)
    context = {
        "link": link,
        "album_name": link.album.name,
        "back": f"{link.get_absolute_url()}?{urlencode({'at': entry.pk})}#photo-{entry.pk}",
        "tile": pictures.tile_for_others(link, entry, record, rendition=contract.DISPLAY),
        "number": before.count() + 1,
        "count": cleared.count(),
        "previous": _address(link, before.last()),
        "next": _address(link, cleared.behind(entry, order).first()),
        "report": reverse("albums:shared_report", args=[link.token, entry.pk]),
    }
    return render(request, "albums/shared_photo.html", context)


def _address(link: ShareLink, entry: AlbumPhoto | None) -> str:
    return reverse("albums:shared_photo", args=[link.token, entry.pk]) if entry else ""


def cleared_entry(link: ShareLink, entry_id: str) -> AlbumPhoto | None:
    return link.album.cleared().filter(pk=entry_id).first() if is_opaque(entry_id) else None


@through_link("GET", "HEAD")
def picture(request: HttpRequest, link: ShareLink, entry_id: str, rendition: str) -> HttpResponseBase:
    entry = cleared_entry(link, entry_id) if visits.is_let_in(request, link) else None
    if entry is None:
        return gone(request)
    try:
        return _picture(request, entry, rendition)
    except AWS_ERRORS:
        logger.exception("a picture of share %s could not be read", link.pk)
        return HttpResponse(status=503, headers={"Retry-After": "60"})


def _picture(request: HttpRequest, entry: AlbumPhoto, rendition: str) -> HttpResponseBase:
    record = pictures.records_with(rendition, [entry.photo]).get(entry.photo_id)
    drawn = record.renditions.get(rendition) if record else None
    found = open_rendition(drawn.key) if drawn else None
    if found is None:
        return gone(request)
    return StreamingHttpResponse(found, content_type="image/webp", headers={"Content-Length": str(found.size)})
