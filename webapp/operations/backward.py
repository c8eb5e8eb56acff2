"""Taking a campaign back: each photo gets the labels of before, unless something was done about it since."""

from __future__ import annotations

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import catalog
from webapp.photos.index import index

from .forward import as_before
from .models import Campaign, CampaignPhoto, PhotoStatus

TOGETHER = 25


def restore_some(campaign: Campaign) -> bool:
    """Take back the next photos; whether there may be more. Raises `AWS_ERRORS`."""
    rows = list(campaign.photos.filter(status=PhotoStatus.DONE).select_related("photo").order_by("pk")[:TOGETHER])
    records = catalog.get_many([row.photo for row in rows], consistent=True)
    became = {row.pk: _restore(row, records.get(row.photo_id)) for row in rows}
    index([row.photo_id for row in rows])
    for row in rows:
        CampaignPhoto.objects.filter(pk=row.pk, status=PhotoStatus.DONE).update(status=became[row.pk])
    return len(rows) == TOGETHER


def _restore(row: CampaignPhoto, record: contract.Photo | None) -> PhotoStatus:
    if record is None:
        return PhotoStatus.KEPT
    before = as_before(row, record)
    if catalog.restore_labels(before, row.run_id) is not None or _is_restored(catalog.get(row.photo), before):
        return PhotoStatus.RESTORED
    return PhotoStatus.KEPT


def _is_restored(record: contract.Photo | None, before: contract.Photo) -> bool:
    """Whether a worker has done so already that was killed, or is at it as well."""
    if record is None:
        return False
    return (record.run_id, record.labelled_by, record.labels) == (before.run_id, before.labelled_by, before.labels)
