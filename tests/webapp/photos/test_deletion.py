from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from celery.signals import task_prerun
from django.conf import settings

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_batch, make_photo, make_user, put_batch, put_record
from webapp.photos import catalog, deletion, runs, tasks
from webapp.photos.index import index
from webapp.photos.models import LabelCount, Photo
from webapp.photos.reruns import Rerun, rerun
from webapp.photos.sweep import sweep

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("states")]


def keys(aws: Any, bucket: str) -> list[str]:
    return [each["Key"] for each in aws.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


@pytest.fixture
def ready(aws: Any, keep_original: Any) -> Photo:
    """A ready, indexed photo with its files, beside another of the same person."""
    owner = make_user()
    photos = [make_photo(owner), make_photo(owner)]
    for photo in photos:
        keep_original(photo)
        record = put_record(aws.table, photo)
        for rendition in record.renditions.values():
            aws.s3.put_object(Bucket=settings.RENDITIONS_BUCKET, Key=rendition.key, Body=b"x")
    index([photo.pk for photo in photos])
    return Photo.objects.get(pk=photos[0].pk)


def test_a_deleted_photo_leaves_nothing_and_its_neighbour_stays(aws: Any, ready: Photo) -> None:
    deletion.begin([ready])

    left = Photo.objects.get()
    assert left.pk != ready.pk
    assert catalog.get(ready) is None
    assert keys(aws, settings.ORIGINALS_BUCKET) == [left.key]
    assert len(keys(aws, settings.RENDITIONS_BUCKET)) == 3
    assert all(str(left.pk) in key for key in keys(aws, settings.RENDITIONS_BUCKET))
    assert dict(LabelCount.objects.top(left.owner)) == {"Cat": 1, "Animal": 1}


def test_every_version_of_the_original_goes(aws: Any, ready: Photo, keep_original: Any) -> None:
    aws.s3.put_bucket_versioning(Bucket=settings.ORIGINALS_BUCKET, VersioningConfiguration={"Status": "Enabled"})
    keep_original(ready)
    aws.s3.delete_object(Bucket=settings.ORIGINALS_BUCKET, Key=ready.key)

    deletion.begin([ready])

    left = aws.s3.list_object_versions(Bucket=settings.ORIGINALS_BUCKET, Prefix=ready.key)
    assert not left.get("Versions")
    assert not left.get("DeleteMarkers")


def running(aws: Any, *, status: str = "processing") -> tuple[Photo, str]:
    """A photo whose execution is under way, with a rendition that it has written."""
    photo = make_photo()
    run = contract.new_run(owner_id=str(photo.owner_id), photo_id=str(photo.pk), key=photo.key, etag="e")
    runs.start(run)
    put_record(aws.table, photo, status=status, run_id=run.run_id)
    return photo, contract.rendition_key(run.owner_id, run.photo_id, run.run_id, contract.THUMB)


def test_a_photo_that_is_being_processed_is_erased_when_nothing_can_write_any_more(
    aws: Any, states: SimpleNamespace, settings: Any
) -> None:
    photo, key = running(aws)
    run_id = catalog.get(photo).run_id
    settings.SWEEP_AFTER_SECONDS = 0

    deletion.begin([photo])
    assert photo not in Photo.objects.for_gallery(photo.owner)
    assert states.status(run_id) == "ABORTED"

    # Step Functions stops at once, and the Lambda that it had called goes on.
    aws.s3.put_object(Bucket=settings.RENDITIONS_BUCKET, Key=key, Body=b"x")
    tasks.delete_photos([str(photo.pk)])
    assert sweep()["photos about to be deleted"] == 1
    assert Photo.objects.get().status == "deleting"

    settings.FUNCTIONS_END_WITHIN_SECONDS = 0
    assert sweep()["photos deleted"] == 1
    assert keys(aws, settings.RENDITIONS_BUCKET) == []
    assert catalog.get(photo) is None
    assert not Photo.objects.exists()


def test_a_photo_that_is_ready_goes_at_once_and_its_execution_may_still_tell(aws: Any, states: SimpleNamespace) -> None:
    photo, _ = running(aws, status="ready")
    index([photo.pk])
    run_id = catalog.get(photo).run_id
    deletion.begin([photo])
    assert not Photo.objects.exists()
    assert states.status(run_id) == "RUNNING"


def test_a_run_that_claims_the_photo_while_it_is_deleted_is_stopped_as_well(
    aws: Any, states: SimpleNamespace, breaks: Any
) -> None:
    photo, _ = running(aws)
    run_id = catalog.get(photo).run_id
    put_record(aws.table, photo, status="uploading")

    def claim(params: dict[str, Any]) -> bool:
        if ":deleting" in params["ExpressionAttributeValues"]:
            put_record(aws.table, photo, status="processing", run_id=run_id)
        return False

    breaks("dynamodb", "UpdateItem", when=claim)
    deletion.begin([photo])
    assert states.status(run_id) == "ABORTED"
    assert Photo.objects.get().status == "deleting"


def test_a_run_is_stopped_though_the_answer_that_told_of_it_was_lost_and_asked_for_again(
    aws: Any, states: SimpleNamespace, breaks: Any
) -> None:
    photo, _ = running(aws)
    run_id = catalog.get(photo).run_id

    def have_effect_before(params: dict[str, Any]) -> bool:
        """As when botocore asks again: the first time shut the fence, and nobody heard what the record had said."""
        if ":deleting" in params["ExpressionAttributeValues"]:
            aws.table.update_item(**contract.deleting_update(str(photo.owner_id), str(photo.pk), now="now"))
        return False

    breaks("dynamodb", "UpdateItem", when=have_effect_before)
    deletion.begin([photo])
    assert states.status(run_id) == "ABORTED"
    assert Photo.objects.get().status == "deleting"


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("dynamodb", "BatchGetItem"),
        ("dynamodb", "UpdateItem"),
        ("stepfunctions", "DescribeExecution"),
        ("s3", "ListObjectsV2"),
        ("s3", "DeleteObjects"),
        ("s3", "ListObjectVersions"),
        ("dynamodb", "DeleteItem"),
    ],
)
def test_a_deletion_that_broke_is_gone_from_sight_and_resumed_by_the_sweep(
    aws: Any, ready: Photo, breaks: Any, service: str, operation: str, settings: Any
) -> None:
    # Two refusals: one for the page, one for the task behind it.
    breaks(service, operation, times=2)
    deletion.begin([ready])
    assert ready not in Photo.objects.for_gallery(ready.owner)
    assert dict(LabelCount.objects.top(ready.owner)) == {"Cat": 1, "Animal": 1}

    settings.SWEEP_AFTER_SECONDS = 0
    sweep()
    sweep()

    assert not Photo.objects.filter(pk=ready.pk).exists()
    assert catalog.get(ready) is None


