"""What is done with many photos as one job, and what the pipeline was like over time."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, Q
from django.urls import reverse

from webapp.photos.ids import new_photo_id
from webapp.photos.models import Photo, PhotoQuerySet, Status

TOP = 15


class CampaignStatus(models.TextChoices):
    ESTIMATED = "estimated", "Not started"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    CANCELLING = "cancelling", "Being cancelled"
    FINISHED = "finished", "Finished"
    CANCELLED = "cancelled", "Cancelled"
    ROLLING_BACK = "rolling_back", "Being rolled back"
    ROLLED_BACK = "rolled_back", "Rolled back"


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def moving(self) -> Self:
        """What the worker takes steps for; of a paused one, what was begun comes to its end."""
        moves = (CampaignStatus.RUNNING, CampaignStatus.CANCELLING, CampaignStatus.ROLLING_BACK)
        begun = CampaignPhoto.objects.filter(campaign=models.OuterRef("pk"), status=PhotoStatus.RUNNING)
        return self.filter(Q(status__in=moves) | Q(status=CampaignStatus.PAUSED) & models.Exists(begun))


class Campaign(models.Model):
    """Labels looked for anew in all photos that are ready, or in a part of them. One at a time is under way: it has the
    only `turn`."""

    id = models.UUIDField(primary_key=True, default=new_photo_id, editable=False)
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    # Without its person a campaign over their photos would be one over all photos.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    label = models.CharField(max_length=120, blank=True)
    label_model = models.CharField(max_length=120, blank=True)
    uploaded_from = models.DateField(null=True, blank=True)
    uploaded_until = models.DateField(null=True, blank=True)

    min_confidence = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(100)], help_text="In percent."
    )
    asks_anew = models.BooleanField(default=False, help_text="No answer from before is taken.")

    estimate = models.JSONField(default=dict, help_text="photos, seconds, dollars, priced_at")
    status = models.CharField(max_length=12, choices=CampaignStatus, default=CampaignStatus.ESTIMATED)
    turn = models.PositiveSmallIntegerField(null=True, unique=True, editable=False)
    leased_until = models.DateTimeField(null=True)
    gathered_to = models.UUIDField(null=True, help_text="Photos up to this one are in it.")
    is_gathered = models.BooleanField(default=False)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("operations:campaign", args=[self.pk])

    @property
    def tag(self) -> str:
        """What names of its runs have in common, and nothing else has."""
        return f"c{self.pk.hex[-12:]}"

    @property
    def is_over(self) -> bool:
        over = (CampaignStatus.FINISHED, CampaignStatus.CANCELLED, CampaignStatus.ROLLED_BACK)
        return self.status in over

    @property
    def can_be_rolled_back(self) -> bool:
        return self.status in (CampaignStatus.FINISHED, CampaignStatus.CANCELLED)

    @property
    def finds_kept_answers(self) -> bool:
        """Whether what is kept of when photos were uploaded holds all that it asks for."""
        return not self.asks_anew and (self.min_confidence or 0) >= settings.MIN_CONFIDENCE

    def scope(self) -> PhotoQuerySet:
        """The ready photos that it is about, oldest first, the trash left out; a photo's label model is in its record
        alone."""
        photos = Photo.objects.filter(status=Status.READY, trashed_at=None, uploaded_at__lte=self.created_at)
        if self.owner_id:
            photos = photos.filter(owner=self.owner_id)
        if self.label:
            photos = photos.filter(labels__name=self.label)
        if self.uploaded_from:
            photos = photos.filter(uploaded_at__date__gte=self.uploaded_from)
        if self.uploaded_until:
            photos = photos.filter(uploaded_at__date__lte=self.uploaded_until)
        return photos.order_by("pk")

    def counts(self) -> dict[str, int]:
        """How many of its photos stand where."""
        found = dict(self.photos.values_list("status").annotate(count=Count("pk")).order_by())
        return {status: found.get(status, 0) for status in PhotoStatus.values}


class PhotoStatus(models.TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Under way"
    DONE = "done", "Relabelled"
    SKIPPED = "skipped", "Left out"
    FAILED = "failed", "Failed, labels kept"
    RESTORED = "restored", "Labels of before"
    KEPT = "kept", "Changed since, left alone"


class CampaignPhoto(models.Model):
    """A photo in a campaign: the run that looks for its labels, and those it had before (`labels` as the contract's,
    `label_model`, `labelled_by`, `asked_anew`, `of_run`) and has behind it ([name, confidence]), its owner's
    corrections applied."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="photos")
    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="+")
    status = models.CharField(max_length=8, choices=PhotoStatus, default=PhotoStatus.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    run_id = models.CharField(max_length=80, blank=True)
    before = models.JSONField(default=dict)
    shown_before = models.JSONField(default=list)
    shown_after = models.JSONField(default=list)
    changes = models.PositiveSmallIntegerField(default=0)
    why = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "photo"], name="campaignphoto_once")]
        indexes = [
            models.Index(fields=["campaign", "status", "id"], name="campaignphoto_next"),
            models.Index(fields=["campaign", "-changes", "id"], name="campaignphoto_changed"),
        ]

    def __str__(self) -> str:
        return f"{self.photo_id} {self.status}"


class CampaignLabel(models.Model):
    """How many photos of a campaign have gained and lost a label."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="labels")
    name = models.CharField(max_length=120)
    gained = models.PositiveIntegerField(default=0)
    lost = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "name"], name="campaignlabel_once")]

    def __str__(self) -> str:
        return f"{self.name} +{self.gained} −{self.lost}"


class SweepReport(models.Model):
    """What a sweep did: how often what."""

    began_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField()
    done = models.JSONField(default=dict)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-began_at",)

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M}: {self.count}"


class Snapshot(models.Model):
    """How many photos stood where in an hour, as last seen in it, and how long the queues were (None: no answer)."""

    at = models.DateTimeField(primary_key=True)
    counts = models.JSONField(default=dict)
    tasks = models.PositiveIntegerField(null=True)
    dead_letters = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ("at",)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H}"


class LabelPrecision(models.Model):
    """How often the model found a label on photos that are ready, how often its photo's owner said "not this", and how
    often one said "also this" where the model had not found it."""

    name = models.CharField(max_length=120, primary_key=True)
    found = models.PositiveIntegerField()
    denied = models.PositiveIntegerField()
    added = models.PositiveIntegerField()
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.denied} of {self.found}"

    @property
    def percent(self) -> float | None:
        """How many of a hundred nobody denied; None where the model has not found it."""
        return 100 * (1 - self.denied / self.found) if self.found else None
