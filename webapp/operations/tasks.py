"""What the worker does for operators. Every task may run twice."""

from __future__ import annotations

from celery import shared_task

from . import moving


@shared_task
def move_campaigns() -> bool:
    """Take steps for the campaign under way, if there is one."""
    return moving.move_on()
