from __future__ import annotations

import base64
import unicodedata
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from pipeline_lambdas.photo_pipeline import contract

MAX_LABEL = 60
MAX_SIDE = 2**31 - 1  # pixels, as a header can say and a column can hold
_WITHOUT_JOINERS = {0x200C: None, 0x200D: None}


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class FilesField(forms.FileField):
    """Files as they came. What is wrong with one of them is no reason to turn the others away, so it is found later."""

    widget = FilesInput

    def clean(self, data: Sequence[UploadedFile] | None, initial: Any = None) -> list[UploadedFile]:  # noqa: ARG002
        if not data:
            raise forms.ValidationError(_("Choose at least one photo."))
        if len(data) > contract.MAX_BATCH:
            raise forms.ValidationError(
                _("%(count)d files at once are too many. Choose %(most)d at most, and the others after."),
                params={"count": len(data), "most": contract.MAX_BATCH},
            )
        return list(data)


class UploadForm(forms.Form):
    photos = FilesField(label=_("Photos"))


class AnnouncedFileForm(forms.Form):
    """What a browser says of a file that it will send. `head` comes in base64, and is bytes when cleaned."""

    name = forms.CharField(strip=False)
    size = forms.IntegerField(min_value=0)
    head = forms.CharField(max_length=4 * contract.SNIFF_BYTES, required=False)
    sha256 = forms.RegexField(r"\A[0-9a-f]{64}\Z")
    width = forms.IntegerField(min_value=0, max_value=MAX_SIDE)
    height = forms.IntegerField(min_value=0, max_value=MAX_SIDE)

    def clean_name(self) -> str:
        return self.cleaned_data["name"][-255:]

    def clean_head(self) -> bytes:
        try:
            return base64.b64decode(self.cleaned_data["head"], validate=True)
        except ValueError:
            raise forms.ValidationError("This is not base64.") from None


def is_readable(label: str) -> bool:
    """Whether a label can be seen. Joiners are part of how Persian and Hindi, and families in emoji, are written."""
    letters = label.translate(_WITHOUT_JOINERS)
    return letters.isprintable() and bool(letters) == bool(label)


class AddLabelForm(forms.Form):
    UNSEEN = _("This label has characters that cannot be seen. Type it anew, on one line.")

    name = forms.CharField(
        label=_("Also this"),
        max_length=MAX_LABEL,
        error_messages={
            "required": _("Type a label first, for example the name of who is in the photo."),
            "max_length": _(
                "This label has %(show_value)d characters, the most is %(limit_value)d. Type a shorter one."
            ),
            "null_characters_not_allowed": UNSEEN,
        },
        widget=forms.TextInput(attrs={"list": "label-names", "autocomplete": "off"}),
    )

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        self.fields["name"].widget.attrs["autofocus"] = True  # the page is long, and this is where to go on

    def clean_name(self) -> str:
        """One line, however its spaces and accents were typed, so that it can be found again."""
        text = unicodedata.normalize("NFC", self.cleaned_data["name"])
        spaced = "".join(" " if unicodedata.category(character) == "Zs" else character for character in text)
        if not is_readable(spaced):
            raise forms.ValidationError(self.UNSEEN)
        return " ".join(spaced.split())


class KeepPlaceForm(forms.Form):
    keep_place = forms.BooleanField(
        label=_("Keep where my photos were taken"),
        help_text=_("For photos that you upload from now on. Turning it off forgets the places kept so far."),
        required=False,
    )