def test_deleting_the_last_open_photo_of_a_batch_tells_about_the_others(aws: Any, notices: list[str]) -> None:
    batch = make_batch(expected=2)
    done, going = (make_photo(batch.owner, batch=batch) for _ in range(2))
    put_record(aws.table, done)
    put_record(aws.table, going, status="processing")
    put_batch(aws.table, batch, ready={str(done.pk)})

    deletion.begin([going])

    assert catalog.get_batches([batch])[batch.pk].expected == 1
    assert notices == [str(batch.pk)]


def test_deleting_all_of_a_batch_tells_nobody(aws: Any, notices: list[str]) -> None:
    batch = make_batch()
    photo = make_photo(batch.owner, batch=batch)
    put_record(aws.table, photo, status="processing")
    put_batch(aws.table, batch)
    deletion.begin([photo])
    assert notices == []


def test_many_photos_are_erased_in_tasks_of_a_size_that_a_queue_takes(aws: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(deletion, "TOGETHER", 2)
    owner = make_user()
    sizes: list[int] = []

    def note(args: Any, **_: Any) -> None:
        sizes.append(len(args[0]))

    task_prerun.connect(note)
    deletion.begin([make_photo(owner) for _ in range(5)])
    task_prerun.disconnect(note)

    assert sizes == [2, 2, 1]
    assert not Photo.objects.exists()


# --- Running again ---


@pytest.mark.parametrize("status", ["ready", "rejected", "failed"])
def test_a_photo_at_its_end_is_run_again_from_its_original(
    aws: Any, states: SimpleNamespace, keep_original: Any, status: str
) -> None:
    batch = make_batch()
    photo = make_photo(batch.owner, batch=batch)
    etag = keep_original(photo)
    put_record(aws.table, photo, status=status)
    index([photo.pk])
    photo.refresh_from_db()

    assert rerun(photo) is Rerun.ASKED

    photo.refresh_from_db()
    record = catalog.get(photo)
    run = states.run_of(record.requested_run)
    assert (run.attempt, run.etag, record.attempt, record.batch_id) == (2, etag, 2, "")
    assert (photo.status, photo.batch) == ("processing", None)
    assert not LabelCount.objects.exists()
    assert rerun(photo) is Rerun.BUSY


def test_without_its_original_a_photo_stays_as_it_is(aws: Any) -> None:
    photo = make_photo()
    put_record(aws.table, photo, status="failed")
    assert rerun(photo) is Rerun.NO_ORIGINAL
    assert catalog.get(photo).requested_run == ""


def test_a_run_that_could_not_be_started_was_asked_for_all_the_same(aws: Any, keep_original: Any, breaks: Any) -> None:
    photo = make_photo()
    keep_original(photo)
    put_record(aws.table, photo, status="failed")
    breaks("stepfunctions", "StartExecution")
    assert rerun(photo) is Rerun.ASKED
    assert catalog.get(photo).requested_run
