"""What an operator says of a campaign."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model

from .models import Campaign

NOTHING_NEW = "Say what is to be different: another threshold, or the model asked anew, or both."
NOBODY = "Nobody here has this address. Check it, or leave it empty for everybody."


class CampaignForm(forms.ModelForm):
    owner = forms.EmailField(label="Only photos of", required=False, help_text="A mail address. Empty: everybody.")

    class Meta:
        model = Campaign
        fields = (
            "name", "min_confidence", "asks_anew", "owner", "label", "label_model", "uploaded_from", "uploaded_until",
        )  # fmt: skip
        labels = {
            "min_confidence": "Threshold",
            "asks_anew": "Ask the model anew",
            "label": "Only with the label",
            "label_model": "Only as labelled by",
            "uploaded_from": "Only uploaded from",
            "uploaded_until": "Only uploaded until",
        }
        help_texts = {
            "min_confidence": (
                "Percent. Labels below it are not shown. Empty: as the pipeline has it. Higher than that costs next to"
                " nothing: the answers of before are kept."
            ),
            "asks_anew": "Take no answer that is kept from an earlier time. Needed for a newer model.",
            "label": "As it is written in the gallery.",
            "label_model": "A model and its version, as a photo's record has it, such as Rekognition 3.0.",
        }
        widgets = {name: forms.DateInput(attrs={"type": "date"}) for name in ("uploaded_from", "uploaded_until")}

    def clean_owner(self) -> Any:
        address = self.cleaned_data["owner"]
        found = get_user_model().objects.filter(email__iexact=address).first() if address else None
        if address and found is None:
            raise forms.ValidationError(NOBODY)
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned["min_confidence"] and not cleaned["asks_anew"]:
            raise forms.ValidationError(NOTHING_NEW)
        begin, end = cleaned.get("uploaded_from"), cleaned.get("uploaded_until")
        if begin and end and begin > end:
            self.add_error("uploaded_until", "This is before the first day. Choose a later one.")
        return cleaned
