"""People, and how they want to be told about their photos."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from pipeline_lambdas.photo_pipeline import contract


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


class NotificationPreferencesQuerySet(models.QuerySet["NotificationPreferences"]):
    def waiting(self) -> NotificationPreferencesQuerySet:
        """Those whose copy in DynamoDB is older than the choice."""
        return self.filter(revision__gt=models.F("copied_revision")).select_related("user")


class NotificationPreferences(models.Model):
    """How a person is told that a batch is done, and what is kept of their photos. The truth; DynamoDB holds a copy for
    the pipeline to read.

    Every change raises `revision`; `copied_revision` is the last one that is known to have reached DynamoDB.
    """

    class Channel(models.TextChoices):
        MAIL = contract.Channel.MAIL.value, _("By mail")
        SMS = contract.Channel.SMS.value, _("By text message")
        NONE = contract.Channel.NONE.value, _("Not at all")

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="preferences")
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.MAIL)
    only_problems = models.BooleanField(default=False)
    keep_place = models.BooleanField(default=False)
    phone = PhoneNumberField("phone number", blank=True)
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

    def as_record(self) -> contract.Preferences:
        """What the pipeline reads."""
        return contract.Preferences(
            owner_id=str(self.user_id),
            channel=self.channel,
            only_problems=self.only_problems,
            keep_place=self.keep_place,
            email=self.user.email,
            phone=str(self.phone or ""),
        )
