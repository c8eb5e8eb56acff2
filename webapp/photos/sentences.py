"""The contract's sentences in the language of whoever reads them. The pipeline, which knows one language, stores them
in English; here they are found again by their codes."""

from __future__ import annotations

import re
from datetime import datetime

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from pipeline_lambdas.photo_pipeline import contract
from pipeline_lambdas.photo_pipeline.contract import Failure, Refusal

DAY = "%d %B %Y"  # as contract.name_day writes it
# Copies of contract.SENTENCES, which a test compares, so that they are found by whoever collects what to translate.
SENTENCES: dict[str, str] = {
    Refusal.EMPTY: gettext_noop("This file is empty. Choose the photo again, or copy it anew from the camera."),
    Refusal.TOO_LARGE: gettext_noop(
        "Too large: {megabytes} MB, the most is {limit} MB. Export a smaller copy and upload that."
    ),
    Refusal.NOT_A_PHOTO: gettext_noop(
        "This is not a photo we can read. Upload a JPEG, PNG, WebP, GIF, HEIC, AVIF, TIFF or BMP file."
    ),
    Refusal.TOO_MANY_PIXELS: gettext_noop(
        "Too many pixels: {width} × {height} is {megapixels} megapixels, the most is {limit}. Upload a smaller copy."
    ),
    Refusal.TOO_SMALL: gettext_noop(
        "Too small: {width} × {height} pixels, the least is {limit} on each side. Upload a larger copy."
    ),
    Refusal.DAMAGED: gettext_noop(
        "This file is damaged or incomplete. Copy it anew from the camera or phone, and upload that."
    ),
    Failure.RESIZE: gettext_noop(
        "Something went wrong on our side while making the previews. The original is safe; try again."
    ),
    Failure.LABELS: gettext_noop(
        "Something went wrong on our side while finding labels. The original is safe; try again."
    ),
    Failure.LABELS_REFUSED: gettext_noop(
        "The service that finds labels did not take this photo. The photo and its previews are safe; try again later."
    ),
    Failure.STORE: gettext_noop(
        "Something went wrong on our side while saving the result. The original is safe; try again."
    ),
    Failure.DID_NOT_ARRIVE: gettext_noop("This photo did not arrive. Upload it again."),
    Failure.STOPPED: gettext_noop("Processing stopped before it was finished. The original is safe; try again."),
    Failure.PAUSED: gettext_noop(
        "Analysis is paused until {until} to keep the costs in bounds. Your photo is kept and is labelled by itself"
        " afterwards."
    ),
}


def template(code: str) -> str:
    """The sentence of a code, with the names of its facts in braces."""
    return _(SENTENCES[code])


def said(reason: contract.Reason | None) -> str:
    """Why a photo is rejected or failed, or an empty string."""
    return translate(reason.code, reason.text) if reason else ""


def translate(code: str, text: str) -> str:
    """A stored sentence as its reader knows it; as it is stored where it is not of its code, or was written before."""
    english = SENTENCES.get(code)
    match = _pattern(english).fullmatch(text) if english else None
    if match is None:
        return text
    return template(code).format(**{name: _fact(fact) for name, fact in match.groupdict().items()})


def _fact(fact: str) -> str:
    return number_format(fact) if " " not in fact else date_format(datetime.strptime(fact, DAY))


def _pattern(sentence: str) -> re.Pattern[str]:
    """What a sentence looks like once its facts, which are numbers or a day, are filled in."""
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[0-9.]+|[0-9]+ [A-Z][a-z]+ [0-9]{4})", re.escape(sentence)))


# --- Batches ---------------------------------------------------------------------------------------------------------


def summary(record: contract.Batch) -> str:
    """What became of the photos of an upload, as `contract.Batch.summary` tells it: "12 photos ready, 1 failed"."""
    ready, unread, failed = (record.count(status) for status in contract.TERMINAL)
    parts = [ngettext("%d photo ready", "%d photos ready", ready) % ready] if ready or not unread + failed else []
    if unread:
        parts.append((_("%d could not be read") if parts else _unread(unread)) % unread)
    if failed:
        parts.append((_("%d failed") if parts else ngettext("%d photo failed", "%d photos failed", failed)) % failed)
    return ", ".join(parts)


def _unread(count: int) -> str:
    return ngettext("%d photo could not be read", "%d photos could not be read", count)
