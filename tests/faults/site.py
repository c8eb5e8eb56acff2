"""The site as a process that may die at any call of AWS, what lies around when it does, and what must be left."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from moto.core import DEFAULT_ACCOUNT_ID
from moto.stepfunctions.models import stepfunctions_backends
from PIL import Image

from pipeline_lambdas.photo_pipeline import contract
from tests import factories
from tests.conftest import ORIGINALS, REGION, RENDITIONS
from tests.faults.injection import Crash
from tests.faults.uploads import OLD, mails_to, orphans
from webapp.photos import catalog, index, runs, tasks
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.models import LabelCount, Photo

SITE = "Site"
PARAMETERS = "told by hand"
AN_HOUR_GOES_BY = {
    "SWEEP_AFTER_SECONDS": -60,
    "UPLOAD_SECONDS": -16 * 60,
    "ORPHANED_AFTER_SECONDS": -60,
    "FUNCTIONS_END_WITHIN_SECONDS": -60,
}


def act(cloud: SimpleNamespace, do: Callable[[], Any]) -> Any:
    """One process of the site: what it did not commit is gone with it, and so is what waits for the commit. What it
    answers; None when it died, or told somebody to try again."""
    with cloud.injector.invocation(SITE):
        try:
            answer = do()
            while connection.run_on_commit:
                connection.run_on_commit.pop(0)[1]()
        except (Crash, *AWS_ERRORS):
            connection.run_on_commit.clear()
            return None
        return answer


def settle(cloud: SimpleNamespace, *, sweeps: int = 1) -> None:
    """An hour goes by; the sweep, and what it sets going."""
    for _ in range(sweeps):
        tasks.sweep()
        cloud.pipeline.run_executions()
        tasks.index_photos()


def deliver(cloud: SimpleNamespace, owner: Any) -> None:
    """S3 tells of what has arrived."""
    for stored in cloud.aws.s3.list_objects_v2(Bucket=ORIGINALS, Prefix=f"originals/{owner.pk}/").get("Contents", []):
        cloud.pipeline.arrive(stored["Key"], stored["ETag"].strip('"'))


# --- What is there ---------------------------------------------------------------------------------------------------


def make_file(colour: int) -> SimpleUploadedFile:
    file = io.BytesIO()
    Image.new("RGB", (80, 80), (colour, 90, 30)).save(file, "PNG")
    return SimpleUploadedFile(f"{colour}.png", file.getvalue(), "image/png")


def make_row(owner: Any, data: bytes, **overrides: Any) -> Photo:
    """A photo that waits since some minutes, in a batch of its own."""
    batch = factories.make_batch(owner, created_at=timezone.now() - OLD)
    fields = {"batch": batch, "age": OLD, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), **overrides}
    return factories.make_photo(owner, **fields)


def put_uploading(cloud: SimpleNamespace, photo: Photo, data: bytes = b"") -> None:
    """Its batch and record, and its original if there is `data`."""
    put_batch(photo)
    catalog.put_photo(photo)
    if data:
        put_original(cloud, photo, data)


def put_batch(photo: Photo) -> None:
    assert photo.batch is not None
    catalog.put_batch(photo.batch, expected=photo.batch.expected)


def put_original(cloud: SimpleNamespace, photo: Photo, data: bytes) -> None:
    cloud.aws.s3.put_object(Bucket=ORIGINALS, Key=photo.key, Body=data)


def make_ended(cloud: SimpleNamespace, owner: Any, data: bytes, *, status: str = "ready", **overrides: Any) -> Photo:
    """A photo that was told about: its row, labels, record, original, renditions, analysis, batch."""
    photo = make_row(owner, data, **overrides)
    put_original(cloud, photo, data)
    original = contract.Original(bytes=len(data), width=80, height=80, format="PNG", sha256=photo.sha256)
    record = factories.put_record(cloud.aws.table, photo, status=status, original=original)
    put_renditions(cloud, record)
    put_analysis(cloud, photo)
    tell(cloud, photo, status)
    index.index([photo.pk])
    photo.refresh_from_db()
    return photo


def put_renditions(cloud: SimpleNamespace, record: contract.Photo) -> None:
    for rendition in record.renditions.values():
        cloud.aws.s3.put_object(Bucket=RENDITIONS, Key=rendition.key, Body=b"a picture")


def put_analysis(cloud: SimpleNamespace, *photos: Photo) -> None:
    ids = {str(photo.pk) for photo in photos}
    analysis = contract.Analysis(str(photos[0].owner_id), photos[0].sha256, PARAMETERS, photos=ids)
    cloud.aws.table.put_item(Item=contract.to_item(analysis))


def tell(cloud: SimpleNamespace, photo: Photo, status: str) -> None:
    """The batch of a photo is done with, as if its notice had been sent."""
    assert photo.batch is not None
    counted = {status: {str(photo.pk)}}
    factories.put_batch(cloud.aws.table, photo.batch, **counted, claimed_at="2026-01-01", sent_at="2026-01-01")
    photo.batch.told = True
    photo.batch.save()


def new_run(photo: Photo, *, attempt: int = 1) -> contract.Run:
    ids = {"owner_id": str(photo.owner_id), "photo_id": str(photo.pk), "key": photo.key}
    return contract.new_run(**ids, etag="1", attempt=attempt)


def start_run(photo: Photo, *, attempt: int = 1) -> contract.Run:
    """An execution that is running, whose run has claimed nothing yet."""
    run = new_run(photo, attempt=attempt)
    runs.start(run)
    return run


def executions_of(photo: Photo) -> dict[str, Any]:
    (machine,) = stepfunctions_backends[DEFAULT_ACCOUNT_ID][REGION].state_machines
    return {each.name: each for each in machine.executions if each.name.startswith(str(photo.pk))}


def die(photo: Photo) -> None:
    """Every execution of a photo fails, and nothing catches it."""
    for execution in executions_of(photo).values():
        execution.stop(stop_date=execution.start_date, error="", cause="")
        execution.status = "FAILED"


# --- What must be left -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Left:
    """What there is of a person's photos: ends by photo id, and everything that should not be."""

    ends: dict[Any, str]
    wrong: list[str]


