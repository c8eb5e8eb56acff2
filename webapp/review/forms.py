from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from webapp.photos.forms import is_readable
from webapp.review.models import Reason

MAX_WORDS = 1000


class WordsField(forms.CharField):
    """Some sentences, as they were typed."""

    def __init__(self, **options: Any) -> None:
        words = {
            "max_length": _("This has %(show_value)d characters, the most is %(limit_value)d. Say it in fewer words."),
            "null_characters_not_allowed": _("This has characters that cannot be seen. Type it anew."),
        }
        widget = forms.Textarea(attrs={"rows": 4})
        super().__init__(**{"max_length": MAX_WORDS, "error_messages": words, "widget": widget, **options})

    def clean(self, value: Any) -> str:
        cleaned = str(super().clean(value))
        if not is_readable(" ".join(cleaned.split())):
            raise forms.ValidationError(_("This has characters that cannot be seen. Type it anew."))
        return cleaned


class RejectForm(forms.Form):
    """A reason from the list, or words, which are a reason too."""

    reason = forms.ChoiceField(choices=Reason.choices, required=False, widget=forms.RadioSelect)
    words = WordsField(required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        cleaned["reason"] = cleaned.get("reason") or (Reason.OTHER.value if cleaned.get("words") else "")
        if not cleaned["reason"]:
            self.add_error(None, "Choose a reason, or say it in words.")
        elif cleaned["reason"] == Reason.OTHER and not cleaned.get("words"):
            self.add_error(None, "Say in words what the other reason is: the owner is told it.")
        return cleaned


class AppealForm(forms.Form):
    words = WordsField(
        label=_("Why it should be shown after all"),
        error_messages={
            "required": _("Say why others should be able to see it."),
            "max_length": _("This has %(show_value)d characters, the most is %(limit_value)d. Say it in fewer words."),
            "null_characters_not_allowed": _("This has characters that cannot be seen. Type it anew."),
        },
    )


class ReportForm(forms.Form):
    """A stranger's; the same list as a reviewer's, in a stranger's words."""

    reason = forms.ChoiceField(
        label=_("What is wrong with it"),
        choices=[
            (Reason.NUDITY, _("It shows nudity or sex")),
            (Reason.VIOLENCE, _("It shows violence, or somebody who is hurt")),
            (Reason.HATE, _("It shows hatred of people, or a sign of it")),
            (Reason.ILLEGAL, _("It shows, or sells, what the law forbids")),
            (Reason.PRIVATE, _("It shows me, or somebody I speak for, and we do not want that")),
            (Reason.OTHER, _("Something else")),
        ],
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose what is wrong with it."),
            "invalid_choice": _("Choose what is wrong with it."),
        },
    )
    words = WordsField(label=_("More about it"), required=False)
