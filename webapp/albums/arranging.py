"""Putting an album in order: one photo a time, by button, by key or by drawing it to its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from webapp.albums import albums, contents, pictures
from webapp.albums.models import Album, AlbumPhoto, place
from webapp.albums.views import answer, own_album
from webapp.photos.http import Request


@dataclass(frozen=True)
class Step:
    """What is asked for: something done with `entry`, beside `other` where it is moved to that."""

    album: Album
    entry: AlbumPhoto
    other: AlbumPhoto | None

    def place(self) -> str:
        """Where the photo stands now."""
        album = Album.objects.get(pk=self.album.pk)
        entry = AlbumPhoto.objects.select_related("photo").get(pk=self.entry.pk)
        before, count = album.shown().before(entry, album.order).count(), album.shown().count()
        return _("It is photo %(number)d of %(count)d now.") % {"number": before + 1, "count": count}


def _earlier(step: Step) -> str:
    return step.place() if contents.move_earlier(album=step.album, entry=step.entry) else _("It is the first photo.")


def _later(step: Step) -> str:
    return step.place() if contents.move_later(album=step.album, entry=step.entry) else _("It is the last photo.")


def _before(step: Step) -> str:
    if step.other is None:
        raise Http404
    contents.move_before(album=step.album, entry=step.entry, other=step.other)
    return step.place()


def _behind(step: Step) -> str:
    if step.other is None:
        raise Http404
    contents.move_behind(album=step.album, entry=step.entry, other=step.other)
    return step.place()


def _cover(step: Step) -> str:
    albums.choose_cover(album=step.album, entry=step.entry)
    return _("This photo is the cover now.")


def _remove(step: Step) -> str:
    contents.remove(album=step.album, photos=[step.entry.photo])
    return _("The photo is out of this album. It stays in your gallery.")


STEPS: dict[str, Callable[[Step], str]] = {
    "earlier": _earlier, "later": _later, "before": _before, "behind": _behind, "cover": _cover, "remove": _remove,
}  # fmt: skip


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def arrange(request: Request, album_id: UUID) -> HttpResponse:
    album = own_album(request, album_id)
    if request.method != "POST":
        return _page(request, album)
    if request.POST.get("do") == "day":
        contents.order_by_day(album=album)
        return _answer(request, album, _("The photos are in the order in which they were taken."))
    do = STEPS.get(request.POST.get("do", ""))
    if do is None:
        return HttpResponseBadRequest()
    entry = place(album, request.POST.get("entry", ""))
    if entry is None:
        raise Http404
    step = Step(album, entry, place(album, request.POST.get("other", "")))
    return _answer(request, album, do(step), near=step.entry)


def _answer(request: Request, album: Album, said: str, *, near: AlbumPhoto | None = None) -> HttpResponse:
    """The page again: at once for a script, which says the words itself, else with a message above it."""
    if request.htmx:
        return _page(request, Album.objects.get(pk=album.pk), said=said)
    messages.success(request, said)
    after = request.POST.get("after", "")
    query = f"?{urlencode({'after': after})}" if after else ""
    return redirect(f"{reverse('albums:arrange', args=[album.pk])}{query}{f'#card-{near.pk}' if near else ''}")


def _page(request: Request, album: Album, *, said: str = "") -> HttpResponse:
    after = request.POST.get("after", "") or request.GET.get("after", "")
    page = album.shown().page(album, after)
    first = _number_of_first(album, page.entries)
    tiles, are_pictures_out = pictures.tiles_or_blanks([entry.photo for entry in page.entries])
    context: dict[str, Any] = {
        "album": album,
        "cards": list(zip(range(first, first + len(tiles)), page.entries, tiles, strict=False)),
        "count": album.shown().count(),
        "after": after,
        "more": f"?{urlencode({'after': page.after})}" if page.after else "",
        "said": said,
        "are_pictures_out": are_pictures_out,
    }
    if request.htmx:
        return render(request, "albums/arrange.html", context)  # it takes in no other status
    return answer(request, "albums/arrange.html", context)


def _number_of_first(album: Album, entries: list[AlbumPhoto]) -> int:
    return album.shown().before(entries[0], album.order).count() + 1 if entries else 1
