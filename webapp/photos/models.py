"""What people own, in SQL, and an index of the pipeline's results to search by.

A photo exists if and only if its row does. Everything the pipeline finds out is in DynamoDB (`catalog`); the columns
from `status` down repeat what a query needs of it, written by `index` and rebuilt by `manage.py reindex`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, F, Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos.ids import new_photo_id
from webapp.photos.sentences import translate

PAGE_SIZE = 60
FACETS = 300
FACET_SAMPLE = 5000
UNTOLD_FOR = timedelta(days=7)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, tzinfo=UTC)
NOBODY = uuid.UUID(int=0)


class Status(models.TextChoices):
    UPLOADING = contract.Status.UPLOADING.value, _("Uploading")
    PROCESSING = contract.Status.PROCESSING.value, _("Processing")
    READY = contract.Status.READY.value, _("Ready")
    REJECTED = contract.Status.REJECTED.value, _("Refused")
    FAILED = contract.Status.FAILED.value, _("Failed")
    DELETING = contract.Status.DELETING.value, _("Being deleted")


class Review(models.TextChoices):
    """What is thought of showing a photo to others; the last two are a person's decision."""

    NONE = "none", "Nothing found"
    FLAGGED = "flagged", "Flagged"
    QUARANTINED = "quarantined", "Quarantined"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"


OTHERS_MAY_SEE = (Review.NONE, Review.FLAGGED, Review.APPROVED)
DECIDED = (Review.APPROVED, Review.REJECTED)


class BatchQuerySet(models.QuerySet["Batch"]):
    def untold(self, before: datetime) -> Self:
        """Batches of the week up to `before` whose notice nobody is known to have claimed, oldest first."""
        return self.filter(told=False, created_at__range=(before - UNTOLD_FOR, before)).order_by("pk")


class Batch(models.Model):
    """Photos sent together. `expected` is how many were, so far where it is open; the record in DynamoDB counts what
    became of them."""

    id = models.UUIDField(primary_key=True, default=new_photo_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="batches")
    created_at = models.DateTimeField(db_index=True)
    expected = models.PositiveSmallIntegerField()
    is_open = models.BooleanField(default=False, help_text="More photos may join it.")
    told = models.BooleanField(default=False, help_text="Its notice was claimed, or there is nothing left to tell.")

    objects = BatchQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "batches"

    def __str__(self) -> str:
        return f"{contract.count_photos(self.expected)} of {self.created_at:%Y-%m-%d %H:%M}"

    def is_quiet(self, now: datetime) -> bool:
        """Whether its notice has to wait, since it is one of its owner's quiet hours."""
        preferences = getattr(self.owner, "preferences", None)
        if preferences is None or preferences.is_on_digests:
            return False
        return contract.is_quiet(preferences.as_record(), now)


@dataclass(frozen=True)
class Page:
    """One page of a gallery, newest first. `next_cursor` is its last photo's, for what is older; `previous_cursor` its
    first one's, for what is newer; each is empty where nothing is."""

    photos: list[Photo]
    next_cursor: str
    previous_cursor: str = ""


