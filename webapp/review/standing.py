"""How a photo stands with its reviewers, for its owner."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from webapp.photos.models import Photo, Review
from webapp.review.models import Action, Case, Entry, Kind, Reason, Words


@dataclass(frozen=True)
class Standing:
    """Of a photo that nobody else sees: a word, the reason in a sentence and in a reviewer's words, each maybe empty,
    and how far an appeal has come."""

    word: str
    reason: str = ""
    words: str = ""
    may_appeal: bool = False
    is_appealed: bool = False

    @property
    def is_waiting(self) -> bool:
        return not self.reason


def standing_of(photo: Photo) -> Standing | None:
    """None for a photo that others may see."""
    if not photo.is_withheld:
        return None
    case = Case.objects.filter(photo=photo).first()
    if photo.review == Review.QUARANTINED or case is None:
        return Standing(_("Waiting for review"))
    return Standing(
        _("Not shown to others"),
        reason=str(Reason(case.reason or Reason.OTHER).label),
        words=words_to_owner(case),
        may_appeal=case.appealed_at is None and not case.is_open,
        is_appealed=case.is_open and case.kind == Kind.APPEAL,
    )


def words_to_owner(case: Case) -> str:
    """What the reviewer wrote who decided last, about this photo or another copy of it."""
    if case.follows:
        return Words.objects.filter(pk=case.follows.entry).values_list("text", flat=True).first() or ""
    last = Entry.objects.filter(case=case.pk, action=Action.REJECTED).order_by("-pk").values_list("pk", flat=True)[:1]
    return Words.objects.filter(pk__in=list(last)).values_list("text", flat=True).first() or ""
