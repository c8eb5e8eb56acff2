"""Photos and batches for staff. A page reads DynamoDB once, whatever it lists."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import catalog, dead_letters_admin, deletion, presign
from webapp.photos.models import Batch, Photo, PhotoLabel, Status
from webapp.photos.reruns import Rerun, rerun
from webapp.photos.timeline import surest

NOTHING = "–"
NAMED = 50  # photos that are named before they are deleted
LAST = UUID(int=2**128 - 1)


class ReadOnlyAdmin(admin.ModelAdmin):
    """To look at and act on: rows are written by the site's own verbs alone."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


class PhotoChangeList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        attach_records(self.result_list, rendition=contract.THUMB)


def attach_records(photos: list[Any], *, rendition: str) -> None:
    """Give rows their `record` and the `address` of a rendition, in one call to DynamoDB and none to S3."""
    records = catalog.get_many(photos)
    shown = {pk: record.renditions[rendition] for pk, record in records.items() if rendition in record.renditions}
    addresses = presign.addresses(picture.key for picture in shown.values())
    for photo in photos:
        photo.record = records.get(photo.pk)
        # What is withheld staff see in the review alone, where it is blurred, and for reviewers.
        photo.picture = None if photo.is_withheld else shown.get(photo.pk)
        photo.address = addresses[photo.picture.key] if photo.picture else ""


@admin.register(Photo)
class PhotoAdmin(ReadOnlyAdmin):
    list_display = ("thumbnail", "file", "state", "label_names", "uploaded")
    list_display_links = ("thumbnail", "file")
    list_filter = ("status", "reason_code", "cleared", "review", "uploaded_at")
    list_select_related = ("owner",)
    list_per_page = 50
    view_on_site = False  # what is there is its owner's alone
    search_fields = ("file_name", "owner__email")
    search_help_text = "File name, owner's mail address, label or id"
    show_full_result_count = False
    actions = ("run_again", "delete_photos")
    fieldsets = (
        (None, {"fields": ("display", "file_name", "owner", "state", "label_names")}),
        ("File", {"fields": ("id", "key", "bytes", "width", "height", "sha256", "taken_at", "camera")}),
        ("Run", {"fields": ("uploaded_at", "batch", "run_id", "attempt", "waiting_since", "indexed_at")}),
        ("Others", {"fields": ("cleared", "review")}),
        ("Record", {"fields": ("record_state", "steps")}),
    )

    def get_urls(self) -> list[URLPattern]:
        ours = path("dead-letters/", self.admin_site.admin_view(self.dead_letters), name="photos_photo_dead_letters")
        return [ours, *super().get_urls()]

    def dead_letters(self, request: HttpRequest) -> HttpResponse:
        return dead_letters_admin.page(request, {**self.admin_site.each_context(request), "title": "Dead letters"})

    def get_changelist(self, request: HttpRequest, **_kwargs: Any) -> type[ChangeList]:  # noqa: ARG002
        return PhotoChangeList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Photo | None:
        photo = super().get_object(request, object_id, from_field)
        if photo is not None:
            attach_records([photo], rendition=contract.DISPLAY)
        return photo

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Photo], search_term: str
    ) -> tuple[QuerySet[Photo], bool]:
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if not search_term:
            return found, may_repeat
        labelled = PhotoLabel.objects.filter(photo=OuterRef("pk"), name__iexact=search_term.strip())
        return queryset.filter(Q(pk__in=found.values("pk")) | Exists(labelled) | _is(search_term)), False

    # --- Columns ---

    @admin.display(description="photo")
    def thumbnail(self, photo: Any) -> str:
        return _image(photo)

    @admin.display(description="photo")
    def display(self, photo: Any) -> str:
        return _image(photo)

    @admin.display(description="file and owner", ordering="file_name")
    def file(self, photo: Photo) -> str:
        return format_html('{}<br><span class="photo-owner">{}</span>', photo.file_name, photo.owner)

    @admin.display(description="status and reason", ordering="status")
    def state(self, photo: Any) -> str:
        # The record knows first; but a row that is being deleted is, whatever its record says.
        status = Status(photo.status)
        if photo.record and status != Status.DELETING:
            status = Status(catalog.status_of(photo.record))
        word = format_html('<span class="status status-{}">{}</span>', status, status.label)
        return format_html("{}{}", word, self._why(photo))

    @admin.display(description="labels")
    def label_names(self, photo: Any) -> str:
        labels = surest(contract.shown_labels(photo.record)) if photo.record else []
        return ", ".join(label.name for label in labels[:8]) or NOTHING

    @staticmethod
    def _why(photo: Any) -> str:
        reason = photo.record.reason if photo.record else None
        if reason is None:
            return ""
        detail = reason.detail or reason.code
        return format_html('<p class="photo-reason">{}</p><code class="photo-detail">{}</code>', reason.text, detail)

    @admin.display(description="uploaded", ordering="uploaded_at")
    def uploaded(self, photo: Photo) -> str:
        return f"{timezone.localtime(photo.uploaded_at):%Y-%m-%d %H:%M}"

    @admin.display(description="record")
    def record_state(self, photo: Any) -> str:
        record = photo.record
        if record is None:
            return "There is none."
        return f"{record.status}, attempt {record.attempt}, run {record.run_id or NOTHING}, since {record.updated_at}"

    @admin.display(description="steps")
    def steps(self, photo: Any) -> str:
        steps = photo.record.steps if photo.record else []
        return format_html(STEPS, format_html_join("", STEP, map(_step, steps))) if steps else NOTHING

    # --- Actions ---

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("photos.delete_photo")

    def has_rerun_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("photos.change_photo")

    @admin.action(description="Run again", permissions=["rerun"])
    def run_again(self, request: HttpRequest, photos: QuerySet[Photo]) -> None:
        for outcome, count in Counter(rerun(photo) for photo in photos).items():
            level = messages.SUCCESS if outcome is Rerun.ASKED else messages.WARNING
            self.message_user(request, f"{count} × {outcome.value}", level)

    @admin.action(description="Delete", permissions=["erase"])
    def delete_photos(self, request: HttpRequest, photos: QuerySet[Photo]) -> TemplateResponse | None:
        if "confirmed" not in request.POST:
            return TemplateResponse(
                request, "admin/photos/photo/confirm_delete.html", self._to_confirm(request, photos)
            )
        chosen = list(photos.filter(pk__lte=_uuid(request.POST.get("newest", "")) or LAST))
        deletion.begin(chosen, by=request.user)
        said = "1 photo is being deleted." if len(chosen) == 1 else f"{len(chosen)} photos are being deleted."
        self.message_user(request, said, messages.SUCCESS)
        return None

    def _to_confirm(self, request: HttpRequest, photos: QuerySet[Photo]) -> dict[str, Any]:
        """All that a search found go by the search, and not by a field each, of which Django takes a thousand. What
        was uploaded since is left out of it."""
        count, newest = photos.count(), photos.order_by("-pk").first()
        return {
            **self.admin_site.each_context(request),
            "title": "Delete photos",
            "count": count,
            "photos": photos[:NAMED],
            "more": max(count - NAMED, 0),
            "chosen": [newest] if request.POST.get("select_across") == "1" else photos,
            "select_across": request.POST.get("select_across", "0"),
            "newest": newest,
        }


