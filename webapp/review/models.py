"""Photos that a person is asked about, what was decided, and a log of it that nobody changes.

The log has opaque ids and codes alone: of a case (whose row says which photo it is about) and of an actor (whose row
says who that is). Those rows, and the words that people wrote, go with the photo or the account, and the log stays.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NoReturn, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from webapp.photos.models import DECIDED, Photo, Review, Status

PERSON = settings.AUTH_USER_MODEL


class Reason(models.TextChoices):
    """Why a photo is not to be shown to others. The label is what its owner is told."""

    NUDITY = "nudity", _("It shows nudity or sex.")
    VIOLENCE = "violence", _("It shows violence, or somebody who is hurt.")
    HATE = "hate", _("It shows hatred of people, or a sign of it.")
    ILLEGAL = "illegal", _("It shows, or sells, what the law forbids.")
    PRIVATE = "private", _("It shows somebody who does not want that.")
    OTHER = "other", _("For another reason.")


class Kind(models.TextChoices):
    """Why a person is asked."""

    FOUND = "found", "Found by the model"
    REPORT = "report", "Reported"
    APPEAL = "appeal", "Appeal"


class Urgency(models.IntegerChoices):
    """The order of the queue."""

    APPEALED = 0
    WITHHELD = 1
    REPORTED = 2
    FLAGGED = 3


class VerdictQuerySet(models.QuerySet["Verdict"]):
    def of(self, owner_ids: Iterable[Any], files: Iterable[str]) -> Self:
        """What was decided about files (by their sha256) of some people, the newest first."""
        return self.filter(owner__in=set(owner_ids), sha256__in=set(files)).order_by("-pk")


class Verdict(models.Model):
    """What a person decided about a file of somebody. The newest holds for every copy that its owner has or sends,
    also when the photo is gone that it was about; it goes with the account, and says nothing about anybody else's."""

    owner = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="+")
    sha256 = models.CharField(max_length=64)
    review = models.CharField(max_length=11, choices=Review)
    reason = models.CharField(max_length=8, choices=Reason, blank=True)
    decided_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField()
    appealed_at = models.DateTimeField(null=True, help_text="It answers an appeal, and there is no other.")
    entry = models.BigIntegerField(null=True, help_text="Of the log, with which its words are kept.")
    is_undone = models.BooleanField(default=False, help_text="Copies are still to go back to what they were.")
    is_settled = models.BooleanField(default=False, help_text="The copies that there were have followed it.")

    objects = VerdictQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(review__in=[each.value for each in DECIDED]), name="verdict_is_decided")
        ]
        indexes = [
            models.Index(fields=["owner", "sha256", "-id"], name="verdict_of_file"),
            models.Index(fields=["id"], name="verdict_to_settle", condition=Q(is_settled=False)),
        ]

    def __str__(self) -> str:
        return f"{self.review}, of {self.decided_at:%Y-%m-%d %H:%M}"


class CaseQuerySet(models.QuerySet["Case"]):
    def open(self) -> Self:
        """What waits for a person, in the order in which they are asked; a photo in the trash does not."""
        shown = self.filter(is_open=True, photo__status=Status.READY, photo__trashed_at=None)
        return shown.order_by("urgency", "opened_at", "pk")

    def for_reviewer(self, reviewer: Any) -> Self:
        """Nobody decides on a photo of their own, nor on an appeal against themselves."""
        return self.exclude(owner=reviewer).exclude(not_by=reviewer)

    def due(self, now: datetime) -> Self:
        """But for what somebody asked to be asked later."""
        return self.filter(ask_from__lte=now)

    def free(self, now: datetime) -> Self:
        """What no reviewer looks at just now."""
        return self.filter(Q(leased_until=None) | Q(leased_until__lte=now))

    def held_by(self, reviewer: Any, now: datetime) -> Self:
        return self.filter(leased_by=reviewer, leased_until__gt=now)


