"""Settings of this app with their defaults; a deployment names those that it changes."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings


def runs_at_once() -> int:
    """How many runs of a campaign are under way at a time: few, so that uploads come first."""
    return getattr(settings, "CAMPAIGN_RUNS", 4)


def step_seconds() -> float:
    """How long the worker stays with a campaign before it lets others at the queue."""
    return getattr(settings, "CAMPAIGN_STEP_SECONDS", 8.0)


def pause_seconds() -> float:
    """How long it waits between two looks at the runs under way."""
    return getattr(settings, "CAMPAIGN_PAUSE_SECONDS", 0.5)


def lease() -> timedelta:
    """How long one worker has a campaign to itself: longer than a look takes."""
    return timedelta(seconds=getattr(settings, "CAMPAIGN_LEASE_SECONDS", 30))
