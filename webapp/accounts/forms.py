from typing import Any

from allauth.account import forms as allauth_forms
from django import forms
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from .models import NotificationPreferences, User


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

    class Meta:
        model = NotificationPreferences
        fields = ["channel", "phone", "only_problems"]

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

    def try_save(self, request: HttpRequest) -> Any:
        """As long for an address that has an account: hashing is what takes the time."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)


class ChangeEmailForm(PlainWords, allauth_forms.AddEmailForm):
    LABELS = PlainWords.LABELS | {"email": _("New mail address")}


class ChangePasswordForm(PlainWords, allauth_forms.ChangePasswordForm):
    pass


class SetPasswordForm(PlainWords, allauth_forms.SetPasswordForm):
    pass


class ResetPasswordForm(PlainWords, allauth_forms.ResetPasswordForm):
    users: list[User]

    def save(self, request: HttpRequest, **kwargs: Any) -> Any:
        """As long for an address without an account: all is done for nobody, but that no mail is sent."""
        self.users = self.users or [User()]
        return super().save(request, **kwargs)


class ResetPasswordKeyForm(PlainWords, allauth_forms.ResetPasswordKeyForm):
    pass


class ReauthenticateForm(PlainWords, allauth_forms.ReauthenticateForm):
    pass
