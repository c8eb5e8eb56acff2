"""The words of notices in each language that a person can choose. The pipeline has no catalogue of texts: the site's
is Django's, which is not in the zip. A test holds the sentences about photos to those of the site."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .contract import SENTENCES, TERMINAL, Batch, Failure, Kind, Reason, Refusal, Status

Ends = Mapping[str, tuple[str, str, str]]  # of one photo, of many, and behind another count


@dataclass(frozen=True)
class Words:
    """`titles` are what digests are called; `sentences` say why a photo is not ready, by code, where they
    are not the contract's own; a number is written with `decimal`."""

    language: str
    ends: Ends
    titles: Mapping[str, str]
    photos: tuple[str, str]
    labels: str
    problems: str
    more_problems: str
    open_gallery: str
    gallery: str
    why_told: str
    change: str
    unsubscribe: str
    test: str
    test_text: str
    sentences: Mapping[str, str]
    decimal: str = "."
    day: str = "{day} {month} {year}"
    months: Mapping[str, str] = field(default_factory=dict)  # by their English names, where they are others

    def summary(self, batch: Batch) -> str:
        """What became of the photos: "12 photos ready, 1 failed"."""
        told = [(status, batch.count(status)) for status in TERMINAL if batch.count(status)] or [(Status.READY, 0)]
        return ", ".join(self._end(status, count, is_first=not at) for at, (status, count) in enumerate(told))

    def _end(self, status: str, count: int, *, is_first: bool) -> str:
        one, many, behind = self.ends[status]
        return (behind if not is_first else one if count == 1 else many).format(count)

    def subject(self, batch: Batch) -> str:
        """What a notice is headed: a test's name, or the summary, behind the name of a digest."""
        if batch.kind == Kind.TEST:
            return self.test
        title = self.titles.get(batch.kind)
        return f"{title}: {self.summary(batch)}" if title else self.summary(batch)

    def count(self, photos: int) -> str:
        one, many = self.photos
        return (one if photos == 1 else many).format(photos)

    def said(self, reason: Reason) -> str:
        """A stored sentence in this language; as it is stored where it is none that is known."""
        sentence = self.sentences.get(reason.code)
        match = _pattern(SENTENCES[reason.code]).fullmatch(reason.text) if sentence else None
        if sentence is None or match is None:
            return reason.text
        return sentence.format(**{name: self._fact(fact) for name, fact in match.groupdict().items()})

    def _fact(self, fact: str) -> str:
        """A number, or a day such as "1 December 2026"."""
        day, _, rest = fact.partition(" ")
        if not rest:
            return fact.replace(".", self.decimal)
        month, _, year = rest.partition(" ")
        return self.day.format(day=day, month=self.months.get(month, month), year=year)


def _pattern(sentence: str) -> re.Pattern[str]:
    """What a sentence looks like once its facts, which are numbers or a day, are filled in."""
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[0-9.]+|[0-9]+ [A-Z][a-z]+ [0-9]{4})", re.escape(sentence)))


ENGLISH = Words(
    language="en",
    ends={
        Status.READY: ("{} photo ready", "{} photos ready", "{} ready"),
        Status.REJECTED: ("{} photo could not be read", "{} photos could not be read", "{} could not be read"),
        Status.FAILED: ("{} photo failed", "{} photos failed", "{} failed"),
    },
    titles={Kind.DAILY: "Your day", Kind.WEEKLY: "Your week"},
    photos=("{} photo", "{} photos"),
    labels="What they show",
    problems="What went wrong",
    more_problems="Not listed here: {}",
    open_gallery="Open your gallery",
    gallery="Your gallery",
    why_told="You get this because you uploaded photos to Shoebox.",
    change="Change what you are told",
    unsubscribe="Unsubscribe",
    test="A test notice",
    test_text="You asked for it on your settings page. Notices about your photos come to you this way.",
    sentences={},
)

