"""Writing into the log, and reading it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from webapp.photos.models import Photo
from webapp.review.models import Action, Actor, Case, Entry, Words

PAGE = 100


def write(
    *, case: Case, action: Action, before: str, after: str, by: Any = None, reason: str = "", words: str = ""
) -> Entry:
    """Note what was done, in the caller's transaction; `words` are kept apart from it."""
    actor = Actor.objects.get_or_create(person=by)[0] if by else None
    entry = Entry(case=case.pk, actor=actor.pk if actor else None, action=action, before=before, after=after)
    entry.reason = reason
    entry.save()
    if words:
        Words.objects.create(entry=entry, case=case, author=actor, text=words)
    return entry


def note_deleted(photos: Iterable[Photo], *, by: Any = None) -> None:
    """What reviewers know of goes, whether they have decided or not."""
    for case in Case.objects.filter(photo__in=photos).select_related("photo").order_by("photo"):
        write(case=case, action=Action.DELETED, before=case.photo.review, after=case.photo.review, by=by)


@dataclass(frozen=True)
class Line:
    """An entry, who did it (empty where that is not known, or not any more), and what they wrote."""

    entry: Entry
    who: str
    words: str


def page(*, before: int | None = None) -> tuple[list[Line], int | None]:
    """The newest entries older than `before`, and what the next page goes on before, or None."""
    entries = Entry.objects.order_by("-pk")
    found = list((entries if before is None else entries.filter(pk__lt=before))[: PAGE + 1])
    return lines(found[:PAGE]), found[PAGE - 1].pk if len(found) > PAGE else None


def of(case: Case) -> list[Line]:
    """What was done about a photo, the newest first."""
    return lines(list(Entry.objects.filter(case=case.pk).order_by("-pk")[:PAGE]))


def lines(entries: Sequence[Entry]) -> list[Line]:
    people = dict(Actor.objects.filter(pk__in={entry.actor for entry in entries}).values_list("pk", "person__email"))
    words = dict(Words.objects.filter(pk__in=[entry.pk for entry in entries]).values_list("pk", "text"))
    return [Line(entry, _who(entry, people), words.get(entry.pk, "")) for entry in entries]


def _who(entry: Entry, people: dict[UUID, str]) -> str:
    if entry.actor:
        return people.get(entry.actor, "An account that is gone")
    return "Somebody with a link" if entry.action == Action.REPORTED else "Shoebox"
