"""Notices beside those about one batch: digests and tests, which the pipeline sends, and what the site tells itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos.ids import new_photo_id
from webapp.photos.models import Batch, Photo

TOLD_WITHIN = timedelta(days=7)


class NoticeQuerySet(models.QuerySet["Notice"]):
    def of(self, owner: Any) -> Self:
        """A person's, the newest first."""
        return self.filter(owner=owner).order_by("-pk")

    def untold(self, now: datetime) -> Self:
        """Those of the last week of which nobody knows yet whether they were sent, the oldest first."""
        untold = self.filter(told=False, created_at__gt=now - TOLD_WITHIN, owner__is_active=True)
        return untold.order_by("pk")


class Notice(models.Model):
    """What a person is told. What the pipeline is asked to tell has a record like a batch's, of the kind and under the
    id of this; the rest is told from the start. `told_by` is a channel, or why it was not sent, as in that record."""

    class Kind(models.TextChoices):
        DAILY = contract.Kind.DAILY.value, _("Summary of a day")
        WEEKLY = contract.Kind.WEEKLY.value, _("Summary of a week")
        TEST = contract.Kind.TEST.value, _("Test notice")
        REJECTED = "rejected", _("A photo of yours is not shown to others")
        ALLOWED = "allowed", _("A photo of yours can be shared")
        UPHELD = "upheld", _("Looked at again: a photo of yours is still not shown to others")
        GRANTED = "granted", _("Looked at again: a photo of yours can be shared")
        EXPORT = "export", _("Your photos are ready to take along")
        NO_EXPORT = "no_export", _("The ZIP with your photos could not be made")
        CLOSING = "closing", _("You asked for your account to be deleted")
        BOUNCE = contract.Untold.BOUNCE.value, _("Mail to you came back, so we stopped sending notices")
        COMPLAINT = contract.Untold.COMPLAINT.value, _("Our mail was marked as spam, so we stopped sending notices")

    id = models.UUIDField(primary_key=True, default=new_photo_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=9, choices=Kind)
    photo = models.ForeignKey(Photo, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=8, blank=True, help_text="Of a decision about the photo.")
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    told_by = models.CharField(max_length=9, blank=True, help_text="A channel, or why it was not sent.")
    told = models.BooleanField(default=False, db_index=True, help_text="It was sent, or nothing more becomes of it.")

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.created_at:%Y-%m-%d %H:%M}"


class Gathered(models.Model):
    """A batch that a digest has taken account of, and no later one may. `notice` is none where there was nothing of it
    to tell."""

    batch = models.OneToOneField(Batch, on_delete=models.CASCADE, primary_key=True, related_name="gathered")
    notice = models.ForeignKey(Notice, null=True, on_delete=models.CASCADE, related_name="gathered")

    def __str__(self) -> str:
        return f"{self.batch_id} in {self.notice_id}"
