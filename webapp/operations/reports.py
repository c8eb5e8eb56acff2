"""Notes of what the pipeline was like and what the sweeps did, kept for some weeks."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.dispatch import receiver
from django.utils import timezone

from webapp.photos import dead_letters
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.models import Photo
from webapp.photos.sweep import swept

from .models import Snapshot, SweepReport

KEPT_SWEEPS = timedelta(days=3)
KEPT_SNAPSHOTS = timedelta(days=60)


@receiver(swept)
def note_sweep(*, began: datetime, done: Counter[str], **_: Any) -> None:
    now = timezone.now()
    SweepReport.objects.create(began_at=began, ended_at=now, done=dict(done), count=done.total())
    SweepReport.objects.filter(began_at__lt=now - KEPT_SWEEPS).delete()


def note_statuses() -> Snapshot:
    """Note how things stand in this hour; again in it, the later counts."""
    now = timezone.now()
    found = {"counts": count_statuses(), "tasks": tasks_waiting(), "dead_letters": letters_waiting()}
    hour = now.replace(minute=0, second=0, microsecond=0)
    snapshot, _is_new = Snapshot.objects.update_or_create(at=hour, defaults=found)
    Snapshot.objects.filter(at__lt=now - KEPT_SNAPSHOTS).delete()
    return snapshot


def count_statuses() -> dict[str, int]:
    """How many photos stand where."""
    return dict(Photo.objects.values_list("status").annotate(count=Count("pk")).order_by("status"))


def tasks_waiting() -> int | None:
    """About how many tasks the worker has before it; None where the queue does not answer."""
    return _depth(settings.TASKS_QUEUE_URL)


def letters_waiting() -> int | None:
    return _depth(settings.DEAD_LETTER_QUEUE_URL)


def _depth(queue_url: str) -> int | None:
    try:
        return dead_letters.depth(queue_url, probe=True)
    except AWS_ERRORS:
        return None
