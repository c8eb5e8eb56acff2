"""A deletion that dies anywhere goes on where it was, in its order, and nothing of the photo comes back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import pytest
from django.db.models.signals import post_delete

from pipeline_lambdas.photo_pipeline import contract
from tests.conftest import ORIGINALS, RENDITIONS
from tests.faults import site
from tests.faults.flows import DATA, ERASE, GET, HEAD, LIST, QUERY, REMOVE, START, UPDATE, VERSIONS
from tests.faults.injection import CallSite, Fault
from tests.faults.uploads import make_keeper
from webapp.photos import catalog, corrections, deletion, originals
from webapp.photos.models import LabelCount, Photo
from webapp.photos.reruns import rerun

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nothing_else")]
# Record marked, batch left, renditions, original and its versions, analysis, record.
ORDER = [GET, UPDATE, UPDATE, LIST, ERASE, VERSIONS, ERASE, GET, QUERY, UPDATE, REMOVE, REMOVE]
CALLS = [CallSite(site.SITE, name, ORDER[: at + 1].count(name)) for at, name in enumerate(ORDER)]


@pytest.fixture(autouse=True)
def _an_hour_goes_by(settings: Any) -> None:
    for name, seconds in site.AN_HOUR_GOES_BY.items():
        setattr(settings, name, seconds)


@pytest.fixture
def versioned(cloud: SimpleNamespace) -> Iterator[None]:
    """The bucket of originals as it is in AWS."""
    for status in ("Enabled", "Suspended"):
        cloud.aws.s3.put_bucket_versioning(Bucket=ORIGINALS, VersioningConfiguration={"Status": status})
        if status == "Enabled":
            yield


@pytest.fixture
def kept(cloud: SimpleNamespace, versioned: None) -> Photo:
    """A ready photo, with versions of its original and a delete marker."""
    photo = site.make_ended(cloud, make_keeper(), DATA)
    cloud.aws.s3.delete_object(Bucket=ORIGINALS, Key=photo.key)
    site.put_original(cloud, photo, DATA)
    return photo


@pytest.fixture
def deleting(kept: Photo) -> Photo:
    """The same once its owner has said so, and nothing more was done."""
    deletion.mark(kept)
    kept.refresh_from_db()
    return kept


def stages(cloud: SimpleNamespace, photo: Photo) -> list[bool]:
    """What there still is of a photo, in the order in which it goes: a record that runs may write to, renditions,
    original, analysis, record, row."""
    ids = str(photo.owner_id), str(photo.pk)
    record = catalog.get(photo)
    versions = cloud.aws.s3.list_object_versions(Bucket=ORIGINALS, Prefix=photo.key)
    renditions = cloud.aws.s3.list_objects_v2(Bucket=RENDITIONS, Prefix=contract.photo_prefix(*ids))
    analysis = contract.analysis_item_key(ids[0], photo.sha256, site.PARAMETERS)
    return [
        record is not None and record.status != contract.Status.DELETING,
        "Contents" in renditions,
        "Versions" in versions or "DeleteMarkers" in versions,
        "Item" in cloud.aws.table.get_item(Key=analysis),
        record is not None,
        Photo.objects.filter(pk=photo.pk).exists(),
    ]


def finish(cloud: SimpleNamespace, photo: Photo) -> None:
    row = Photo.objects.get(pk=photo.pk)
    site.act(cloud, lambda: deletion.finish(row))


def assert_wholly_gone(cloud: SimpleNamespace, photo: Photo) -> None:
    assert stages(cloud, photo) == [False] * 6
    assert site.what_is_left(cloud, photo.owner) == site.Left(ends={}, wrong=[])
    assert not LabelCount.objects.filter(owner=photo.owner, count__gt=0).exists()


# --- The order -------------------------------------------------------------------------------------------------------


def test_a_deletion_asks_aws_in_its_order_and_the_row_goes_last(cloud: SimpleNamespace, deleting: Photo) -> None:
    left_with_the_row: list[list[bool]] = []

    def note(**_: Any) -> None:
        with cloud.injector.invocation(""):
            left_with_the_row.append(stages(cloud, deleting)[:-1])

    post_delete.connect(note, sender=Photo)
    try:
        finish(cloud, deleting)
    finally:
        post_delete.disconnect(note, sender=Photo)

    made = [each for each in cloud.injector.seen if each.function == site.SITE]
    assert made == CALLS
    assert left_with_the_row == [[False] * 5]
    assert_wholly_gone(cloud, deleting)


@pytest.mark.parametrize("fault", [Fault.CRASH_BEFORE, Fault.CRASH_AFTER])
@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_deletion_that_dies_leaves_what_comes_after_and_goes_on_from_there(
    cloud: SimpleNamespace, deleting: Photo, call: CallSite, fault: Fault
) -> None:
    cloud.injector.arm(call, fault)
    finish(cloud, deleting)
    assert cloud.injector.struck == call
    there = stages(cloud, deleting)
    assert there == sorted(there), "what goes first is gone first"
    assert there[-1], "the row is there to go on from"

    finish(cloud, deleting)

    assert_wholly_gone(cloud, deleting)


# --- Nothing comes back ----------------------------------------------------------------------------------------------


def _late_event(cloud: SimpleNamespace, photo: Photo) -> None:
    cloud.pipeline.arrive(photo.key, "1", sequencer="late")


def _late_result(cloud: SimpleNamespace, photo: Photo) -> None:
    """A run that was overtaken long ago stores what it found."""
    state = {"run": asdict(site.new_run(photo)), "error": {"Error": "ClientError", "Cause": "late"}}
    cloud.pipeline.invoke("StoreMetadata", json.loads(json.dumps(state)))


def _try_again(_cloud: SimpleNamespace, photo: Photo) -> None:
    rerun(photo)


def _correct(_cloud: SimpleNamespace, photo: Photo) -> None:
    corrections.add(photo=photo, name="Tabby")


MEANWHILE: dict[str, Callable[[SimpleNamespace, Photo], None]] = {
    "a late event": _late_event,
    "a late result": _late_result,
    "a re-run": _try_again,
    "a correction": _correct,
}


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize("what", MEANWHILE)
def test_nothing_of_a_photo_comes_back_whatever_happens_while_it_is_deleted(
    cloud: SimpleNamespace, kept: Photo, call: CallSite, what: str
) -> None:
    stale = Photo.objects.get(pk=kept.pk)  # as it is known to whoever asks at the same time
    deletion.mark(kept)
    cloud.injector.meanwhile(call, lambda: MEANWHILE[what](cloud, stale))
    finish(cloud, kept)
    site.settle(cloud)  # a run that was asked for is stopped, and waited for
    MEANWHILE[what](cloud, stale)
    site.settle(cloud)

    assert_wholly_gone(cloud, kept)


@pytest.mark.parametrize(
    ("what", "call"),
    [("a re-run", START), ("a re-run", UPDATE), ("a re-run", HEAD), ("a correction", UPDATE), ("a correction", GET)],
)
def test_what_was_about_to_be_done_to_a_photo_that_was_deleted_meanwhile_brings_nothing_back(
    cloud: SimpleNamespace, kept: Photo, what: str, call: str
) -> None:
    stale = Photo.objects.get(pk=kept.pk)

    def delete() -> None:
        deletion.mark(kept)
        deletion.finish(Photo.objects.get(pk=kept.pk))

    cloud.injector.meanwhile(CallSite(site.SITE, call), delete)
    site.act(cloud, lambda: MEANWHILE[what](cloud, stale))
    assert not Photo.objects.filter(pk=kept.pk).exists()
    site.settle(cloud)

    assert_wholly_gone(cloud, kept)


def test_a_deletion_leaves_an_analysis_that_another_photo_uses(cloud: SimpleNamespace, deleting: Photo) -> None:
    neighbour = site.make_ended(cloud, deleting.owner, DATA)
    site.put_analysis(cloud, deleting, neighbour)

    finish(cloud, deleting)

    assert site.what_is_left(cloud, deleting.owner) == site.Left(ends={neighbour.pk: "ready"}, wrong=[])
    assert originals.find(neighbour.key) is not None
