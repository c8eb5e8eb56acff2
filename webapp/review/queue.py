"""Who looks at which photo. A lease is taken by one conditional UPDATE, which two can never both be told of."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from webapp.review.models import Case, CaseQuerySet

LEASE = timedelta(minutes=5)
LATER = timedelta(hours=1)
UNDO = timedelta(minutes=1)
TRIES = 20


def hold(*, reviewer: Any, count: int = 2) -> list[Case]:
    """The photos that a reviewer looks at from now on, the first one first: theirs already, and then the next ones in
    the queue. There are fewer when no more wait."""
    now = timezone.now()
    Case.objects.filter(is_open=True).held_by(reviewer, now).update(leased_until=now + LEASE)
    for _try in range(TRIES):
        held = list(_open_to(reviewer).held_by(reviewer, now).select_related("photo")[:count])
        if len(held) == count or not _take_next(reviewer, now, count - len(held)):
            return held
    return held


def _open_to(reviewer: Any) -> CaseQuerySet:
    return Case.objects.open().for_reviewer(reviewer).due(timezone.now())


def _take_next(reviewer: Any, now: datetime, count: int) -> bool:
    """Try for the next free ones. False when there is none; another reviewer may have been quicker with all of them."""
    ids = list(_open_to(reviewer).free(now).values_list("pk", flat=True)[:count])
    for case_id in ids:
        take(case_id=case_id, reviewer=reviewer, now=now)
    return bool(ids)


def take(*, case_id: UUID, reviewer: Any, now: datetime) -> bool:
    """Take the lease of a case that nobody has. False when somebody was quicker."""
    free = Case.objects.filter(pk=case_id, is_open=True).for_reviewer(reviewer).free(now)
    return bool(free.update(leased_by=reviewer, leased_until=now + LEASE))


def let_go(*, reviewer: Any) -> None:
    """Leave all that a reviewer holds to others."""
    Case.objects.filter(leased_by=reviewer, is_open=True).update(leased_by=None, leased_until=None)


def waiting() -> int:
    """How many photos wait for anybody."""
    return Case.objects.open().count()


def standing(reviewer: Any) -> dict[str, int]:
    """How many photos wait: for this reviewer, for them later, with others at the moment, and for others alone."""
    now, everything = timezone.now(), Case.objects.open()
    theirs = everything.for_reviewer(reviewer)
    held_by_others = theirs.due(now).filter(leased_until__gt=now).exclude(leased_by=reviewer).count()
    return {
        "waiting": theirs.due(now).count() - held_by_others,
        "held_by_others": held_by_others,
        "later": theirs.filter(ask_from__gt=now).count(),
        "for_others": everything.count() - theirs.count(),
    }
