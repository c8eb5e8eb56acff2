"""The upload page, and what its form comes back with."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos.forms import UploadForm
from webapp.photos.http import Request, go
from webapp.photos.uploads import Receipt, receive

REPORT = "upload_report"


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
