"""All that the longer tests of faults need at once: a clock, executions by turns, a witness, and what must hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Count
from django.utils import timezone
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from pipeline_lambdas.photo_pipeline import contract
from tests.conftest import ORIGINALS, REGION
from tests.factories import make_batch, make_photo
from tests.faults.clock import Clock, stopped
from tests.faults.executions import Executions
from tests.faults.moto_table import watched
from tests.faults.pipeline import make_event
from tests.faults.uploads import Upload
from tests.faults.witness import Witness
from webapp.photos import catalog
from webapp.photos.models import Batch, LabelCount, Photo, PhotoLabel


@dataclass(frozen=True)
class World:
    aws: SimpleNamespace
    pipeline: Any
    clock: Clock
    executions: Executions
    witness: Witness

    def tell(self, upload: Upload) -> None:
        """S3 tells of an original; the execution that it starts makes no step by itself."""
        event = make_event(upload.photo.key, upload.etag, sequencer="1")
        assert self.pipeline.hand_over("TriggerStepFunction", event)


@contextmanager
def made_of(cloud: SimpleNamespace) -> Iterator[World]:
    """A world in which nothing runs yet and no mail was sent."""
    executions = Executions(cloud.pipeline)
    executions.all.clear()
    mails().clear()
    witness = Witness(lambda: executions.writer)
    with stopped(cloud.pipeline.sleep) as clock, watched(witness.see):
        yield World(cloud.aws, cloud.pipeline, clock, executions, witness)


def store(aws: SimpleNamespace, owner: Any, files: Sequence[bytes]) -> list[Upload]:
    """A batch as the site leaves it when its last byte has been sent, now. No bytes: an original that never arrives."""
    batch = make_batch(owner, created_at=timezone.now(), expected=len(files))
    catalog.put_batch(batch, expected=batch.expected)
    return [_store_one(aws, batch, data) for data in files]


def store_batches(aws: SimpleNamespace, owners: Sequence[Any], *, count: int, files: Sequence[bytes]) -> list[Upload]:
    """Batches of the same files, of the owners by turns."""
    return [upload for number in range(count) for upload in store(aws, owners[number % len(owners)], files)]


def _store_one(aws: SimpleNamespace, batch: Batch, data: bytes) -> Upload:
    photo = make_photo(batch.owner, batch=batch, bytes=len(data))
    catalog.put_photo(photo)
    if not data:
        return Upload(photo, batch, "")
    etag = aws.s3.put_object(Bucket=ORIGINALS, Key=photo.key, Body=data)["ETag"].strip('"')
    return Upload(photo, batch, etag)


def mails() -> list[Any]:
    """All that were sent."""
    return ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages


def assert_nobody_is_told_twice(witness: Witness) -> None:
    assert [batch for batch, claims in witness.claims.items() if claims > 1] == []
    assert len(mails()) <= len(witness.claims)


def assert_counts_agree(owners: Collection[Any]) -> None:
    """What is counted is what is there."""
    for owner in owners:
        rows = PhotoLabel.objects.filter(owner=owner).values_list("name").annotate(Count("pk")).order_by()
        assert dict(LabelCount.objects.top(owner, limit=None)) == dict(rows)


def assert_index_agrees(photos: Sequence[Photo]) -> dict[Any, contract.Photo]:
    """Rows, labels and counts say what the records say, all of which are returned."""
    records = catalog.get_many(photos, consistent=True)
    rows = {each.pk: (each.status, each.run_id) for each in Photo.objects.filter(pk__in=[each.pk for each in photos])}
    assert rows == {photo_id: (record.status, record.run_id) for photo_id, record in records.items()}
    owners = get_user_model().objects.filter(photos__in=photos).distinct()
    for owner in owners:
        shown = Counter(label.name for record in _ready(records, owner) for label in contract.shown_labels(record))
        assert dict(LabelCount.objects.top(owner, limit=None)) == dict(shown)
    assert_counts_agree(owners)
    return records


def _ready(records: dict[Any, contract.Photo], owner: Any) -> Iterator[contract.Photo]:
    for record in records.values():
        if record.owner_id == str(owner.pk) and record.status == contract.Status.READY:
            yield record