class Case(models.Model):
    """All that is between a photo and its reviewers, made when one of them is first asked. Whoever has the lease may
    decide; `not_by` never may."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    photo = models.OneToOneField(Photo, on_delete=models.CASCADE, related_name="case")
    owner = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="+")
    is_open = models.BooleanField(default=True)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.FOUND)
    urgency = models.PositiveSmallIntegerField(choices=Urgency, default=Urgency.FLAGGED)
    opened_at = models.DateTimeField(default=timezone.now)
    ask_from = models.DateTimeField(default=timezone.now)
    leased_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    leased_until = models.DateTimeField(null=True)
    not_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=8, choices=Reason, blank=True)
    review_before = models.CharField(max_length=11, choices=Review, blank=True, help_text="What undoing goes back to.")
    reason_before = models.CharField(max_length=8, choices=Reason, blank=True)
    open_before = models.BooleanField(default=False)
    follows = models.ForeignKey(
        Verdict, null=True, on_delete=models.SET_NULL, related_name="cases",
        help_text="It was decided about another copy of the file, and holds for this one.",
    )  # fmt: skip
    appealed_at = models.DateTimeField(null=True)
    tell_at = models.DateTimeField(null=True, help_text="When its owner is to be told; empty when that is done.")

    objects = CaseQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["urgency", "opened_at", "id"], name="case_queue", condition=Q(is_open=True)),
            models.Index(fields=["tell_at"], name="case_to_tell", condition=Q(tell_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"case {self.pk}"


class Actor(models.Model):
    """Who an id in the log is, as long as there is an account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.OneToOneField(PERSON, on_delete=models.CASCADE, related_name="+")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"actor {self.pk}"


# --- The log ---------------------------------------------------------------------------------------------------------


class Action(models.TextChoices):
    FLAGGED = "flagged", "Flagged"
    QUARANTINED = "quarantined", "Quarantined"
    PASSED = "passed", "Passed by the model"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    LATER = "later", "Put off"
    UNDONE = "undone", "Undone"
    REPORTED = "reported", "Reported"
    APPEALED = "appealed", "Appealed"
    DELETED = "deleted", "Photo deleted"


class LogIsFinal(Exception):
    """Somebody tried to change what is in the log."""


class EntryQuerySet(models.QuerySet["Entry"]):
    """Rows are added one at a time, and that is all. Two triggers of the database refuse the rest as well."""

    def _refuse(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise LogIsFinal

    update = delete = bulk_update = bulk_create = update_or_create = _refuse
    aupdate = adelete = abulk_update = abulk_create = aupdate_or_create = _refuse
    _raw_delete = _update = _refuse


class Entry(models.Model):
    """One thing that was done, in codes. `actor` is empty where a machine or a stranger did it."""

    at = models.DateTimeField(default=timezone.now, editable=False)
    case = models.UUIDField(editable=False)
    actor = models.UUIDField(null=True, editable=False)
    action = models.CharField(max_length=11, choices=Action, editable=False)
    before = models.CharField(max_length=11, choices=Review, editable=False)
    after = models.CharField(max_length=11, choices=Review, editable=False)
    reason = models.CharField(max_length=8, choices=Reason, blank=True, editable=False)

    objects = EntryQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        default_permissions = ()
        verbose_name_plural = "entries"
        indexes = [models.Index(fields=["case", "id"], name="entry_of_case")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding or self.pk is not None:
            raise LogIsFinal
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise LogIsFinal


class Words(models.Model):
    """What somebody wrote: a reviewer to the owner, an owner in an appeal, a stranger with a report."""

    entry = models.OneToOneField(Entry, on_delete=models.DO_NOTHING, primary_key=True, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="words")
    author = models.ForeignKey(Actor, null=True, on_delete=models.CASCADE, related_name="+")
    text = models.CharField(max_length=1000)

    class Meta:
        default_permissions = ()
        ordering = ("pk",)
        verbose_name_plural = "words"

    def __str__(self) -> str:
        return f"words of entry {self.pk}"
