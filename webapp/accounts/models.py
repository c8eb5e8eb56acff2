"""People, and how they want to be told about their photos."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from pipeline_lambdas.photo_pipeline import contract

from . import unsubscribe
from .rhythm import next_digest


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A new person. Without a password nobody can log in until it is reset."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})

    def get_by_natural_key(self, username: str | None) -> User:
        # Not in any case that the database takes for the same: whoever limits tries tells addresses apart by this.
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person, known by their mail address; case does not tell addresses apart."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField("mail address", unique=True)
    is_staff = models.BooleanField("staff", default=False, help_text="May open the admin and see everyone's photos.")
    is_active = models.BooleanField("active", default=True, help_text="Take this away instead of deleting the account.")
    date_joined = models.DateTimeField("joined", default=timezone.now, editable=False)
    quota_bytes = models.PositiveBigIntegerField(
        "bytes at most", null=True, blank=True, help_text="Empty: as much as everybody."
    )
    quota_photos = models.PositiveIntegerField(
        "photos at most", null=True, blank=True, help_text="Empty: as many as everybody."
    )

    closes_at = models.DateTimeField("closes", null=True, blank=True, editable=False, db_index=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique_in_any_case")]

    def __str__(self) -> str:
        return self.email


class AddressChangeQuerySet(models.QuerySet["AddressChange"]):
    def waiting(self) -> Self:
        """Those that both mailboxes have not agreed to yet, outlived ones too."""
        return self.filter(address__verified=False).select_related("address__user")


class AddressChange(models.Model):
    """A change of the mail address, and who agreed to it so far. It goes with the row of the new address, which allauth
    removes when the change is taken back, or another one is begun."""

    LIVES = timedelta(days=3)  # as does allauth's link to the new address

    address = models.OneToOneField(
        "account.EmailAddress", on_delete=models.CASCADE, primary_key=True, related_name="change"
    )
    old = models.EmailField()
    asked_at = models.DateTimeField(default=timezone.now, help_text="When both were last written to.")
    asked_with = models.CharField(max_length=64, help_text="The password then: another one makes it void.")
    old_agreed_at = models.DateTimeField(null=True)
    new_agreed_at = models.DateTimeField(null=True)

    objects = AddressChangeQuerySet.as_manager()

    def __str__(self) -> str:
        return f"change of {self.address_id}"

    @property
    def until(self) -> datetime:
        return self.asked_at + self.LIVES

    @property
    def is_open(self) -> bool:
        """Whether the two may still agree: it is about the address and the password that the account has now."""
        user: User = self.address.user
        is_same = (user.email, user.get_session_auth_hash()) == (self.old, self.asked_with)
        return is_same and not self.address.verified and timezone.now() < self.until


class NotificationPreferencesQuerySet(models.QuerySet["NotificationPreferences"]):
    def waiting(self) -> NotificationPreferencesQuerySet:
        """Those whose copy in DynamoDB is older than the choice."""
        return self.filter(revision__gt=models.F("copied_revision")).select_related("user")

    def due(self, now: datetime) -> NotificationPreferencesQuerySet:
        """Those whose digest is due, the longest first. Nobody is told whose account is being erased."""
        return self.filter(next_digest_at__lte=now, user__is_active=True).order_by("next_digest_at")


class NotificationPreferences(models.Model):
    """How a person is told that a batch is done, and what is kept of their photos. The truth; DynamoDB holds a copy for
    the pipeline to read.

    Every change raises `revision`; `copied_revision` is the last one that is known to have reached DynamoDB.
    """

    class Channel(models.TextChoices):
        MAIL = contract.Channel.MAIL.value, _("By mail")
        SMS = contract.Channel.SMS.value, _("By text message")
        NONE = contract.Channel.NONE.value, _("Not at all")

    class Rhythm(models.TextChoices):
        BATCH = "batch", _("After each upload")
        DAILY = "daily", _("Once a day")
        WEEKLY = "weekly", _("Once a week")

    class Stopped(models.TextChoices):
        BOUNCE = "bounce", _("Mail to this address comes back")
        COMPLAINT = "complaint", _("Our mail was marked as spam")

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="preferences")
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.MAIL)
    only_problems = models.BooleanField(default=False)
    keep_place = models.BooleanField(default=False)
    phone = PhoneNumberField("phone number", blank=True)
    phone_confirmed_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="By a code sent there.")
    rhythm = models.CharField(max_length=8, choices=Rhythm, default=Rhythm.BATCH)
    hour = models.PositiveSmallIntegerField(default=8, help_text="Of a digest, on the person's clock.")
    weekday = models.PositiveSmallIntegerField(default=0, help_text="Of a weekly digest; 0 is Monday.")
    time_zone = models.CharField(max_length=64, default="UTC")
    quiet_from = models.PositiveSmallIntegerField(null=True, blank=True, help_text="The hour from which nothing comes.")
    quiet_to = models.PositiveSmallIntegerField(null=True, blank=True)
    language = models.CharField(max_length=10, default="en", help_text="Of mails and text messages.")
    next_digest_at = models.DateTimeField(null=True, blank=True, editable=False, db_index=True)
    digests_since = models.DateTimeField(null=True, blank=True, editable=False, help_text="When they chose a rhythm.")
    stopped_because = models.CharField(max_length=16, choices=Stopped, blank=True, editable=False)
    stopped_at = models.DateTimeField(null=True, blank=True, editable=False)
    revision = models.PositiveIntegerField(default=1, editable=False)
    copied_revision = models.PositiveIntegerField(default=0, editable=False)

    objects = NotificationPreferencesQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "notification preferences"

    def __str__(self) -> str:
        return f"{self.user}: {self.get_channel_display()}"

    @property
    def is_waiting(self) -> bool:
        return self.revision > self.copied_revision

    @property
    def has_unconfirmed_phone(self) -> bool:
        return bool(self.phone) and self.phone_confirmed_at is None

    @property
    def reaches(self) -> str:
        """The channel that reaches the person: the one they chose, or none while that one does not work."""
        works = {self.Channel.MAIL: not self.stopped_because, self.Channel.SMS: bool(self.phone_confirmed_at)}
        return self.channel if works.get(self.Channel(self.channel)) else self.Channel.NONE.value

    @property
    def is_silenced(self) -> bool:
        """Whether the person wants to be told, and cannot be."""
        return self.reaches != self.channel

    @property
    def silent_because(self) -> str:
        """Why nothing is sent to the person, by any way; empty where something is."""
        if self.reaches != self.Channel.NONE:
            return ""
        whys = {self.Channel.MAIL: self.stopped_because, self.Channel.SMS: contract.Untold.PHONE.value}
        return whys.get(self.Channel(self.channel), contract.Untold.CHOSEN.value)

    @property
    def is_on_digests(self) -> bool:
        return self.rhythm != self.Rhythm.BATCH

    @property
    def is_waiting_for_digest(self) -> bool:
        return self.next_digest_at is not None

    def next_digest(self, after: datetime) -> datetime | None:
        """When a digest is due after that, or None for who has none."""
        if self.channel == self.Channel.NONE or not self.is_on_digests:
            return None
        weekday = self.weekday if self.rhythm == self.Rhythm.WEEKLY else None
        return next_digest(hour=self.hour, time_zone=self.time_zone, after=after, weekday=weekday)

    def as_record(self) -> contract.Preferences:
        """What the pipeline reads. Of each batch it tells nobody who is on digests; of a digest that was begun it tells
        everybody still. A mail address that is stopped, or a phone that is not confirmed, is not in it."""
        none = self.Channel.NONE.value
        return contract.Preferences(
            owner_id=str(self.user_id),
            channel=none if self.is_on_digests else self.reaches,
            digest_channel=self.reaches,
            silent=self.silent_because,
            language=self.language,
            time_zone=self.time_zone,
            quiet_from=self.quiet_from,
            quiet_to=self.quiet_to,
            only_problems=self.only_problems,
            keep_place=self.keep_place,
            email="" if self.stopped_because else self.user.email,
            phone=str(self.phone or "") if self.phone_confirmed_at else "",
            unsubscribe_url=unsubscribe.url_for(self.user_id),
        )


class PhoneCodeQuerySet(models.QuerySet["PhoneCode"]):
    def open(self) -> Self:
        """Those that can still be typed."""
        return self.filter(tries__lt=PhoneCode.TRIES, expires_at__gt=timezone.now())


class PhoneCode(models.Model):
    """The code that was last sent to a person's phone. It opens nothing once it is used, was tried too often, or is
    older than a few minutes; another one takes its place."""

    TRIES = 5

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="phone_code")
    digest = models.CharField(max_length=64, help_text="Of the code, the number it was sent to, and the person.")
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)

    objects = PhoneCodeQuerySet.as_manager()

    def __str__(self) -> str:
        return f"code for {self.user_id}"

    @property
    def is_open(self) -> bool:
        return self.tries < self.TRIES and self.expires_at > timezone.now()


class ExportQuerySet(models.QuerySet["Export"]):
    def of(self, owner: Any) -> Self:
        """A person's exports, the newest first."""
        return self.filter(owner=owner).order_by("-begun_at", "-pk")

    def making(self) -> Self:
        return self.filter(status=Export.Status.MAKING)

    def stopped(self, now: datetime) -> Self:
        """Those that nobody works on, though they are not done."""
        return self.making().filter(lease_until__lte=now)

    def outlived(self, now: datetime) -> Self:
        return self.filter(expires_at__lte=now)