def what_is_left(cloud: SimpleNamespace, owner: Any) -> Left:
    rows = {str(photo.pk): photo for photo in Photo.objects.filter(owner=owner)}
    records = {record.photo_id: record for record in _records(cloud, owner)}
    originals = {contract.parse_original_key(key)[1] for key in _originals(cloud, owner)}  # type: ignore[index]
    ends = {photo.pk: photo.status for photo in rows.values()}
    wrong = [
        *(f"record without a row: {each}" for each in records.keys() - rows.keys()),
        *(f"original without a row: {each}" for each in originals - rows.keys()),
        *(f"row without a record: {each}" for each in rows.keys() - records.keys()),
        *(f"lost original: {each}" for each in _need_original(rows) - originals),
        *(f"not at an end: {each.status}" for each in rows.values() if each.status not in contract.TERMINAL),
        *_disagreements(rows, records),
        *orphans(cloud.aws, str(owner.pk)),
        *_untold(owner),
    ]
    if (mails := mails_to(owner.email)) > owner.batches.count():
        wrong.append(f"{mails} notices")
    return Left(ends, wrong)


def _records(cloud: SimpleNamespace, owner: Any) -> Iterator[contract.Photo]:
    owned = {"KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)"}
    values = {":pk": f"OWNER#{owner.pk}", ":sk": "PHOTO#"}
    for item in cloud.aws.table.query(**owned, ExpressionAttributeValues=values)["Items"]:
        yield contract.from_item(contract.Photo, item)


def _originals(cloud: SimpleNamespace, owner: Any) -> list[str]:
    """Keys of all versions and delete markers."""
    listed = cloud.aws.s3.list_object_versions(Bucket=ORIGINALS, Prefix=f"originals/{owner.pk}/")
    return [each["Key"] for each in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]]


def _need_original(rows: dict[str, Photo]) -> set[str]:
    missing = contract.Failure.DID_NOT_ARRIVE.value
    return {photo_id for photo_id, photo in rows.items() if photo.reason_code != missing}


def _disagreements(rows: dict[str, Photo], records: dict[str, contract.Photo]) -> Iterator[str]:
    for photo_id in rows.keys() & records.keys():
        row, record = rows[photo_id], records[photo_id]
        if (row.status, row.run_id) != (record.status, record.run_id) or record.requested_run:
            yield f"row {row.status} {row.run_id}, record {record.status} {record.run_id} {record.requested_run}"
        shown = {label.name for label in contract.shown_labels(record)} if record.status == "ready" else set()
        if shown != set(row.labels.values_list("name", flat=True)):
            yield f"index of {photo_id} is not {sorted(shown)}"
    if rows:
        yield from _miscounts(next(iter(rows.values())).owner, records)


def _miscounts(owner: Any, records: dict[str, contract.Photo]) -> Iterator[str]:
    ready = (record for record in records.values() if record.status == "ready")
    wanted = Counter(label.name for record in ready for label in contract.shown_labels(record))
    counted = dict(LabelCount.objects.filter(owner=owner, count__gt=0).values_list("name", "count"))
    if counted != dict(wanted):
        yield f"labels are counted {counted}, and are {dict(wanted)}"


def _untold(owner: Any) -> Iterator[str]:
    for batch in owner.batches.all():
        record = catalog.get_batches([batch]).get(batch.pk)
        if record and record.is_due and record.expected:
            yield f"batch {batch.pk} was not told about"
