"""Sending photos in, and what is kept of them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from pipeline_lambdas.photo_pipeline import contract
from webapp.accounts import preferences
from webapp.photos import places
from webapp.photos.forms import KeepPlaceForm, UploadForm
from webapp.photos.http import Request, go
from webapp.photos.uploads import Receipt, receive

REPORT = "upload_report"


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
