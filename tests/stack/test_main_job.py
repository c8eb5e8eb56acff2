"""The main job over HTTP, as a person's browser does it, on the whole stack."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from boto3.dynamodb.conditions import Key

from infra.local.stack import ROOT, clean_env
from pipeline_lambdas.photo_pipeline.contract import Photo, from_item, photo_item_key
from tests import photo_files

from .pipeline import mails_to, until
from .running import RunningStack, new_stack, run_stack
from .site import UUID, Site

SHOWN_LABELS = 20


@pytest.fixture
def ana(stack: RunningStack) -> Site:
    return Site(stack).sign_up()


def subjects(person: Site) -> list[str]:
    return [mail["Subject"] for mail in mails_to(person.stack, person.email)]


def notices(person: Site) -> list[str]:
    return [subject for subject in subjects(person) if "photo" in subject]


def records(person: Site) -> list[Photo]:
    """Every photo record of a person who has a thumbnail to tell their id by."""
    return records_of(person.stack, owner_id(person))


def owner_id(person: Site) -> str:
    found = re.search(rf"/renditions/({UUID})/", person.thumbnails()[0])
    assert found
    return found[1]


def records_of(stack: RunningStack, owner: str) -> list[Photo]:
    key = photo_item_key(owner, "")
    table = stack.aws.table(stack.outputs["PhotoTableName"])
    wanted = Key("pk").eq(key["pk"]) & Key("sk").begins_with(key["sk"])
    pages = table.meta.client.get_paginator("query").paginate(
        TableName=table.name, KeyConditionExpression=wanted, ConsistentRead=True
    )
    return [from_item(Photo, item) for page in pages for item in page["Items"]]


def objects_of(stack: RunningStack, owner: str) -> list[str]:
    """Keys of everything that S3 keeps of a person."""
    s3 = stack.aws.client("s3")
    places = {"OriginalsBucketName": "originals", "RenditionsBucketName": "renditions"}
    answers = [
        s3.list_objects_v2(Bucket=stack.outputs[bucket], Prefix=f"{prefix}/{owner}/")
        for bucket, prefix in places.items()
    ]
    return [each["Key"] for answer in answers for each in answer.get("Contents", [])]


@contextmanager
def losing_events(stack: RunningStack) -> Iterator[None]:
    """Meanwhile the originals bucket tells nobody what arrives in it."""
    s3, bucket = stack.aws.client("s3"), stack.outputs["OriginalsBucketName"]
    kept = s3.get_bucket_notification_configuration(Bucket=bucket)
    kept.pop("ResponseMetadata")
    assert kept, "the bucket has no notification to lose"
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    try:
        yield
    finally:
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=kept)


def sweep_at_once(stack: RunningStack) -> None:
    """Run the sweep's task as if every photo had waited long enough."""
    script = (
        "from django.conf import settings; settings.SWEEP_AFTER_SECONDS = 0;"
        "from webapp.photos.tasks import sweep; print(sweep())"
    )
    subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", script],
        cwd=ROOT, env=clean_env(stack.parts), check=True, capture_output=True, text=True,
    )  # fmt: skip


def test_hundred_photos_in_one_go_are_ready_counted_right_and_told_once(ana: Site) -> None:
    assert "100 photos received." in ana.upload(photo_files.many(100))
    ana.wait_until_processed()
    found = records(ana)
    assert Counter(photo.status for photo in found) == {"ready": 100}
    assert sorted(photo.photo_id for photo in found) == sorted(ana.photo_ids())

    counts = Counter(label.name for photo in found for label in photo.labels)
    most = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:SHOWN_LABELS]
    assert {"Cat", "Coffee"} <= counts.keys()
    assert list(ana.label_counts().items()) == most

    until(lambda: notices(ana))
    assert notices(ana) == ["100 photos ready"]


def test_second_start_finds_photos_and_inbox_of_the_first(tmp_path: Path) -> None:
    parts = new_stack(tmp_path)
    with run_stack(parts) as stack:
        person = Site(stack).sign_up()
        person.upload({"cat.jpg": photo_files.phone_jpeg()})
        person.wait_until_processed()
        until(lambda: notices(person))
        before = person.photo_ids(), person.label_counts(), subjects(person)
    with run_stack(parts) as stack:
        person.stack = stack
        assert (person.photo_ids(), person.label_counts(), subjects(person)) == before
        assert person.session.get(person.thumbnails()[0]).headers["Content-Type"] == "image/webp"
        assert all(subject in person.get("/dev/inbox/").text for subject in before[2])
        person.upload({"rocket.png": photo_files.transparent_png()})
        person.wait_until_processed()
        assert Counter(photo.status for photo in records(person)) == {"ready": 2}


def test_photo_and_its_renditions_are_its_owners_alone(stack: RunningStack, ana: Site) -> None:
    ana.upload({"cat.jpg": photo_files.phone_jpeg()})
    ana.wait_until_processed()
    (photo_id,), (thumbnail,) = ana.photo_ids(), ana.thumbnails()
    assert ana.session.get(thumbnail).status_code == ana.get(f"/photos/{photo_id}/").status_code == 200

    stranger = Site(stack).sign_up()
    assert stranger.get(f"/photos/{photo_id}/").status_code == 404
    for path in (f"/photos/{photo_id}/trash/", f"/photos/{photo_id}/retry/"):
        assert stranger.post(path, {}).status_code == 404
    assert stranger.photo_ids() == []
    assert "renditions" not in stranger.get(f"/gallery/tiles/?ids={photo_id}").text
    unsigned = thumbnail.partition("?")[0]
    assert stranger.session.get(unsigned).status_code == 403
    assert stranger.session.get(thumbnail.replace("thumb.webp", "display.webp")).status_code == 403

    nobody = Site(stack)
    for path in (f"/photos/{photo_id}/", "/gallery/", f"/gallery/tiles/?ids={photo_id}", "/upload/"):
        assert "/accounts/login/" in nobody.get(path).url
    assert ana.photo_ids() == [photo_id]


def test_deleted_photo_leaves_nothing_behind(stack: RunningStack, ana: Site) -> None:
    ana.upload({"cat.jpg": photo_files.phone_jpeg()})
    ana.wait_until_processed()
    owner, (photo_id,) = owner_id(ana), ana.photo_ids()
    assert len(objects_of(stack, owner)) == 4  # the original and three renditions
    assert ana.delete(photo_id)
    assert ana.photo_ids() == []
    assert ana.label_counts() == {}
    until(lambda: not objects_of(stack, owner) and not records_of(stack, owner))


def test_upload_whose_event_is_lost_is_found_by_the_sweep(stack: RunningStack, ana: Site) -> None:
    with losing_events(stack):
        ana.upload({"cat.jpg": photo_files.phone_jpeg()})
    (photo_id,) = ana.photo_ids()
    assert "being processed" in ana.gallery_pages()[0]
    sweep_at_once(stack)
    ana.wait_until_processed()
    (photo,) = records(ana)
    assert (photo.photo_id, photo.status) == (photo_id, "ready")
    until(lambda: notices(ana))
    assert notices(ana) == ["1 photo ready"]