class PhotoQuerySet(models.QuerySet["Photo"]):
    def kept(self) -> Self:
        """What nobody has deleted."""
        return self.exclude(status=Status.DELETING)

    def of(self, owner: Any) -> Self:
        """What a person has, in the trash or not; a photo on its way out is gone for them."""
        return self.kept().filter(owner=owner)

    def taking_room(self, owner: Any) -> Self:
        """What counts against what a person may keep: all that they have, but for what never arrived."""
        return self.of(owner).exclude(status=Status.FAILED, reason_code=contract.Failure.DID_NOT_ARRIVE)

    def for_gallery(self, owner: Any) -> Self:
        """What a person has and did not throw away, newest first by when it was taken."""
        return self.of(owner).filter(trashed_at=None).order_by("-timeline_at", "-pk")

    def in_trash(self, owner: Any) -> Self:
        """What a person threw away, the latest first."""
        return self.of(owner).filter(trashed_at__isnull=False).order_by("-trashed_at", "-pk")

    def trashed_before(self, moment: datetime) -> Self:
        """What has been in a trash for long enough, the oldest first."""
        return self.kept().filter(trashed_at__lt=moment).order_by("trashed_at")

    def with_labels(self, names: Sequence[str]) -> Self:
        """Photos that carry every one of `names`, in the order of the timeline. The first name should be the rarest:
        its photos are gone through."""
        if not names:
            return self
        matching, (first, *others) = self, names
        for name in others:
            # The owner is compared as well so that the index on (owner, name, …) can answer.
            matching = matching.filter(labels__owner=F("owner"), labels__name=name)
        # The bound lets none out: without one SQLite would begin with all photos of the owner.
        matching = matching.filter(labels__owner=F("owner"), labels__name=first, labels__timeline_at__lte=LATEST)
        # The label repeats its photo's place, so that the index gives them in order. These take the last join.
        placed = matching.alias(place_at=F("labels__timeline_at"), place_id=F("labels__photo"))
        return placed.order_by("-place_at", "-place_id")

    def page(self, cursor: str = "", *, before: str = "", size: int = PAGE_SIZE) -> Page:
        """`size` photos behind the cursor (a `Photo.cursor`; anything else starts at the top) in a timeline's order, or
        those just ahead of `before`."""
        if place := parse_cursor(before):
            ahead: list[Photo] = list(self.filter(self._is_ahead(*place)).reverse()[: size + 1])
            photos = ahead[:size][::-1]
            more = photos[0].cursor if len(ahead) > size else ""
            return Page(photos, photos[-1].cursor if photos else "", more)
        place = parse_cursor(cursor)
        matching = self.filter(self._is_behind(*place)) if place else self
        found: list[Photo] = list(matching[: size + 1])
        newer = found[0].cursor if place and found else ""
        return Page(found[:size], found[size - 1].cursor if len(found) > size else "", newer)

    def with_status(self, statuses: Iterable[str]) -> Self:
        """Photos of some statuses that few have, in the order of the timeline."""
        # Sorted once they are found. For an order that an index has, SQLite would go through it to its end.
        placed = self.filter(status__in=list(statuses)).alias(
            place_at=Coalesce("timeline_at", "timeline_at"), place_id=F("pk")
        )
        return placed.order_by("-place_at", "-place_id")

    def _place(self) -> tuple[str, str]:
        """The columns that a timeline is read in the order of."""
        return ("place_at", "place_id") if "place_at" in self.query.annotations else ("timeline_at", "pk")

    def _is_behind(self, moment: datetime, photo_id: uuid.UUID) -> Q:
        at, pk = self._place()
        # The first condition alone says where in the index to begin.
        return Q((f"{at}__lte", moment)) & (Q((f"{at}__lt", moment)) | Q((f"{pk}__lt", photo_id)))

    def _is_ahead(self, moment: datetime, photo_id: uuid.UUID) -> Q:
        at, pk = self._place()
        return Q((f"{at}__gte", moment)) & (Q((f"{at}__gt", moment)) | Q((f"{pk}__gt", photo_id)))

    def locked(self) -> Self:
        """Of these, in the caller's transaction. Whoever changes several locks them in this order first: as one UPDATE
        meets them, two would wait for each other."""
        ids = list(self.order_by("pk").select_for_update().values_list("pk", flat=True))
        return self.filter(pk__in=ids)

    def open(self) -> Self:
        """Photos that are on their way to an end."""
        return self.filter(status__in=contract.OPEN)

    def ended(self) -> Self:
        return self.filter(status__in=contract.TERMINAL)

    def waiting_since_before(self, moment: datetime) -> Self:
        """What the sweep looks at: neither at an end nor gone, and nothing was done about it since `moment`."""
        return self.filter(status__in=[*contract.OPEN, Status.DELETING], waiting_since__lt=moment).order_by("pk")


