"""How the list of notices says by which way something was told, why not, and where it leads."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline_lambdas.photo_pipeline.contract import Channel, Untold
from webapp.photos.models import Status
from webapp.review.models import Reason

from .models import Notice

Kind = Notice.Kind
SENT = {
    Channel.MAIL.value: gettext_lazy("You were told by mail:"),
    Channel.SMS.value: gettext_lazy("You were told by text message:"),
}
ALONE = {
    Untold.CHOSEN.value: gettext_lazy("Here alone, since you chose not to be told."),
    Untold.NO_PROBLEM.value: gettext_lazy("Here alone, since you want to be told of problems only."),
    Untold.BOUNCE.value: gettext_lazy("Here alone, since mail to you came back."),
    Untold.COMPLAINT.value: gettext_lazy("Here alone, since our mail was marked as spam."),
    Untold.PHONE.value: gettext_lazy("Here alone, since your phone number was not confirmed."),
    Channel.MAIL.value: gettext_lazy("Here alone, since the mail could not be sent."),
    Channel.SMS.value: gettext_lazy("Here alone, since the text message could not be sent."),
}


def how(told_by: str, sent_at: datetime | None) -> str:
    """What stands before the time at which something was told, or why it was not."""
    if sent_at:
        return str(SENT.get(told_by, _("You were told:")))
    return str(ALONE.get(told_by, _("Here alone.")))


def how_in_summary(digest: Notice) -> str:
    if digest.sent_at:
        return _("You were told in a summary:")
    return how(digest.told_by, None) if digest.told else on_its_way()


def next_summary() -> str:
    return _("Comes in your next summary.")


def on_its_way() -> str:
    return _("Not told yet.")


def reason(notice: Notice) -> str:
    """Why a photo is not shown to others, if that is what it tells."""
    is_hidden = notice.kind in (Kind.REJECTED, Kind.UPHELD)
    return str(Reason(notice.reason or Reason.OTHER).label) if is_hidden else ""


def link(notice: Notice) -> tuple[str, str]:
    """The address and the name of what it is about; empty where that is gone."""
    photo = notice.photo
    if photo:
        is_there = photo.trashed_at is None and photo.status != Status.DELETING
        return (photo.get_absolute_url(), photo.file_name) if is_there else ("", "")
    if notice.kind in (Kind.EXPORT, Kind.NO_EXPORT, Kind.CLOSING):
        return reverse("settings_data"), _("Your data")
    if notice.kind in (Kind.BOUNCE, Kind.COMPLAINT):
        return reverse("settings_notifications"), _("Notifications")
    return "", ""
