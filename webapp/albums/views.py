"""A person's albums, and each of them. Every one begins with the albums of whoever asks."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pipeline_lambdas.photo_pipeline import contract
from webapp.albums import albums as verbs
from webapp.albums import contents, pictures
from webapp.albums.forms import ChooseAlbumForm, NameForm, ShareForm
from webapp.albums.models import Album, AlbumPhoto, AlbumQuerySet, ShareLink
from webapp.photos import timeline
from webapp.photos.http import Request, compressed
from webapp.photos.models import Photo, as_uuid

ALBUMS_A_PAGE = 30
ALBUMS_TO_CHOOSE = 200


def own_album(request: Request, album_id: UUID) -> Album:
    return get_object_or_404(Album.objects.of(request.user), pk=album_id)


# --- All albums ------------------------------------------------------------------------------------------------------


@compressed
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def albums(request: Request) -> HttpResponse:
    form = NameForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        return redirect(verbs.create(owner=request.user, name=form.cleaned_data["name"]))
    listed = Album.objects.of(request.user).described()
    found, after = _page(listed, request.GET.get("after", ""))
    covers, are_pictures_out = pictures.covers(found)
    context = {
        "albums": [(album, covers.get(album.pk)) for album in found],
        "more": f"?{urlencode({'after': after})}" if after else "",
        "form": form,
        "are_pictures_out": are_pictures_out,
    }
    return answer(request, "albums/albums.html", context, form)


def answer(request: Request, template: str, context: dict[str, Any], form: Form | None = None) -> HttpResponse:
    """A page of pictures; 503 while there are none, and 422 with a form that came back."""
    are_out = context["are_pictures_out"]
    status = 503 if are_out else 422 if form and form.is_bound else 200
    response = render(request, template, context, status=status)
    if are_out:
        response.headers["Retry-After"] = "60"
    return response


def _page(albums: AlbumQuerySet, after: str) -> tuple[list[Album], str]:
    older_than = _uuids([after])
    found = list((albums.filter(pk__lt=older_than[0]) if older_than else albums)[: ALBUMS_A_PAGE + 1])
    return found[:ALBUMS_A_PAGE], str(found[ALBUMS_A_PAGE - 1].pk) if len(found) > ALBUMS_A_PAGE else ""


# --- One album -------------------------------------------------------------------------------------------------------


@compressed
@login_required
@require_safe
@never_cache
def album(request: Request, album_id: UUID) -> HttpResponse:
    return album_page(request, own_album(request, album_id), ShareForm())


def album_page(request: Request, album: Album, form: ShareForm) -> HttpResponse:
    after = request.GET.get("after", "") or album.shown().start_of(album, _entry_at(request, album))
    page = album.shown().page(album, after)
    tiles, are_pictures_out = pictures.tiles_or_blanks([entry.photo for entry in page.entries])
    links = ShareLink.objects.of(album)
    context = {
        "album": album,
        "count": album.shown().count(),
        "tiles": tiles,
        "photo_query": f"?{urlencode({'in': album.query})}",
        "eager": timeline.first_pictures(tiles),
        "here": request.get_full_path(),
        "after": after,
        "more": f"?{urlencode({'after': page.after})}" if page.after else "",
        "open_links": [link for link in links if link.is_open()],
        "ended_links": [link for link in links if not link.is_open()],
        "form": form,
        "are_pictures_out": are_pictures_out,
        **timeline.waiting(tiles, album.query),
    }
    return answer(request, "albums/album.html", context, form)


def _entry_at(request: Request, album: Album) -> AlbumPhoto | None:
    photo_id = as_uuid(request.GET.get("at", ""))
    return album.shown().filter(photo=photo_id).first() if photo_id else None


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: Request, album_id: UUID) -> HttpResponse:
    album = own_album(request, album_id)
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": album.name})
    if form.is_bound and form.is_valid():
        verbs.rename(album=album, name=form.cleaned_data["name"])
        return redirect(album)
    return render(request, "albums/rename.html", {"album": album, "form": form}, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: Request, album_id: UUID) -> HttpResponse:
    """Asks once, then deletes."""
    album = own_album(request, album_id)
    if request.method != "POST":
        return render(request, "albums/delete.html", {"album": album, "count": album.shown().count()})
    verbs.delete(album=album)
    messages.success(request, _("The album “%(name)s” is gone. Its photos are in your gallery.") % {"name": album.name})
    return redirect("albums:albums")


# --- Photos in and out -----------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def add(request: Request) -> HttpResponse:
    """Into which album `photo` (one or many) shall go: asks, and puts them there once it is told. A form of chosen
    photos may lead here, so a POST that names no album asks as well."""
    sent = request.POST if request.method == "POST" else request.GET
    photos = _own_photos(request, sent)
    if not photos:
        messages.warning(request, _("Choose at least one photo first."))
        return redirect(_way_back(request, sent))
    is_told = request.method == "POST" and sent.get("do") != "choose" and not {"album", "new_album"}.isdisjoint(sent)
    form = ChooseAlbumForm(sent if is_told else None, owner=request.user)
    if is_told and form.is_valid():
        album, said = form.put(photos)
        messages.success(request, said)
        return redirect(_way_back(request, sent, default=album.get_absolute_url()))
    has_albums = Album.objects.of(request.user).exists()
    context = {
        "form": form,
        "photos": photos,
        "next": sent.get("next", ""),
        "back": _way_back(request, sent),
        "fields": [form[name] for name in ("album", "new_album") if name != "album" or has_albums],
    }
    return render(request, "albums/add.html", context, status=422 if is_told else 200)


@login_required
@require_safe
@never_cache
def choice(request: Request) -> HttpResponse:
    """The person's albums to choose from, for a form about chosen photos (`photos/_album_choice.html`)."""
    return render(request, "albums/choice.html", {"albums": Album.objects.of(request.user)[:ALBUMS_TO_CHOOSE]})


@login_required
@require_POST
def remove(request: Request, album_id: UUID) -> HttpResponse:
    """Takes chosen photos out of the album; they stay in the gallery."""
    album = own_album(request, album_id)
    count = contents.remove(album=album, photos=_own_photos(request, request.POST))
    said = ngettext(
        "%(count)d photo is out of this album. It stays in your gallery.",
        "%(count)d photos are out of this album. They stay in your gallery.",
        count,
    )
    if count:
        messages.success(request, said % {"count": count})
    else:
        messages.warning(request, _("Choose at least one photo first."))
    return redirect(_way_back(request, request.POST, default=album.get_absolute_url()))


def _own_photos(request: Request, sent: QueryDict) -> list[Photo]:
    """Photos of `photo` that are the person's. 404 when some are named and none of them is."""
    named = sent.getlist("photo")[: contract.MAX_BATCH]
    photos = list(Photo.objects.for_gallery(request.user).filter(pk__in=_uuids(named)))
    if named and not photos:
        raise Http404
    return photos


def _uuids(texts: list[str]) -> list[UUID]:
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _way_back(request: Request, sent: QueryDict, *, default: str = "") -> str:
    """The page of this site that the form named as `next`."""
    to = sent.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(to, {request.get_host()}, require_https=request.is_secure())
    return to if is_ours else default or reverse("photos:gallery")
