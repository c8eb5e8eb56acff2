"""What a person is told when their photos are done: values in, texts out. `notice_mail` makes a mail of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .contract import Batch, Channel, Kind, Label, Photo, Preferences, Reason, Status, Untold, shown_labels
from .notice_words import Words, words_of

TOP_LABELS = 5
SURE = 70  # percent; below, a mail that nobody can correct says nothing
SMS_LENGTH = 160
GSM = frozenset("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
                "abcdefghijklmnopqrstuvwxyzäöñüà")  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """A small JPEG of a photo, the address of its page, and what it shows in a few words."""

    jpeg: bytes
    url: str
    alt: str = ""


@dataclass(frozen=True)
class Details:
    """What is known of photos beside how many there are: why some are not ready, and what others show."""

    reasons: Sequence[Reason] = ()
    labels: Sequence[str] = ()
    pictures: Sequence[Picture] = ()


@dataclass(frozen=True)
class Notice:
    """What is told, in its reader's language. `problems` and `labels` are lines for a mail; `sms` is a whole message of
    at most 160 GSM characters."""

    words: Words
    subject: str
    text: str
    sms: str
    gallery_url: str
    settings_url: str
    unsubscribe_url: str = ""
    problems: list[str] = field(default_factory=list)
    labels: str = ""
    pictures: Sequence[Picture] = ()
    is_test: bool = False


def way(preferences: Preferences, batch: Batch) -> tuple[Channel, str]:
    """How a person is told about a batch, and at which address or number. `NONE` where they are not."""
    channel = preferences.digest_channel if batch.kind else preferences.channel
    if batch.kind == Kind.TEST and not channel:
        channel = preferences.channel
    addresses = {Channel.MAIL: preferences.email, Channel.SMS: preferences.phone}
    address = addresses.get(Channel(channel or Channel.NONE), "")
    return (Channel(channel), address) if address else (Channel.NONE, "")


def told_by(preferences: Preferences, batch: Batch) -> str:
    """The channel by which a person is told about a batch, or why they are not: an `Untold`, empty where it is not
    known."""
    channel = way(preferences, batch)[0]
    if channel != Channel.NONE:
        return channel if wants(preferences, batch) else Untold.NO_PROBLEM
    is_on_digests = not batch.kind and preferences.digest_channel not in ("", Channel.NONE)
    return preferences.silent or (Untold.DIGESTS if is_on_digests else "")


def wants(preferences: Preferences, batch: Batch) -> bool:
    """Whether a person asked to be told about a batch that ended like this, by a way that is known. Of a batch that all
    photos have left there is nothing to tell."""
    if way(preferences, batch)[0] == Channel.NONE:
        return False
    if batch.kind == Kind.TEST:
        return True
    problems = batch.count(Status.REJECTED) + batch.count(Status.FAILED)
    return bool(problems or (batch.count(Status.READY) and not preferences.only_problems))


def compose(batch: Batch, details: Details, preferences: Preferences, *, site_url: str) -> Notice:
    """The notice of a complete batch, in the person's language."""
    words = words_of(preferences.language)
    subject, gallery = words.subject(batch), f"{site_url}/gallery/"
    settings, unsubscribe = f"{site_url}/settings/notifications/", preferences.unsubscribe_url
    problems, labels = list(_problems(batch, details.reasons, words)), ", ".join(details.labels)
    return Notice(
        words=words,
        subject=subject,
        text=_text(words, batch, problems, labels, (gallery, settings, unsubscribe)),
        sms=_sms(subject, gallery),
        gallery_url=gallery,
        settings_url=settings,
        unsubscribe_url=unsubscribe,
        problems=problems,
        labels=labels,
        pictures=details.pictures,
        is_test=batch.kind == Kind.TEST,
    )


def _problems(batch: Batch, reasons: Sequence[Reason], words: Words) -> Iterator[str]:
    for said, count in Counter(words.said(reason) for reason in reasons).most_common():
        yield f"{said} ({words.count(count)})"
    unknown = batch.count(Status.REJECTED) + batch.count(Status.FAILED) - len(reasons)
    if unknown > 0 and reasons:
        yield words.more_problems.format(unknown)


def _text(words: Words, batch: Batch, problems: list[str], labels: str, addresses: tuple[str, str, str]) -> str:
    gallery, settings, unsubscribe = addresses
    parts = [
        f"{words.subject(batch)}.",
        words.test_text if batch.kind == Kind.TEST else "",
        f"{words.labels}: {labels}" if labels else "",
        "\n".join([f"{words.problems}:", *(f"- {problem}" for problem in problems)]) if problems else "",
        f"{words.gallery}: {gallery}",
        "\n".join([*([] if batch.kind == Kind.TEST else [words.why_told]), f"{words.change}: {settings}"]),
        f"{words.unsubscribe}: {unsubscribe}" if unsubscribe else "",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _sms(subject: str, gallery: str) -> str:
    """As much as fits. The words are of the alphabet that a short message has; an address of the site may not be."""
    whole = f"Shoebox: {subject}. {gallery}"
    fits = len(whole) <= SMS_LENGTH and set(whole) <= GSM
    return whole if fits else f"Shoebox: {subject}."[:SMS_LENGTH]


def top_labels(photos: Sequence[Photo]) -> list[str]:
    """What most of these photos show, as exactly as is known."""
    counted = Counter(label.name for photo in photos for label in exact_labels(photo))
    return [name for name, _count in counted.most_common(TOP_LABELS)]


def exact_labels(photo: Photo) -> list[Label]:
    """The labels that are sure, without those that only say more generally what another one says."""
    sure = [label for label in shown_labels(photo) if label.confidence >= SURE]
    general = {parent for label in sure for parent in label.parents}
    return sorted((label for label in sure if label.name not in general), key=lambda label: -label.confidence)