STEPS = (
    '<table class="photo-steps"><thead><tr><th scope="col">Attempt</th><th scope="col">Step</th>'
    '<th scope="col">Outcome</th><th scope="col">Began</th><th scope="col">ms</th><th scope="col">Run, detail</th>'
    "</tr></thead><tbody>{}</tbody></table>"
)
STEP = (
    '<tr><td class="number">{}</td><td>{}</td><td>{}</td><td>{}</td><td class="number">{}</td>'
    '<td><code class="photo-detail">{}</code></td></tr>'
)


def _step(step: contract.Step) -> tuple[object, ...]:
    """A step's cells; the last has, of an attempt that was tried again, its run and what its reason tells staff."""
    detail = step.reason.detail or step.reason.code if step.reason else ""
    more = " · ".join(filter(None, (step.run_id, detail)))
    return step.attempt, step.name, step.outcome, step.started[:19].replace("T", " "), step.ms, more


def _is(text: str) -> Q:
    found = _uuid(text)
    return Q(pk=found) if found else Q(pk__in=[])


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None


def _image(photo: Any) -> str:
    if not photo.picture:
        return NOTHING
    picture = photo.picture
    return format_html(
        '<img class="photo-judged" src="{}" width="{}" height="{}" alt="{}" loading="lazy">',
        photo.address, picture.width, picture.height, photo.file_name,
    )  # fmt: skip


class BatchChangeList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        records = catalog.get_batches(self.result_list)
        for batch in self.result_list:
            batch.record = records.get(batch.pk)


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "owner", "expected", "ready", "rejected", "failed", "notice")
    list_filter = ("told", "created_at")
    list_select_related = ("owner",)
    search_fields = ("owner__email",)
    show_full_result_count = False
    actions = None
    fieldsets = (
        (None, {"fields": ("id", "owner", "created_at", "expected", "ready", "rejected", "failed", "notice")}),
    )

    def get_changelist(self, request: HttpRequest, **_kwargs: Any) -> type[ChangeList]:  # noqa: ARG002
        return BatchChangeList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Batch | None:
        batch: Any = super().get_object(request, object_id, from_field)
        if batch is not None:
            batch.record = catalog.get_batches([batch]).get(batch.pk)
        return batch

    @admin.display(description="ready")
    def ready(self, batch: Any) -> str:
        return str(len(batch.record.ready)) if batch.record else NOTHING

    @admin.display(description="refused")
    def rejected(self, batch: Any) -> str:
        return str(len(batch.record.rejected)) if batch.record else NOTHING

    @admin.display(description="failed")
    def failed(self, batch: Any) -> str:
        return str(len(batch.record.failed)) if batch.record else NOTHING

    @admin.display(description="notice")
    def notice(self, batch: Any) -> str:
        record = batch.record
        if record is None:
            return "No record"
        if record.sent_at:
            return f"Sent {record.sent_at[:16].replace('T', ' ')}"
        return "Claimed" if record.claimed_at else "Due" if record.is_due else "Waiting"
