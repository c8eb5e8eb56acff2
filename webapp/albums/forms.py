from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.auth.hashers import check_password
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from webapp.albums import albums, contents
from webapp.albums.models import MAX_NAME, Album, ShareLink
from webapp.photos.forms import is_readable
from webapp.photos.models import Photo

SHORTEST_PASSWORD = 6
LONGEST = timedelta(days=10 * 365)


def one_line(text: str) -> str:
    """A name on one line, however its spaces and accents were typed."""
    normal = unicodedata.normalize("NFC", text)
    spaced = "".join(" " if unicodedata.category(character) == "Zs" else character for character in normal)
    if not is_readable(spaced):
        raise forms.ValidationError(_("This name has characters that cannot be seen. Type it anew, on one line."))
    return " ".join(spaced.split())


class NameField(forms.CharField):
    def __init__(self, **options: Any) -> None:
        words = {
            "required": _("Type a name, for example where you were."),
            "max_length": _(
                "This name has %(show_value)d characters, the most is %(limit_value)d. Type a shorter one."
            ),
            "null_characters_not_allowed": _(
                "This name has characters that cannot be seen. Type it anew, on one line."
            ),
        }
        widget = forms.TextInput(attrs={"autocomplete": "off"})
        super().__init__(max_length=MAX_NAME, error_messages=words, widget=widget, **options)

    def clean(self, value: Any) -> str:
        return one_line(super().clean(value))


class NameForm(forms.Form):
    name = NameField(label=_("Name"))


class ChooseAlbumForm(forms.Form):
    """One of a person's albums, or the name of a new one; a name that was typed counts."""

    album = forms.ModelChoiceField(
        label=_("Album"),
        queryset=Album.objects.none(),
        required=False,
        empty_label=_("Choose an album"),
        error_messages={"invalid_choice": _("This album is gone. Choose another one, or type the name of a new one.")},
    )
    new_album = NameField(label=_("Or a new album"), required=False)

    def __init__(self, data: Any = None, *, owner: Any) -> None:
        super().__init__(data)
        self.owner = owner
        self.fields["album"].queryset = Album.objects.of(owner)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not cleaned.get("album") and not cleaned.get("new_album"):
            self.add_error("new_album", _("Choose an album, or type the name of a new one."))
        return cleaned

    def put(self, photos: Sequence[Photo]) -> tuple[Album, str]:
        """Put the person's photos into the album that was chosen, made if it is new: the album, and what to say."""
        name = self.cleaned_data["new_album"]
        album: Album = albums.create(owner=self.owner, name=name) if name else self.cleaned_data["album"]
        added = contents.add(album=album, photos=photos)
        if added:
            said = ngettext("%(count)d photo is now in “%(name)s”.", "%(count)d photos are now in “%(name)s”.", added)
            return album, " ".join([said % {"count": added, "name": album.name}, *_left_out(photos)])
        said = ngettext("It was in “%(name)s” already.", "They were in “%(name)s” already.", len(photos))
        return album, said % {"name": album.name}


def _left_out(photos: Sequence[Photo]) -> list[str]:
    """What to say of photos that no link to the album shows."""
    count = sum(photo.is_withheld for photo in photos)
    said = ngettext(
        "%(count)d of them is seen by nobody but you: it waits for review, or was not let through.",
        "%(count)d of them are seen by nobody but you: they wait for review, or were not let through.",
        count,
    )
    return [said % {"count": count}] if count else []


class ShareForm(forms.Form):
    DAYS = {"day": 1, "week": 7, "month": 30}

    ends = forms.ChoiceField(
        label=_("The link works"),
        choices=[
            ("day", _("For a day")),
            ("week", _("For a week")),
            ("month", _("For 30 days")),
            ("date", _("Until a day you choose")),
            ("never", _("Until you turn it off")),
        ],
        initial="week",
    )
    until = forms.DateField(
        label=_("Until the end of"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={
            "required": _("Choose the last day on which the link works."),
            "invalid": _("This is not a day of the calendar. Write it as 2027-05-31."),
        },
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        min_length=SHORTEST_PASSWORD,
        max_length=128,
        strip=True,
        help_text=_("Whoever opens the link is asked for it. Tell it to them another way than the link."),
        error_messages={
            "min_length": _("This password has %(show_value)d characters. Type at least %(limit_value)d, or none."),
        },
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        if data and data.get("ends") != "date":
            self.fields["until"].required = False  # nor does it stand in the page

    def clean_until(self) -> date | None:
        until: date | None = self.cleaned_data["until"]
        if until and self.cleaned_data.get("ends") == "date":
            _check_day(until)
        return until

    def expires_at(self) -> datetime | None:
        """When the link ends, or None; a day is over at midnight."""
        ends, until = self.cleaned_data["ends"], self.cleaned_data["until"]
        if ends == "date":
            return timezone.make_aware(datetime.combine(until + timedelta(days=1), time()))
        return timezone.now() + timedelta(days=self.DAYS[ends]) if ends in self.DAYS else None


def _check_day(until: date) -> None:
    today = timezone.localdate()
    if until < today:
        raise forms.ValidationError(_("This day is over. Choose today or a later one."))
    if until > today + LONGEST:
        raise forms.ValidationError(_("Choose a day within ten years, or let the link work until you turn it off."))


class UnlockForm(forms.Form):
    password = forms.CharField(
        label=_("Password"),
        strip=True,
        max_length=128,
        error_messages={"required": _("Type the password that came with the link.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, link: ShareLink) -> None:
        super().__init__(data)
        self.link = link

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not check_password(password, self.link.password):
            raise forms.ValidationError(_("This is not the password. Check it, or ask whoever sent you the link."))
        return password