def cursor_of(moment: datetime, photo_id: uuid.UUID = NOBODY) -> str:
    """A place in a timeline; without an id the one behind all photos of that moment."""
    return f"{(moment - EPOCH) // timedelta(microseconds=1)}_{photo_id}"


def parse_cursor(text: str) -> tuple[datetime, uuid.UUID] | None:
    """The place in a timeline that a `Photo.cursor` names, or None for anything else."""
    moment, _, photo_id = text.partition("_")
    try:
        return EPOCH + timedelta(microseconds=int(moment)), uuid.UUID(photo_id)
    except (ValueError, OverflowError):
        return None


def as_uuid(text: str) -> uuid.UUID | None:
    """The id that `text` is, or None."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


class Photo(models.Model):
    id = models.UUIDField(primary_key=True, default=new_photo_id, editable=False)
    # An account goes after its photos: a row that vanished by itself would leave its objects behind.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="photos")
    batch = models.ForeignKey(Batch, null=True, blank=True, on_delete=models.SET_NULL, related_name="photos")
    senders = models.ManyToManyField(
        Batch, related_name="+", blank=True, help_text="Where several windows send it: the batches of those that do."
    )
    file_name = models.CharField(max_length=255)
    key = models.CharField(max_length=160)
    bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64, blank=True)
    uploaded_at = models.DateTimeField()
    timeline_at = models.DateTimeField(help_text="Where it stands in the timeline: taken then, or else uploaded.")
    favourite = models.BooleanField(default=False)
    trashed_at = models.DateTimeField(null=True, blank=True, help_text="Its owner threw it away then.")
    waiting_since = models.DateTimeField(help_text="When the site last set it going; the sweep looks at old ones.")

    status = models.CharField(max_length=10, choices=Status, default=Status.UPLOADING)
    reason_code = models.CharField(max_length=32, blank=True)
    reason_text = models.CharField(max_length=255, blank=True)
    run_id = models.CharField(max_length=80, blank=True)
    attempt = models.PositiveSmallIntegerField(default=1)
    # A day is the day where the picture was taken: months, captions and the dates in a ZIP read it off as it stands.
    taken_at = models.DateTimeField(
        null=True, blank=True, help_text="What the clock of the camera showed, held as if that were UTC."
    )
    camera = models.CharField(max_length=120, blank=True)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    corrections = models.CharField(max_length=16, blank=True, help_text="Of the labels its owner corrected, a digest.")
    cleared = models.BooleanField(default=False, help_text="May be shown to others: indexed, and passed.")
    indexed_at = models.DateTimeField(null=True, blank=True)
    review = models.CharField(max_length=11, choices=Review, default=Review.NONE)
    findings = models.CharField(max_length=16, blank=True, help_text="What `review` was last judged by, a digest.")

    objects = PhotoQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=["owner", "-id"], name="photo_gallery"),
            models.Index(fields=["owner", "-timeline_at", "-id"], name="photo_timeline"),
            models.Index(fields=["owner", "status", "-timeline_at", "-id"], name="photo_by_status"),
            models.Index(fields=["owner", "-timeline_at", "-id"], name="photo_favourites", condition=Q(favourite=True)),
            models.Index(fields=["trashed_at"], name="photo_trash", condition=Q(trashed_at__isnull=False)),
            models.Index(fields=["status", "waiting_since"], name="photo_waiting"),
            models.Index(fields=["owner", "sha256"], name="photo_same_file"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in contract.Status]), name="photo_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(cleared=False) | Q(status=contract.Status.READY.value, trashed_at__isnull=True),
                name="photo_cleared_is_ready",
            ),
            models.CheckConstraint(
                condition=Q(cleared=False) | Q(review__in=[review.value for review in OTHERS_MAY_SEE]),
                name="photo_cleared_is_reviewed",
            ),
            models.CheckConstraint(
                condition=Q(review__in=[review.value for review in Review]), name="photo_review_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        return reverse("photos:photo", args=[self.pk])

    @property
    def why(self) -> str:
        """Why it is rejected or failed, to its owner; or an empty string."""
        return translate(self.reason_code, self.reason_text)

    @property
    def is_withheld(self) -> bool:
        """Whether nobody but its owner may see it, for what it shows."""
        return self.review not in OTHERS_MAY_SEE

    @property
    def may_be_cleared(self) -> bool:
        return self.status == Status.READY and self.trashed_at is None and not self.is_withheld

    @property
    def cursor(self) -> str:
        """Its place in a timeline, for `PhotoQuerySet.page` to go on behind."""
        return cursor_of(self.timeline_at, self.pk)

    @property
    def cursor_ahead(self) -> str:
        """The place just ahead of it, for a page that begins with it."""
        return cursor_of(self.timeline_at, uuid.UUID(int=self.pk.int + 1))


class PhotoLabelQuerySet(models.QuerySet["PhotoLabel"]):
    def counts_among(self, photos: PhotoQuerySet, *, limit: int = FACETS) -> list[tuple[str, int]]:
        """(name, count) of the most frequent labels among the newest `FACET_SAMPLE` of `photos`."""
        newest = photos.values("pk")[:FACET_SAMPLE]
        counted = self.filter(photo__in=newest).values_list("name").annotate(count=Count("pk"))
        return list(counted.order_by("-count", "name")[:limit])


class PhotoLabel(models.Model):
    """A ready photo shows this. Owner and place in the timeline are repeated so that one index answers "my newest
    photos with this label"."""

    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="labels")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=120)
    confidence = models.FloatField()
    timeline_at = models.DateTimeField()

    objects = PhotoLabelQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["photo", "name"], name="photolabel_once")]
        indexes = [models.Index(fields=["owner", "name", "-timeline_at", "-photo"], name="photolabel_timeline")]

    def __str__(self) -> str:
        return f"{self.name} {self.confidence:.0f} %"


