"""Which photos a campaign is about: noted some hundreds at a time, oldest first."""

from __future__ import annotations

from django.db import transaction

from webapp.photos import catalog
from webapp.photos.models import Photo

from .models import Campaign, CampaignPhoto

TOGETHER = 500


def gather_some(campaign: Campaign) -> bool:
    """Note the next photos of a campaign; whether there may be more. Raises `AWS_ERRORS`."""
    if campaign.is_gathered:
        return False
    photos = campaign.scope()
    if campaign.gathered_to:
        photos = photos.filter(pk__gt=campaign.gathered_to)
    found = list(photos[:TOGETHER])
    _note(campaign, _of_model(campaign, found), found)
    return not campaign.is_gathered


def _of_model(campaign: Campaign, photos: list[Photo]) -> list[Photo]:
    if not campaign.label_model:
        return photos
    records = catalog.get_many(photos)
    return [each for each in photos if each.pk in records and records[each.pk].label_model == campaign.label_model]


@transaction.atomic
def _note(campaign: Campaign, matching: list[Photo], seen: list[Photo]) -> None:
    kept = set(Photo.objects.filter(pk__in=[each.pk for each in matching]).values_list("pk", flat=True))
    rows = [CampaignPhoto(campaign=campaign, photo_id=each.pk) for each in matching if each.pk in kept]
    CampaignPhoto.objects.bulk_create(rows, ignore_conflicts=True)
    campaign.gathered_to = seen[-1].pk if seen else campaign.gathered_to
    campaign.is_gathered = len(seen) < TOGETHER
    campaign.save(update_fields=["gathered_to", "is_gathered"])
