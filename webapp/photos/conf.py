"""Settings of this app with their defaults, in seconds; a deployment names those that it changes."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings


def presigned_seconds() -> int:
    """How long the address of a rendition opens it."""
    return getattr(settings, "PRESIGNED_SECONDS", 60 * 60)


def sweep_after() -> timedelta:
    """How long a photo may wait before the sweep looks at it."""
    return timedelta(seconds=getattr(settings, "SWEEP_AFTER_SECONDS", 2 * 60))


def upload_seconds() -> int:
    """How long photos may be sent after their rows were written: what an address to send them to opens for."""
    return getattr(settings, "UPLOAD_SECONDS", 15 * 60)


def abandoned_after() -> timedelta:
    """How long after its row was written a photo that is not there is given up: 15 minutes after it could last be
    sent."""
    return timedelta(seconds=upload_seconds() + 15 * 60)


def orphaned_after() -> timedelta:
    """How long something may be stored before the sweep asks whose it is."""
    return timedelta(seconds=getattr(settings, "ORPHANED_AFTER_SECONDS", 60 * 60))


def kept_in_trash() -> timedelta:
    """How long what somebody threw away can be had back."""
    return timedelta(days=getattr(settings, "TRASH_DAYS", 30))


def functions_end_within() -> timedelta:
    """How long after its execution was stopped a Lambda may still write: more than any may run (template.yaml)."""
    return timedelta(seconds=getattr(settings, "FUNCTIONS_END_WITHIN_SECONDS", 2 * 60))


def written_late() -> timedelta:
    """How long after a person was locked out something of theirs may still be written: by an address to send a photo
    to that they were given before, and by the run that follows."""
    return timedelta(seconds=upload_seconds()) + functions_end_within()
