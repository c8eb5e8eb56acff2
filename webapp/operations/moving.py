"""A campaign moves on in small steps that a beat begins. SQL says what is to be done before anything is done, and every
write elsewhere is conditional or has one name, so a worker that is killed anywhere leaves the rest to the next.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from webapp.costs import cap

from . import backward, forward, gathering
from .conf import lease, pause_seconds, step_seconds
from .models import Campaign, CampaignStatus

logger = logging.getLogger(__name__)
ENDS = {
    CampaignStatus.RUNNING: CampaignStatus.FINISHED,
    CampaignStatus.CANCELLING: CampaignStatus.CANCELLED,
    CampaignStatus.ROLLING_BACK: CampaignStatus.ROLLED_BACK,
}


def move_on() -> bool:
    """Take steps for the campaign that is under way, for some seconds. False when there is none, or another worker has
    it."""
    campaign = Campaign.objects.moving().order_by("pk").first()
    until = timezone.now() + lease()
    if campaign is None or not _lease(campaign, until):
        return False
    try:
        _take_steps(campaign)
    finally:
        Campaign.objects.filter(pk=campaign.pk, leased_until=until).update(leased_until=None)
    return True


def _lease(campaign: Campaign, until: datetime) -> bool:
    free = Q(leased_until=None) | Q(leased_until__lt=timezone.now())
    return bool(Campaign.objects.filter(free, pk=campaign.pk).update(leased_until=until))


def _take_steps(campaign: Campaign) -> None:
    until = time.monotonic() + step_seconds()
    # While the cap holds it, a look at each beat is enough: else it would keep a worker busy for the rest of a month.
    while step(campaign) and not _is_held(campaign) and time.monotonic() < until:
        time.sleep(pause_seconds())


def step(campaign: Campaign) -> bool:
    """Do what can be done now; whether there is more to do. When there is not, the campaign is at its end."""
    campaign.refresh_from_db()
    status = CampaignStatus(campaign.status)
    if status == CampaignStatus.ROLLING_BACK:
        more = backward.restore_some(campaign)
    elif status == CampaignStatus.RUNNING:
        more = gathering.gather_some(campaign) | forward.settle(campaign) | _begin_some(campaign)
    else:
        more = forward.settle(campaign)
    if not more and status in ENDS:
        _end(campaign, status)
    return more


def _is_held(campaign: Campaign) -> bool:
    return campaign.status == CampaignStatus.RUNNING and cap.current() is not None


def _begin_some(campaign: Campaign) -> bool:
    """No new analysis is begun while the cap on costs pauses it; the campaign waits for its end."""
    return cap.current() is not None or forward.begin_some(campaign)


def _end(campaign: Campaign, status: CampaignStatus) -> None:
    """Unless somebody has changed it meanwhile."""
    changes = {"status": ENDS[status], "turn": None, "ended_at": timezone.now()}
    if Campaign.objects.filter(pk=campaign.pk, status=status).update(**changes):
        logger.info("campaign %s is %s", campaign.pk, ENDS[status])