class Export(models.Model):
    """A ZIP of all that a person has here. It is made in parts, by one task after the other: whoever holds the lease
    writes the next part, and a part counts once its row is there."""

    class Status(models.TextChoices):
        MAKING = "making", _("Being made")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # An account goes after its exports: a row that vanished by itself would leave its object behind.
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="exports")
    status = models.CharField(max_length=8, choices=Status, default=Status.MAKING)
    language = models.CharField(max_length=10, default="en", help_text="Of the mail that says that it is ready.")
    begun_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, db_index=True)
    photos = models.PositiveIntegerField(default=0, help_text="How many it is to hold.")
    photos_done = models.PositiveIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)
    upload_id = models.CharField(max_length=1024, blank=True, help_text="Of the multipart upload at S3.")
    lease_until = models.DateTimeField(default=timezone.now)
    claimed_by = models.CharField(max_length=32, blank=True)
    tries = models.PositiveSmallIntegerField(default=0, help_text="Tasks that began, since it last got a part.")

    objects = ExportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner"], condition=models.Q(status="making"), name="export_one_at_a_time")
        ]

    def __str__(self) -> str:
        return f"export {self.pk}"

    @property
    def key(self) -> str:
        """Where it lies in the bucket of renditions."""
        return f"exports/{self.owner_id}/{self.pk}.zip"

    @property
    def is_outlived(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()


class ExportPart(models.Model):
    """A part of an export that S3 has. `entries` are what it holds (`export_zip.Entry`, as lists); the next part goes
    on after the photo `after`."""

    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    etag = models.CharField(max_length=80)
    bytes = models.PositiveBigIntegerField()
    entries = models.JSONField()
    after = models.UUIDField()
    is_last = models.BooleanField(default=False)

    class Meta:
        ordering = ("number",)
        constraints = [models.UniqueConstraint(fields=["export", "number"], name="exportpart_once")]

    def __str__(self) -> str:
        return f"part {self.number} of {self.export_id}"


class Receipt(models.Model):
    """What the end of an account removed. It says nothing of whose it was once that is done: `owner` is empty then."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.OneToOneField(User, null=True, on_delete=models.SET_NULL, related_name="receipt")
    begun_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)
    removed = models.JSONField(default=dict, help_text="How many of what.")

    def __str__(self) -> str:
        return f"receipt {self.pk}"
