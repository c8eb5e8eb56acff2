"""Where photos were taken: kept for those who ask for it, forgotten once they no longer do.

A run that read the old choice may still write a place after that. But its fence lets it do so only before the photo's
end, and every end is indexed after, so a place that its owner does not want kept is looked for twice: in what is there
already, by `forget_some`, and in whatever ends later, by `index` through `forget_unkept`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from kombu.exceptions import OperationalError

from pipeline_lambdas.photo_pipeline import contract
from webapp.accounts import preferences
from webapp.photos import catalog
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.ids import new_photo_id
from webapp.photos.models import Photo, PlacesToForget

logger = logging.getLogger(__name__)
PAGE = 100


@transaction.atomic
def choose(*, user: Any, keep: bool) -> None:
    """Keep places from now on, or keep none any more and forget those there are. As with `preferences.choose`, what the
    pipeline reads follows after."""
    preferences.choose_place(user=user, keep=keep)
    if not keep:
        PlacesToForget.objects.update_or_create(owner=user, defaults={"below": new_photo_id()})
        transaction.on_commit(partial(_hand_over, str(user.pk)))


def _hand_over(owner_id: str) -> None:
    from webapp.photos.tasks import forget_places  # which imports this module

    try:
        forget_places.delay(owner_id)
    except (*AWS_ERRORS, OperationalError):
        logger.exception("places of %s are forgotten with the next round", owner_id)


def are_kept(owner_id: Any) -> bool:
    """Whether a person wants kept where their photos were taken."""
    return str(owner_id) in _keepers([str(owner_id)])


def _keepers(owner_ids: Iterable[str]) -> set[str]:
    keepers = get_user_model().objects.filter(pk__in=set(owner_ids), preferences__keep_place=True)
    return {str(owner_id) for owner_id in keepers.values_list("pk", flat=True)}


def forget_unkept(records: Iterable[contract.Photo]) -> None:
    """Forget the places in `records` that their owners do not want kept."""
    with_place = [record for record in records if record.place]
    keepers = _keepers(record.owner_id for record in with_place) if with_place else set()
    for record in with_place:
        if record.owner_id not in keepers:
            catalog.forget_place(record)


def forget_some(owner_id: UUID) -> bool:
    """Forget the places of the next photos of somebody who asked for it. Whether more are left for the caller to go on
    with. May be stopped and repeated at any moment."""
    job = PlacesToForget.objects.filter(pk=owner_id).first()
    if job is None:
        return False
    photos = list(Photo.objects.filter(owner=owner_id, pk__lt=job.below).order_by("-pk")[:PAGE])
    for record in catalog.get_many(photos, consistent=True).values():
        if record.place:
            catalog.forget_place(record)
    return _note(job, photos)


def _note(job: PlacesToForget, photos: list[Photo]) -> bool:
    """Write down how far it went, unless somebody else did, or began anew."""
    as_seen = PlacesToForget.objects.filter(pk=job.pk, below=job.below)
    if len(photos) == PAGE:
        return bool(as_seen.update(below=photos[-1].pk))
    as_seen.delete()
    return False
