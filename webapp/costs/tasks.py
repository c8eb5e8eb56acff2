"""What the worker does for costs."""

from __future__ import annotations

from celery import shared_task

from . import cap


@shared_task
def keep_costs() -> int:
    """Begin or end the pause of new analysis, and go on with what one has stopped; how many photos."""
    return cap.keep()
