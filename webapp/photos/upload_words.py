"""What the script of the upload page says. Words in braces are filled in by it; a pair is for one and for more."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import sentences

ONE_AND_MORE = (1, 2)


def words() -> dict[str, object]:
    """By the names that upload.js knows them by; refusals by their codes."""
    refusals = {code.value: sentences.template(code) for code in contract.Refusal}
    return {
        **refusals,
        "drop": _("Drop photos or a folder here, or choose them"),
        "unread": [
            ngettext(
                "{n} item that you dropped could not be read and is not in the list.",
                "{n} items that you dropped could not be read and are not in the list.",
                n,
            )
            for n in ONE_AND_MORE
        ],
        "unreadable": _("This file cannot be read. Choose it again."),
        "too_many_files": _("Only the first {limit} are in the list. Upload these, and choose the others after."),
        "size": _("{total} MB"),
        "small": _("under %(size)s MB") % {"size": "{total}"},
        "waiting": _("Waiting"),
        "hashing": _("Looking whether you have it"),
        "sending": _("{sent} of {total} MB"),
        "retrying": _("Waiting to try again"),
        "sent": _("Sent"),
        "duplicate": _("Already in your gallery"),
        "trashed": _("Already in your trash"),
        "ended": _("You sent this before. {why}"),
        "twin": _("The same photo as {name}"),
        "cancelled": _("Cancelled"),
        "failed": _("Could not be sent. Look at your connection, and try again."),
        "our_fault": _("Could not be sent: something is wrong on our side. Try again in a few minutes."),
        "remove": _("Remove"),
        "cancel": _("Cancel"),
        "again": _("Try again"),
        "of_file": _("{action} {name}"),
        "upload": [ngettext("Upload {n} photo", "Upload {n} photos", n) for n in ONE_AND_MORE],
        "chosen": _("{n} of {all} to send, {total} MB"),
        "progress": _("{n} of {all} sent, {sent} of {total} MB"),
        "seconds": [ngettext("{n} second left", "{n} seconds left", n) for n in ONE_AND_MORE],
        "minutes": [ngettext("{n} minute left", "{n} minutes left", n) for n in ONE_AND_MORE],
        "offline": _("You are offline. Sending goes on by itself when you are back."),
        "logged_out": _("You are logged out. Log in in another window, then go on here; nothing you chose is lost."),
        "broken": _("Something went wrong on our side. Nothing you chose is lost; go on in a minute."),
        "received": [ngettext("{n} photo received.", "{n} photos received.", n) for n in ONE_AND_MORE],
        "known": [ngettext("{n} was there already.", "{n} were there already.", n) for n in ONE_AND_MORE],
        "lost": [ngettext("{n} was not sent.", "{n} were not sent.", n) for n in ONE_AND_MORE],
        "refused": [ngettext("{n} was refused.", "{n} were refused.", n) for n in ONE_AND_MORE],
        "spoken": _("{percent} percent sent"),
    }
