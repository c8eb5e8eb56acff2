from typing import Any, cast

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import transaction
from django.http import HttpRequest

from . import invitations
from .mail import MailError
from .models import NotificationPreferences, User

admin.site.unregister(UserSession)  # where somebody is logged in is for them alone to see
# Nor how they log in; providers are set in the environment alone.
admin.site.unregister([Authenticator, SocialAccount, SocialApp, SocialToken])


class UserCreationForm(forms.ModelForm):
    """Staff invite by address alone; the person sets a password by the link in the mail to them."""

    class Meta:
        model = User
        fields = ["email"]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        return email

    def save(self, commit: bool = True) -> User:
        self.instance.set_unusable_password()
        user: User = super().save(commit)
        return user


class NotificationPreferencesInline(admin.StackedInline):
    """To look at: only the person changes how they are told."""

    model = NotificationPreferences
    fields = ("channel", "phone", "only_problems", "rhythm", "next_digest_at", "language", "keep_place", "revision",
              "copied_revision")  # fmt: skip
    readonly_fields = fields
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002  Django's signature
        return False


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    add_form = UserCreationForm
    add_fieldsets = [(None, {"fields": ["email"]})]
    fieldsets = [
        (None, {"fields": ["id", "email", "password", "date_joined", "last_login"]}),
        ("May keep", {"fields": ["quota_bytes", "quota_photos"]}),
        ("May", {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
    ]
    readonly_fields = ["id", "email", "date_joined", "last_login"]
    list_display = ["email", "channel", "is_active", "is_staff", "date_joined"]
    list_filter = ["is_active", "is_staff", "preferences__channel"]
    list_select_related = ["preferences"]
    search_fields = ["email"]
    ordering = ["-date_joined"]

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> list[str]:  # noqa: ARG002  Django's
        """The address is the person's to change, since a new one must be verified; it is typed once, when inviting."""
        return self.readonly_fields if obj else []

    def get_inlines(self, request: HttpRequest, obj: User | None) -> list[Any]:  # noqa: ARG002  Django's signature
        """Someone who is only just invited has chosen nothing yet."""
        return [NotificationPreferencesInline] if obj else []

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            transaction.on_commit(lambda: _invite(request, obj))

    @admin.display(description="told", ordering="preferences__channel")
    def channel(self, user: User) -> str:
        chosen = getattr(user, "preferences", None)
        return chosen.get_channel_display() if chosen else "–"


def _invite(request: HttpRequest, user: User) -> None:
    try:
        invitations.send(user=user, invited_by=cast("User", request.user))
    except MailError:
        told = "The mail could not be sent. Tell %s to ask for a password on the page of a forgotten one."
        messages.warning(request, told % user.email)
    else:
        messages.info(request, f"{user.email} was sent a mail with a link to choose a password.")
