from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from pipeline_lambdas.photo_pipeline import contract


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class FilesField(forms.FileField):
    """Files as they came. What is wrong with one of them is no reason to turn the others away, so it is found later."""

    widget = FilesInput

    def clean(self, data: Sequence[UploadedFile] | None, initial: Any = None) -> list[UploadedFile]:  # noqa: ARG002
        if not data:
            raise forms.ValidationError("Choose at least one photo.")
        if len(data) > contract.MAX_BATCH:
            raise forms.ValidationError(
                f"{len(data)} files at once are too many. Choose {contract.MAX_BATCH} at most, and the others after."
            )
        return list(data)


class UploadForm(forms.Form):
    photos = FilesField(label="Photos")
