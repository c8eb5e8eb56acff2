"""How the pipeline is, and trying again what did not come to a good end."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from pipeline_lambdas.photo_pipeline import contract
from webapp.accounts.roles import Role, for_role
from webapp.costs import cap
from webapp.photos.models import Photo, Status, as_uuid
from webapp.photos.reruns import Rerun

from . import failures, plots, precision, reports, tasks
from .models import Campaign, LabelPrecision, Snapshot, SweepReport
from .pages import page

OLDEST, SWEEPS, SHOWN = 10, 10, 50
HELD = "The cap on costs would stop them again, and each try costs. They are tried again by themselves when it ends."


@for_role(Role.OPERATOR)
@require_safe
def pipeline(request: HttpRequest) -> HttpResponse:
    """How the pipeline is now, and was."""
    snapshots, counts = list(Snapshot.objects.all()), reports.count_statuses()
    by_hour, by_day = plots.by_hour(snapshots), plots.by_day(snapshots)
    waiting = Photo.objects.filter(status__in=[Status.UPLOADING, Status.PROCESSING, Status.DELETING])
    return page(
        request,
        "pipeline",
        title="Pipeline",
        statuses=[(status, status.label, counts.get(status.value, 0)) for status in Status],
        by_hour=by_hour,
        hour_rows=plots.as_rows(by_hour),
        by_day=by_day,
        day_rows=plots.as_rows(by_day),
        oldest=waiting.select_related("owner").order_by("uploaded_at")[:OLDEST],
        tasks_waiting=reports.tasks_waiting(),
        letters_waiting=reports.letters_waiting(),
        causes=failures.causes(),
        last_sweep=SweepReport.objects.first(),
        sweeps=SweepReport.objects.exclude(count=0)[:SWEEPS],
        worst=[row for row in precision.worst(5) if row.denied],
        campaign=Campaign.objects.filter(turn__isnull=False).first(),
    )


@for_role(Role.OPERATOR)
@require_http_methods(["GET", "POST"])
def failures_of(request: HttpRequest) -> HttpResponse:
    """The photos of one cause, `?cause=…`, to try some or all of them again."""
    code = request.GET.get("cause", "")
    if request.method == "POST":
        _run_again(request, code)
        return redirect(f"{reverse('operations:failures')}?{urlencode({'cause': code})}")
    photos = failures.of_cause(code)
    return page(
        request,
        "failures",
        title=f"Failures: {code or 'no cause'}",
        photos=photos[:SHOWN],
        count=photos.count(),
        code=code,
    )


def _run_again(request: HttpRequest, code: str) -> None:
    if code == contract.Failure.PAUSED and cap.current() is not None:
        messages.warning(request, HELD)
        return
    if request.POST.get("which") == "all":
        tasks.run_cause_again.delay(code, timezone.now().isoformat())
        messages.success(request, "All of them are tried again, some hundreds at a time.")
        return
    ids = [photo_id for each in request.POST.getlist("photo") if (photo_id := as_uuid(each))]
    became = failures.run_again(failures.of_cause(code).filter(pk__in=ids[:SHOWN]))
    for outcome, count in became.items():
        level = messages.SUCCESS if outcome is Rerun.ASKED else messages.WARNING
        messages.add_message(request, level, f"{count} × {outcome.text}")
    if not became:
        messages.warning(request, "No photo was chosen. Tick those that are to be tried again.")


@for_role(Role.OPERATOR)
@require_safe
def labels(request: HttpRequest) -> HttpResponse:
    """How right the model is about each label, the worst first."""
    newest = LabelPrecision.objects.order_by("-counted_at").first()
    rows = precision.worst()
    return page(request, "labels", title="Label precision", rows=rows, counted_at=newest.counted_at if newest else None)
