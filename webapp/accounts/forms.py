from typing import Any, cast

from allauth.account import forms as allauth_forms
from django import forms
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.utils.dates import WEEKDAYS
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from . import address_changes, zones
from .models import NotificationPreferences, User

HOURS = [(hour, f"{hour}:00") for hour in range(24)]


class NotificationPreferencesForm(forms.ModelForm):
    channel = forms.ChoiceField(
        label=_("How should we tell you?"),
        choices=NotificationPreferences.Channel.choices,
        widget=forms.RadioSelect,
    )
    only_problems = forms.BooleanField(
        label=_("Only tell me about problems"),
        help_text=_("You hear nothing about a batch in which every photo is ready."),
        required=False,
    )
    phone = PhoneNumberField(
        label=_("Phone number"),
        help_text=_("For text messages. With country code, for example +34 612 345 678."),
        required=False,
        error_messages={
            "invalid": _("We cannot reach this phone number. Start with + and the country code, as in +34 612 345 678.")
        },
    )

    rhythm = forms.ChoiceField(
        label=_("How often?"), choices=NotificationPreferences.Rhythm.choices, widget=forms.RadioSelect
    )
    hour = forms.TypedChoiceField(
        label=_("Hour"), choices=HOURS, coerce=int, help_text=_("When the summary of a day or a week comes.")
    )
    weekday = forms.TypedChoiceField(
        label=_("Day"), choices=list(WEEKDAYS.items()), coerce=int, help_text=_("For the summary of a week.")
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), help_text=_("What the clock shows where you are."))
    quiet_from = forms.TypedChoiceField(
        label=_("Quiet from"), choices=[("", _("Never quiet")), *HOURS], coerce=int, empty_value=None, required=False
    )
    quiet_to = forms.TypedChoiceField(
        label=_("Quiet until"),
        choices=[("", _("Never quiet")), *HOURS],
        coerce=int,
        empty_value=None,
        required=False,
        help_text=_("What is done in these hours, you hear when they are over. A summary comes at its hour."),
    )
    language = forms.ChoiceField(
        label=_("Language of notices"),
        choices=[(code, get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES],
    )

    class Meta:
        model = NotificationPreferences
        fields = [
            "channel",
            "phone",
            "language",
            "rhythm",
            "weekday",
            "hour",
            "time_zone",
            "only_problems",
            "quiet_from",
            "quiet_to",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        time_zone = cast("forms.ChoiceField", self.fields["time_zone"])
        time_zone.choices = zones.choices()
        if not self.is_bound and self.instance.time_zone == "UTC":
            time_zone.widget.attrs["data-zone"] = True  # the script proposes the browser's

    def clean_quiet_to(self) -> int | None:
        start, end = self.cleaned_data.get("quiet_from"), self.cleaned_data.get("quiet_to")
        if (start is None) != (end is None):
            raise forms.ValidationError(_("Choose both hours, when quiet begins and when it ends, or neither."))
        if start is not None and start == end:
            raise forms.ValidationError(_("Choose two different hours, or neither."))
        return end

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        by_sms = cleaned.get("channel") == NotificationPreferences.Channel.SMS
        if by_sms and not cleaned.get("phone") and "phone" not in self.errors:
            self.add_error("phone", _("Enter a phone number to get text messages, or choose another way."))
        return cleaned


class PlainWords:
    """allauth's forms in our words: a label above says it all, so no placeholder repeats it."""

    LABELS = {
        "login": _("Mail address"),
        "email": _("Mail address"),
        "password": _("Password"),
        "remember": _("Keep me logged in on this device"),
        "oldpassword": _("Your password now"),
        "password1": _("New password"),
        "password2": _("New password, once more"),
    }
    NEW_PASSWORD = _("At least 12 characters. A few words that only you would put together are good.")

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = self.LABELS[name]
            field.widget.attrs.pop("placeholder", None)
        if "password1" in self.fields:
            self.fields["password1"].help_text = self.NEW_PASSWORD


class LoginForm(PlainWords, allauth_forms.LoginForm):
    pass


class SignupForm(PlainWords, allauth_forms.SignupForm):
    LABELS = PlainWords.LABELS | {"password1": _("Password")}

    def validate_unique_email(self, value: str) -> str:
        """An address that somebody's account is only to have is not theirs: it stays free for who reads its mailbox."""
        email = str(super().validate_unique_email(value))
        self.account_already_exists = User.objects.filter(email=email).exists()
        return email

    def try_save(self, request: HttpRequest) -> Any:
        """As long for an address that has an account: hashing is what takes the time."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)


class ChangeEmailForm(PlainWords, allauth_forms.AddEmailForm):
    LABELS = PlainWords.LABELS | {"email": _("New mail address")}

    def save(self, request: HttpRequest) -> Any:
        address_changes.drop(user=cast("User", self.user))
        return super().save(request)


class ChangePasswordForm(PlainWords, allauth_forms.ChangePasswordForm):
    pass


class SetPasswordForm(PlainWords, allauth_forms.SetPasswordForm):
    pass


class ResetPasswordForm(PlainWords, allauth_forms.ResetPasswordForm):
    users: list[User]

    def clean_email(self) -> str:
        """An address that an account is only to have opens nothing yet."""
        email = str(super().clean_email())
        self.users = [user for user in self.users if user.email == email.lower()]
        return email

    def save(self, request: HttpRequest, **kwargs: Any) -> Any:
        """As long for an address without an account: all is done for nobody, but that no mail is sent."""
        self.users = self.users or [User()]
        return super().save(request, **kwargs)


class ResetPasswordKeyForm(PlainWords, allauth_forms.ResetPasswordKeyForm):
    pass


class ReauthenticateForm(PlainWords, allauth_forms.ReauthenticateForm):
    pass
