"""Selections of photos: what is done with them, and the trash."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp.photos import timeline, trash, zip_places
from webapp.photos.bulk import MOST, Asked, Outcome, act, back_already, not_in_gallery, nothing_selected, restore
from webapp.photos.conf import kept_in_trash
from webapp.photos.http import Request, compressed, go
from webapp.photos.models import PAGE_SIZE, Photo
from webapp.photos.zips import stream

UNDO = "undo_trashed"
UNDONE_LATER = 5


@login_required
@require_POST
def bulk(request: Request) -> HttpResponseBase:
    """Do something with many photos, and go back to where they were selected."""
    asked = Asked(request.user, _ids(request.POST.getlist("photo")), request.POST)
    if len(request.POST.getlist("photo")) > MOST:
        return _tell(request, Outcome(_("Select %d photos at most.") % MOST, went_well=False))
    match request.POST.get("do") or _meant(request.POST):
        case "download":
            return _zip(request, asked)
        case "delete" if "sure" not in request.POST and asked.photo_ids:
            return _ask(request, asked)
        case do:
            outcome = act(do, asked)
            return _tell(request, outcome or Outcome(_("Choose what to do with the photos."), went_well=False))


def _meant(form: QueryDict) -> str:
    """What to do when Enter was pressed in a field, which names no button."""
    fields = {"label": "label", "new_album": "album", "album": "album"}
    return next((do for field, do in fields.items() if form.get(field)), "")


def _ids(texts: Iterable[str]) -> list[UUID]:
    found = []
    for text in list(texts)[:MOST]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _tell(request: Request, outcome: Outcome) -> HttpResponse:
    tell = messages.success if outcome.went_well else messages.warning
    tell(request, outcome.text, extra_tags=f"undo {_remember(request, outcome)}" if outcome.undo else "")
    return go(request, _back(request))


def _remember(request: Request, outcome: Outcome) -> str:
    """A key to the photos that can be had back: each of several windows has its own."""
    key = get_random_string(12)
    earlier = list(request.session.get(UNDO, {}).items())[1 - UNDONE_LATER :]
    request.session[UNDO] = {**dict(earlier), key: [str(photo_id) for photo_id in outcome.undo]}
    return key


def _back(request: Request) -> str:
    address = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if is_ours else reverse("photos:gallery")


def _zip(request: Request, asked: Asked) -> HttpResponseBase:
    photos = asked.photos()
    if not photos:
        return _tell(request, not_in_gallery() if asked.photo_ids else nothing_selected())
    try:
        place = zip_places.take(request.user)
    except zip_places.NoPlace:
        return render(request, "photos/too_many_zips.html", {"back": _back(request)}, status=429)
    name = f"shoebox-{timezone.localdate():%Y-%m-%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    body = zip_places.Held(stream(photos), place)
    return StreamingHttpResponse(body, content_type="application/zip", headers=headers)


def _ask(request: Request, asked: Asked) -> HttpResponse:
    ids = Photo.objects.in_trash(request.user).filter(pk__in=asked.photo_ids).values_list("pk", flat=True)
    if not ids:
        return _tell(request, back_already())
    return render(request, "photos/delete_many.html", {"photo_ids": list(ids)})


# --- The trash -------------------------------------------------------------------------------------------------------


@login_required
@require_POST
def trash_photo(request: Request, photo_id: UUID) -> HttpResponse:
    """Throw one photo away; that can be undone."""
    photo = get_object_or_404(Photo.objects.of(request.user), pk=photo_id)
    trash.throw_away(owner=request.user, photo_ids=[photo.pk])
    text = _("%(name)s is in the trash.") % {"name": photo.file_name}
    return _tell(request, Outcome(text, undo=(photo.pk,)))


@compressed
@login_required
@require_safe
@never_cache
def trash_page(request: Request) -> HttpResponse:
    """What the person threw away, the latest first."""
    page = Paginator(Photo.objects.in_trash(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    tiles, are_pictures_out = timeline.tiles_or_blanks(list(page.object_list))
    context = {"page": page, "tiles": tiles, "are_pictures_out": are_pictures_out, "days": kept_in_trash().days}
    return render(request, "photos/trash.html", context, status=503 if are_pictures_out else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def empty_trash(request: Request) -> HttpResponse:
    """Asks once, then deletes all that is in the trash."""
    count = Photo.objects.in_trash(request.user).count()
    if request.method != "POST":
        return render(request, "photos/empty_trash.html", {"count": count})
    count, left = trash.empty_of(owner=request.user)
    said = ngettext("%d photo was deleted.", "%d photos were deleted.", count) % count
    if left:
        others = _("The others are still in your trash. Empty it again in a few minutes.")
        messages.warning(request, f"{said} {others}")
    else:
        messages.success(request, said)
    return redirect("photos:trash")


@login_required
@require_POST
def undo(request: Request) -> HttpResponse:
    """Restore what was thrown away when the window that asks was told so."""
    ids = _ids(request.session.get(UNDO, {}).get(request.POST.get("key", ""), []))
    return _tell(request, restore(Asked(request.user, ids, request.POST)))
