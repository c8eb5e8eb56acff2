"""What the worker does for notices. Each may run twice, and beside itself."""

from __future__ import annotations

from celery import shared_task

from . import digest, telling


@shared_task
def send_digests() -> int:
    """Go on with notices that are not told yet, and begin the digests that are due; how many were begun."""
    telling.settle_all()
    return digest.send_due()