GERMAN = Words(
    language="de",
    ends={
        Status.READY: ("{} Foto fertig", "{} Fotos fertig", "{} fertig"),
        Status.REJECTED: ("{} Foto nicht lesbar", "{} Fotos nicht lesbar", "{} nicht lesbar"),
        Status.FAILED: ("{} Foto fehlgeschlagen", "{} Fotos fehlgeschlagen", "{} fehlgeschlagen"),
    },
    titles={Kind.DAILY: "Dein Tag", Kind.WEEKLY: "Deine Woche"},
    photos=("{} Foto", "{} Fotos"),
    labels="Was sie zeigen",
    problems="Was schiefging",
    more_problems="Hier nicht aufgeführt: {}",
    open_gallery="Deine Galerie öffnen",
    gallery="Deine Galerie",
    why_told="Du bekommst das, weil du Fotos zu Shoebox hochgeladen hast.",
    change="Ändern, was dir gesagt wird",
    unsubscribe="Abbestellen",
    test="Eine Probe",
    test_text="Du hast sie auf der Seite deiner Einstellungen bestellt. Auf diesem Weg kommt, was wir dir sagen.",
    sentences={
        Refusal.EMPTY: "Diese Datei ist leer. Wähle das Foto noch einmal oder kopiere es neu von der Kamera.",
        Refusal.TOO_LARGE: (
            "Zu groß: {megabytes} MB, höchstens {limit} MB. Speichere eine kleinere Kopie und lade sie hoch."
        ),
        Refusal.NOT_A_PHOTO: (
            "Das ist kein Foto, das wir lesen können. Lade eine Datei in JPEG, PNG, WebP, GIF, HEIC, AVIF, TIFF "
            "oder BMP hoch."
        ),
        Refusal.TOO_MANY_PIXELS: (
            "Zu viele Pixel: {width} × {height} sind {megapixels} Megapixel, höchstens {limit}. Lade eine "
            "kleinere Kopie hoch."
        ),
        Refusal.TOO_SMALL: (
            "Zu klein: {width} × {height} Pixel, mindestens {limit} auf jeder Seite. Lade eine größere Kopie hoch."
        ),
        Refusal.DAMAGED: (
            "Diese Datei ist beschädigt oder unvollständig. Kopiere sie neu von Kamera oder Telefon und lade sie "
            "dann hoch."
        ),
        Failure.RESIZE: (
            "Beim Erstellen der Vorschauen ist bei uns etwas schiefgegangen. Das Original ist sicher; versuche "
            "es noch einmal."
        ),
        Failure.LABELS: (
            "Beim Finden der Schlagwörter ist bei uns etwas schiefgegangen. Das Original ist sicher; versuche es "
            "noch einmal."
        ),
        Failure.LABELS_REFUSED: (
            "Der Dienst, der Schlagwörter findet, hat dieses Foto nicht angenommen. Das Foto und seine "
            "Vorschauen sind sicher; versuche es später noch einmal."
        ),
        Failure.STORE: (
            "Beim Speichern des Ergebnisses ist bei uns etwas schiefgegangen. Das Original ist sicher; versuche "
            "es noch einmal."
        ),
        Failure.DID_NOT_ARRIVE: "Dieses Foto ist nicht angekommen. Lade es noch einmal hoch.",
        Failure.STOPPED: "Die Verarbeitung hielt vor dem Ende an. Das Original ist sicher; versuche es noch einmal.",
        Failure.PAUSED: (
            "Die Analyse pausiert bis zum {until}, damit die Kosten im Rahmen bleiben. Dein Foto wird aufbewahrt und "
            "bekommt danach von selbst Schlagwörter."
        ),
    },
    decimal=",",
    day="{day}. {month} {year}",
    months={
        "January": "Januar",
        "February": "Februar",
        "March": "März",
        "May": "Mai",
        "June": "Juni",
        "July": "Juli",
        "October": "Oktober",
        "December": "Dezember",
    },
)

LANGUAGES = {words.language: words for words in (ENGLISH, GERMAN)}


def words_of(language: str) -> Words:
    return LANGUAGES.get(language, ENGLISH)
