"""What operators do with campaigns. Each verb is one conditional write, so that two who click at once do one thing."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from webapp.photos import catalog

from .costs import estimate
from .models import Campaign, CampaignStatus

SAMPLE = 300
ONLY_ONE = "Another campaign is under way. Let it end, or cancel it, before you start this one."
TOO_LATE = "The campaign was not in that state any more. This is how it stands now."


class Refused(Exception):
    """What was asked for cannot be done. Its text says why, and what to do."""


def plan(*, by: Any, **wanted: Any) -> Campaign:
    """Note a campaign with what it will take; nothing is begun. Raises `AWS_ERRORS` where records must be read."""
    campaign = Campaign(created_by=by, created_at=timezone.now(), **wanted)
    campaign.estimate = asdict(estimate(_count(campaign), asks=not campaign.finds_kept_answers))
    campaign.save(force_insert=True)
    return campaign


def _count(campaign: Campaign) -> int:
    """How many photos it is about; where a model is asked for, as many of all as among the newest."""
    photos = campaign.scope()
    if not campaign.label_model:
        return photos.count()
    sample = list(photos.reverse()[:SAMPLE])
    matching = [each for each in catalog.get_many(sample).values() if each.label_model == campaign.label_model]
    return len(matching) if len(sample) < SAMPLE else round(photos.count() * len(matching) / SAMPLE)


def next_name() -> str:
    """A name to begin with, numbered behind those of the same day that begin alike."""
    name = f"Relabel of {timezone.now():%Y-%m-%d}"
    taken = Campaign.objects.filter(name__startswith=name).count()
    return f"{name}, no. {taken + 1}" if taken else name


def start(campaign: Campaign) -> None:
    _begin(campaign, CampaignStatus.RUNNING, where=[CampaignStatus.ESTIMATED], started_at=timezone.now())


def roll_back(campaign: Campaign) -> None:
    """Have the labels of before come back, where nothing was done about a photo's since."""
    _begin(campaign, CampaignStatus.ROLLING_BACK, where=[CampaignStatus.FINISHED, CampaignStatus.CANCELLED])


def pause(campaign: Campaign) -> None:
    """Begin no more runs; those under way come to their end."""
    _change(campaign, CampaignStatus.PAUSED, where=[CampaignStatus.RUNNING])


def resume(campaign: Campaign) -> None:
    _change(campaign, CampaignStatus.RUNNING, where=[CampaignStatus.PAUSED])


def cancel(campaign: Campaign) -> None:
    """Begin no more runs, and never again. What is relabelled stays so until it is rolled back."""
    _change(campaign, CampaignStatus.CANCELLING, where=[CampaignStatus.RUNNING, CampaignStatus.PAUSED])


def discard(campaign: Campaign) -> None:
    """Forget a campaign that was never started."""
    if not Campaign.objects.filter(pk=campaign.pk, status=CampaignStatus.ESTIMATED).delete()[0]:
        raise Refused(TOO_LATE)


def _begin(campaign: Campaign, status: CampaignStatus, *, where: list[CampaignStatus], **changes: Any) -> None:
    try:
        with transaction.atomic():
            _change(campaign, status, where=where, turn=1, ended_at=None, **changes)
    except IntegrityError as error:
        raise Refused(ONLY_ONE) from error


def _change(campaign: Campaign, status: CampaignStatus, *, where: list[CampaignStatus], **changes: Any) -> None:
    if not Campaign.objects.filter(pk=campaign.pk, status__in=where).update(status=status, **changes):
        raise Refused(TOO_LATE)
    campaign.refresh_from_db()
