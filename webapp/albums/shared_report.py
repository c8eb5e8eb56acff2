"""Whoever has a link may say that something is wrong with a photo behind it. Nobody asks who they are."""

from __future__ import annotations

from http import HTTPStatus

from allauth.account.adapter import get_adapter
from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from webapp.albums import visits
from webapp.albums.models import AlbumPhoto, ShareLink
from webapp.albums.shared import cleared_entry, gone, through_link
from webapp.review import asking
from webapp.review.forms import ReportForm


@through_link("GET", "HEAD", "POST")
def report(request: HttpRequest, link: ShareLink, entry_id: str) -> HttpResponseBase:
    if not visits.is_let_in(request, link):
        return redirect(link)
    entry = cleared_entry(link, entry_id)
    if entry is None:
        return gone(request)
    form = ReportForm(request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return _page(request, link, entry, form)
    if not form.is_valid():
        return _page(request, link, entry, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    if not _may_report(request, link):
        return _page(request, link, entry, form, HTTPStatus.TOO_MANY_REQUESTS)
    if not asking.report(photo=entry.photo, reason=form.cleaned_data["reason"], words=form.cleaned_data["words"]):
        return gone(request)
    return render(request, "albums/shared_reported.html", {"link": link, "album_name": link.album.name})


def _may_report(request: HttpRequest, link: ShareLink) -> bool:
    """So many from one address, and so many through one link: what is more says nothing new to a reviewer."""
    address = get_adapter(request).get_client_ip(request)
    limits = [("share_report", address), ("share_report_of_all", str(link.pk))]
    return all(ratelimit.consume(request, action=action, key=key) for action, key in limits)


def _page(
    request: HttpRequest, link: ShareLink, entry: AlbumPhoto, form: ReportForm, status: HTTPStatus = HTTPStatus.OK
) -> HttpResponse:
    context = {
        "form": form,
        "link": link,
        "back": reverse("albums:shared_photo", args=[link.token, entry.pk]),
        "is_too_often": status is HTTPStatus.TOO_MANY_REQUESTS,
    }
    response = render(request, "albums/shared_report.html", context, status=status)
    # Without a referrer a browser names no origin either, and Django takes no form from nowhere.
    response.headers["Referrer-Policy"] = "same-origin"
    return response
