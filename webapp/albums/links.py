"""The links of an album: its owner makes them and turns them off."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from webapp.albums import albums, shares
from webapp.albums.forms import ShareForm
from webapp.albums.models import Album, ShareLink
from webapp.albums.views import album_page, own_album
from webapp.photos.http import Request
from webapp.photos.models import Photo, Status


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def links(request: Request, album_id: UUID) -> HttpResponse:
    """A new link. With what is wrong with it, the album is shown again here; a reload leads back to it."""
    album = own_album(request, album_id)
    if request.method != "POST":
        return redirect(album)
    form = ShareForm(request.POST)
    if not form.is_valid():
        return album_page(request, album, form)
    shares.create(album=album, expires_at=form.expires_at(), password=form.cleaned_data["password"])
    messages.success(request, _("The link is made. Copy it, and send it to those who shall see the photos."))
    return _to_links(album)


def _to_links(album: Album) -> HttpResponseRedirect:
    return redirect(f"{album.get_absolute_url()}?share=1#share")


@login_required
@require_POST
def share_photo(request: Request, photo_id: UUID) -> HttpResponse:
    """To the links of an album of this photo alone."""
    photos = Photo.objects.for_gallery(request.user).filter(status=Status.READY)
    photo = get_object_or_404(photos, pk=photo_id)
    if photo.is_withheld:
        messages.warning(request, _("This photo cannot be shared: nobody but you may see it. Its page says why."))
        return redirect(photo)
    album = albums.provide_for_one(photo=photo)
    return redirect(f"{album.get_absolute_url()}?share=1")  # from its top: the person has not seen it yet


@login_required
@require_POST
def revoke(request: Request, album_id: UUID, link_id: int) -> HttpResponse:
    album = own_album(request, album_id)
    link = get_object_or_404(ShareLink.objects.of(album), pk=link_id)
    shares.revoke(link=link)
    messages.success(request, _("The link is off. Whoever has it sees nothing any more."))
    return _to_links(album)
