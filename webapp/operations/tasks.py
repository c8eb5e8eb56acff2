"""What the worker does for operators. Every task may run twice."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from celery import shared_task

from . import failures, moving, precision, reports


@shared_task
def move_campaigns() -> bool:
    """Take steps for the campaign under way, if there is one."""
    return moving.move_on()


@shared_task
def note_statuses() -> None:
    reports.note_statuses()


@shared_task
def count_corrections() -> int:
    return precision.count_corrections()


@shared_task
def run_cause_again(code: str, until: str, after: str = str(UUID(int=0))) -> None:
    """Have all photos processed once more that had failed of one cause by `until` (ISO 8601), some at a time."""
    last = failures.run_some_again(code, until=datetime.fromisoformat(until), after=UUID(after))
    if last is not None:
        run_cause_again.delay(code, until, str(last))
