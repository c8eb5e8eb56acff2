"""Campaigns: planned, started, watched, and taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from pipeline_lambdas.photo_pipeline import contract
from webapp.accounts.roles import Role, for_role
from webapp.costs import cap
from webapp.photos import catalog, presign
from webapp.photos.errors import AWS_ERRORS

from . import campaigns as verbs
from .forms import CampaignForm
from .models import TOP, Campaign, CampaignPhoto, CampaignStatus, PhotoStatus
from .pages import page

SHOWN, SAMPLES, PROBLEMS = 50, 12, 20
NO_ANSWER = "AWS did not answer, and nothing was noted. Try again in a minute."
ACTS: dict[str, Callable[[Campaign], None]] = {
    each.__name__: each
    for each in (verbs.start, verbs.pause, verbs.resume, verbs.cancel, verbs.roll_back, verbs.discard)
}
OFFERED = {
    CampaignStatus.ESTIMATED: [("start", "Start"), ("discard", "Discard")],
    CampaignStatus.RUNNING: [("pause", "Pause"), ("cancel", "Cancel")],
    CampaignStatus.PAUSED: [("resume", "Resume"), ("cancel", "Cancel")],
    CampaignStatus.FINISHED: [("roll_back", "Roll back")],
    CampaignStatus.CANCELLED: [("roll_back", "Roll back")],
}


@for_role(Role.OPERATOR)
@require_http_methods(["GET", "POST"])
def campaigns(request: HttpRequest) -> HttpResponse:
    """All campaigns, and the form for another."""
    form = CampaignForm(request.POST if request.method == "POST" else None, initial={"name": verbs.next_name()})
    if request.method == "POST" and form.is_valid():
        planned = _plan(request, form)
        if planned is not None:
            return redirect(planned)
    status = 422 if form.errors else 200
    return page(
        request, "campaigns", title="Campaigns", status=status, form=form, campaigns=Campaign.objects.all()[:SHOWN]
    )


def _plan(request: HttpRequest, form: CampaignForm) -> Campaign | None:
    try:
        return verbs.plan(by=request.user, **form.cleaned_data)
    except AWS_ERRORS:
        form.add_error(None, NO_ANSWER)
        return None


@for_role(Role.OPERATOR)
@require_http_methods(["GET", "POST"])
def campaign(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """One campaign: what it takes, how far it is, what it changed."""
    shown = get_object_or_404(Campaign, pk=campaign_id)
    if request.method == "POST":
        return _act(request, shown)
    return page(request, "campaign", title=shown.name, **_describe(shown))


def _act(request: HttpRequest, shown: Campaign) -> HttpResponse:
    act = ACTS.get(request.POST.get("action", ""))
    try:
        if act is not None:
            act(shown)
    except verbs.Refused as refused:
        messages.warning(request, str(refused))
    else:
        if act is verbs.discard:
            return redirect("operations:campaigns")
    return redirect(shown)


def _describe(shown: Campaign) -> dict[str, Any]:
    counts = shown.counts()
    ended = sum(counts[status] for status in (PhotoStatus.DONE, PhotoStatus.SKIPPED, PhotoStatus.FAILED))
    taken_back = counts[PhotoStatus.RESTORED] + counts[PhotoStatus.KEPT]
    labels = shown.labels.all()
    return {
        "campaign": shown,
        "minutes": round(shown.estimate["seconds"] / 60),
        "acts": OFFERED.get(CampaignStatus(shown.status), []),
        "paused": cap.current() if shown.status == CampaignStatus.RUNNING else None,
        "left": cap.left() if shown.status == CampaignStatus.ESTIMATED else None,
        "is_moving": shown.turn is not None,
        "is_back": shown.status in (CampaignStatus.ROLLING_BACK, CampaignStatus.ROLLED_BACK),
        "restored": counts[PhotoStatus.RESTORED],
        "kept": counts[PhotoStatus.KEPT],
        "counts": [(PhotoStatus(status).label, count) for status, count in counts.items() if count],
        "ended": ended + taken_back,
        "all": sum(counts.values()),
        "gained": labels.filter(gained__gt=0).order_by("-gained", "name")[:TOP],
        "lost": labels.filter(lost__gt=0).order_by("-lost", "name")[:TOP],
        "samples": _samples(shown),
        "problems": shown.photos.filter(status__in=[PhotoStatus.FAILED, PhotoStatus.SKIPPED]).select_related("photo")[
            :PROBLEMS
        ],
    }


def _samples(shown: Campaign) -> list[dict[str, Any]]:
    """The photos that changed most, with the address of a picture, where AWS answers. What is withheld staff see in the
    review alone."""
    rows = list(shown.photos.filter(changes__gt=0).select_related("photo").order_by("-changes", "pk")[:SAMPLES])
    addresses = _addresses(rows)
    return [
        {
            "row": row,
            "address": addresses.get(row.photo_id, ""),
            "before": _marked(row.shown_before, other=row.shown_after),
            "after": _marked(row.shown_after, other=row.shown_before),
        }
        for row in rows
    ]


def _addresses(rows: list[CampaignPhoto]) -> dict[UUID, str]:
    try:
        records = catalog.get_outlines([row.photo for row in rows if not row.photo.is_withheld])
    except AWS_ERRORS:
        return {}
    keys = {pk: record.renditions[contract.THUMB].key for pk, record in records.items() if record.renditions}
    signed = presign.addresses(keys.values())
    return {pk: signed[key] for pk, key in keys.items()}


def _marked(labels: list[tuple[str, float]], *, other: list[tuple[str, float]]) -> list[tuple[str, float, bool]]:
    """Name, confidence, and whether the other side does not have it."""
    names = {name for name, _confidence in other}
    return [(name, confidence, name not in names) for name, confidence in labels]
