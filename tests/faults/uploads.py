"""Photos on their way, and what there is to see of each when all is done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.utils import timezone
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from pipeline_lambdas.photo_pipeline import contract
from tests.conftest import ORIGINALS, REGION, RENDITIONS
from tests.factories import make_batch, make_photo, make_user
from webapp.accounts import preferences
from webapp.photos import catalog
from webapp.photos.models import Batch, Photo

OLD = timedelta(minutes=3)  # for the sweep to look at


@dataclass(frozen=True)
class Upload:
    """A photo whose bytes have arrived: its row, its batch's, and its original's ETag."""

    photo: Photo
    batch: Batch
    etag: str


def make_upload(aws: SimpleNamespace, data: bytes, *, owner: Any = None, batch: Batch | None = None) -> Upload:
    """A photo as the site leaves it when its last byte has been sent, some minutes ago."""
    owner = owner or make_keeper()
    batch = batch or make_batch(owner, created_at=timezone.now() - OLD)
    photo = make_photo(owner, batch=batch, age=OLD, bytes=len(data))
    catalog.put_batch(batch, expected=batch.expected)
    catalog.put_photo(photo)
    etag = aws.s3.put_object(Bucket=ORIGINALS, Key=photo.key, Body=data)["ETag"].strip('"')
    return Upload(photo, batch, etag)


def make_keeper() -> Any:
    """A person who wants mails, and places kept."""
    owner = make_user()
    preferences.choose_place(user=owner, keep=True)
    preferences.copy(str(owner.pk))
    return owner


def mails_to(address: str) -> int:
    return sum(address in str(mail.destinations) for mail in ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages)


def what_is_told(upload: Upload) -> dict[str, Any]:
    """The record and the batch's, but for what differs from run to run: steps, times, ids, attempt, what was used."""
    record, batch = catalog.get(upload.photo), catalog.get_batches([upload.batch])[upload.batch.pk]
    assert record is not None
    same = replace(record, steps=[], usage=[], updated_at="", uploaded_at="", attempt=0)
    counted = replace(batch, claimed_at="", sent_at="", told_by="", refusals=0, usage=None)
    text = json.dumps(
        {"photo": contract.to_attribute(same), "batch": contract.to_attribute(counted)}, default=_plain, sort_keys=True
    )
    for name, found in {
        "RUN": record.run_id,
        "PHOTO": record.photo_id,
        "BATCH": batch.batch_id,
        "OWNER": record.owner_id,
    }.items():
        text = text.replace(found, name) if found else text
    return json.loads(text)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, set) else float(value)


def orphans(aws: SimpleNamespace, owner_id: str) -> list[str]:
    """What is kept for a person and that no record of theirs names: renditions, analyses."""
    items = list(_items(aws, owner_id))
    records = [contract.from_item(contract.Photo, item) for item in items if item["sk"].startswith("PHOTO#")]
    named = {rendition.key for record in records for rendition in record.renditions.values()}
    renditions = set(_keys(aws, f"renditions/{owner_id}/"))
    analyses = [contract.from_item(contract.Analysis, item) for item in items if item["sk"].startswith("ANALYSIS#")]
    contents = {record.original.sha256: record.photo_id for record in records}
    return [
        *sorted(renditions - named),
        *(f"missing {key}" for key in sorted(named - renditions)),
        *(f"unused analysis of {each.sha256}" for each in analyses if contents.get(each.sha256) not in each.photos),
    ]


def _items(aws: SimpleNamespace, owner_id: str) -> Iterator[dict[str, Any]]:
    yield from aws.table.query(
        KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": f"OWNER#{owner_id}"}
    )["Items"]


def _keys(aws: SimpleNamespace, prefix: str) -> Iterator[str]:
    listed = aws.s3.list_objects_v2(Bucket=RENDITIONS, Prefix=prefix)
    return (each["Key"] for each in listed.get("Contents", []))