class LabelCountQuerySet(models.QuerySet["LabelCount"]):
    def top(self, owner: Any, *, limit: int | None = FACETS) -> list[tuple[str, int]]:
        """(name, count) of a person's most frequent labels; of all, without a limit."""
        return list(self.filter(owner=owner).order_by("-count", "name").values_list("name", "count")[:limit])

    def of(self, owner: Any, names: Iterable[str]) -> dict[str, int]:
        """How many of a person's photos carry each of `names`; one that none carries is left out."""
        return dict(self.filter(owner=owner, name__in=list(names)).values_list("name", "count"))

    def named_like(self, owner: Any, text: str) -> Self:
        """A person's labels that have `text` in them, in either case."""
        return self.filter(owner=owner, name__icontains=text)


class LabelCount(models.Model):
    """How many ready photos of a person carry a label: changed with `PhotoLabel`, in the same transaction."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="label_counts")
    name = models.CharField(max_length=120)
    count = models.PositiveIntegerField(default=0)

    objects = LabelCountQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="labelcount_once")]
        indexes = [models.Index(fields=["owner", "-count", "name"], name="labelcount_top")]

    def __str__(self) -> str:
        return f"{self.name} {self.count}"


class PlacesToForget(models.Model):
    """Somebody no longer wants kept where their photos were taken: those whose id is below `below` are still to be
    looked at, the newest first."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="places_to_forget"
    )
    below = models.UUIDField()

    class Meta:
        verbose_name = verbose_name_plural = "places to forget"

    def __str__(self) -> str:
        return f"{self.owner}: below {self.below}"


class SweepCursor(models.Model):
    """How far the sweep has looked through a listing. It goes on after `after`; empty is the start."""

    listing = models.CharField(max_length=16, primary_key=True)
    after = models.CharField(max_length=1024, blank=True)

    def __str__(self) -> str:
        return f"{self.listing} after {self.after}"
