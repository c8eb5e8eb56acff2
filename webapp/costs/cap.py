"""The monthly cap: what a month may cost, after which new analysis is paused instead of spending more.

A pause lasts until the next month, or until the cap is raised above what was spent or taken away. One that began since
much was under way, such as uploads that never arrived, also ends when there is clearly room again; that the photos it
stops are no longer under way is not enough where the cap is all but spent. Then they are run again by themselves, some
at each beat, and no more than the cap has room for. At a cap of 0 nothing new is analysed, in no month, but
for what comes between the turn of one and the next beat.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos.models import Photo, PhotoQuerySet, Status
from webapp.photos.reruns import Rerun, rerun

from . import pause_store
from .estimates import average, estimate
from .models import Pause, Use
from .prices import price
from .spending import month_of

logger = logging.getLogger(__name__)
AT_ONCE = 50  # photos that one beat runs again
CLEARLY = Decimal("0.9")  # of the cap: below it there is room, so that a pause does not come and go


def current() -> Pause | None:
    """The pause that holds now. Without a cap nobody is asked."""
    if settings.MONTHLY_COST_CAP is None:
        return None
    return Pause.objects.filter(until__gt=timezone.now()).first()


def keep() -> int:
    """Begin or end the pause, as the costs of the month ask, and run again what one has stopped; how many photos."""
    pause = Pause.objects.first()
    if pause is not None and not _is_over(pause):
        pause_store.put(pause.until)  # the table may have lost it
        return 0
    if _is_reached(spent() + under_way()):
        Pause.objects.all().delete()  # one of the month before; the table gets the new one in its place
        begin()
        return 0
    if pause is not None:
        end()
    return go_on()


def spent() -> Decimal:
    """Dollars of this month so far."""
    used, _photos = Use.objects.in_month(month_of(timezone.now())).totals()
    return price(used)


def under_way() -> Decimal:
    """Dollars that photos will cost which are being processed now, about."""
    return estimate(Photo.objects.open().count())


def left() -> Decimal | None:
    """Dollars that may be spent this month, besides what is under way; None without a cap."""
    if settings.MONTHLY_COST_CAP is None:
        return None
    return max(Decimal(0), settings.MONTHLY_COST_CAP - spent() - under_way())


def _is_reached(dollars: Decimal) -> bool:
    return settings.MONTHLY_COST_CAP is not None and dollars >= settings.MONTHLY_COST_CAP


def _is_over(pause: Pause) -> bool:
    if settings.MONTHLY_COST_CAP is None or timezone.now() >= pause.until:
        return True
    if pause.cap < settings.MONTHLY_COST_CAP and not _is_reached(spent()):
        return True
    return spent() + under_way() < CLEARLY * settings.MONTHLY_COST_CAP and _room() > 0


def begin() -> Pause:
    """Pause new analysis for what is left of the month: for the pipeline first, so that no pause is told of that is
    none."""
    until = _next_month(timezone.now())
    pause_store.put(until)
    facts = {"since": timezone.now(), "until": until, "cap": settings.MONTHLY_COST_CAP, "spent": spent()}
    pause, _is_new = Pause.objects.get_or_create(pk=1, defaults=facts)
    logger.warning("analysis is paused until %s: this month has cost %.2f dollars", pause.until.date(), pause.spent)
    return pause


def end() -> None:
    pause_store.remove()
    Pause.objects.all().delete()
    logger.info("analysis goes on")


def _next_month(moment: datetime) -> datetime:
    first = datetime(moment.year, moment.month, 1, tzinfo=UTC)
    return (first + timedelta(days=32)).replace(day=1)


def waiting() -> PhotoQuerySet:
    """Photos that a pause has stopped, those first that were tried longest ago; what is in a trash waits there."""
    stopped = Photo.objects.kept().filter(status=Status.FAILED, reason_code=contract.Failure.PAUSED)
    return stopped.filter(trashed_at=None).order_by("waiting_since", "pk")


def go_on() -> int:
    """Run photos again that a pause had stopped: some, and no more than there is room for. How many."""
    asked, photos = 0, list(waiting()[: _room()])
    if photos:
        # Whoever was killed between the two writes of a pause left one that nobody else would end: each photo would
        # be stopped by it again, and paid for, at every beat.
        pause_store.remove()
    for photo in photos:
        asked += rerun(photo) == Rerun.ASKED
        # One that cannot be run is last in line the next time.
        Photo.objects.filter(pk=photo.pk, status=Status.FAILED).update(waiting_since=timezone.now())
    return asked


def _room() -> int:
    """How many photos more the cap has room for, at most `AT_ONCE`."""
    each = average()
    if not each:
        return AT_ONCE
    room = left()
    return AT_ONCE if room is None else min(AT_ONCE, int(room / each))
