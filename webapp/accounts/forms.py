from typing import Any

from django import forms
from phonenumber_field.formfields import PhoneNumberField

from .models import NotificationPreferences


class NotificationPreferencesForm(forms.ModelForm):
    channel = forms.ChoiceField(
        label="How should we tell you?",
        choices=NotificationPreferences.Channel.choices,
        widget=forms.RadioSelect,
    )
    only_problems = forms.BooleanField(
        label="Only tell me about problems",
        help_text="You hear nothing about a batch in which every photo is ready.",
        required=False,
    )
    phone = PhoneNumberField(
        label="Phone number",
        help_text="For text messages. With country code, for example +34 612 345 678.",
        required=False,
        error_messages={
            "invalid": "We cannot reach this phone number. Start with + and the country code, as in +34 612 345 678."
        },
    )

    class Meta:
        model = NotificationPreferences
        fields = ["channel", "phone", "only_problems"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        by_sms = cleaned.get("channel") == NotificationPreferences.Channel.SMS
        if by_sms and not cleaned.get("phone") and "phone" not in self.errors:
            self.add_error("phone", "Enter a phone number to get text messages, or choose another way.")
        return cleaned
