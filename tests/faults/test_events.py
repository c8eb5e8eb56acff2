"""S3 tells of an original at least once, in any order, late, or in rare cases never: every photo comes to one end."""

from __future__ import annotations

import random
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from tests import photo_files
from tests.factories import make_batch
from tests.faults.uploads import OLD, Upload, mails_to, make_keeper, make_upload, orphans
from webapp.photos import catalog, index, tasks
from webapp.photos.models import LabelCount, Photo

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("emptied")]
UPLOADS, A_BATCH = 40, 5


def deliveries(uploads: list[Upload], chance: random.Random) -> tuple[list[Upload], list[Upload]]:
    """What S3 delivers, in its order, and what comes only after the sweep: 30 % twice, 10 % never, 5 % late."""
    kept = [upload for upload in uploads if chance.random() >= 0.1]
    sent = kept + [upload for upload in kept if chance.random() < 0.3]
    chance.shuffle(sent)
    late = [upload for upload in sent if chance.random() < 0.05]
    return [upload for upload in sent if upload not in late], late


@pytest.mark.parametrize("seed", [1, 2])
def test_events_twice_shuffled_late_or_never_end_every_photo_once(
    cloud: SimpleNamespace, small_photo: bytes, seed: int
) -> None:
    cloud.injector.reset()
    owner = make_keeper()
    uploads = [upload for _ in range(UPLOADS // A_BATCH) for upload in _make_batch(cloud.aws, owner, small_photo)]
    now, late = deliveries(uploads, random.Random(seed))
    never = len(uploads) - len({upload.etag + upload.photo.key for upload in now + late})
    assert late, "a seed for which some are late"
    assert never, "and some are lost"

    for upload in now:
        cloud.pipeline.arrive(upload.photo.key, upload.etag)
    tasks.sweep()
    cloud.pipeline.run_executions()
    for upload in late:
        cloud.pipeline.arrive(upload.photo.key, upload.etag)
    tasks.index_photos()

    records = catalog.get_many([upload.photo for upload in uploads], consistent=True)
    ends = Counter(record.status for record in records.values())
    assert ends == {"rejected": UPLOADS // A_BATCH, "ready": UPLOADS - UPLOADS // A_BATCH}
    assert mails_to(owner.email) == UPLOADS // A_BATCH
    assert orphans(cloud.aws, str(owner.pk)) == []
    _assert_index_agrees(owner, records)


def _make_batch(aws: SimpleNamespace, owner: Any, data: bytes) -> list[Upload]:
    batch = make_batch(owner, created_at=timezone.now() - OLD, expected=A_BATCH)
    files = [photo_files.text_named_jpg(), *[data] * (A_BATCH - 1)]
    return [make_upload(aws, file, owner=owner, batch=batch) for file in files]


def _assert_index_agrees(owner: Any, records: dict[Any, contract.Photo]) -> None:
    rows = {photo.pk: (photo.status, photo.run_id) for photo in Photo.objects.filter(owner=owner)}
    assert rows == {photo_id: (record.status, record.run_id) for photo_id, record in records.items()}
    shown = Counter(label.name for record in records.values() for label in contract.shown_labels(record))
    counted = dict(LabelCount.objects.top(owner))
    assert counted == dict(shown)
    index.recount(owner.pk)
    assert dict(LabelCount.objects.top(owner)) == counted
