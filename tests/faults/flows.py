"""What the site does with AWS: each flow says what is there before, what is done, and how it may end."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from types import SimpleNamespace
from typing import Any

from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from tests import factories
from tests.faults import site
from tests.faults.injection import CallSite
from webapp.photos import (
    batches,
    catalog,
    corrections,
    deletion,
    direct,
    index,
    originals,
    orphans,
    sweep,
    tasks,
    trash,
)
from webapp.photos.intake import Facts
from webapp.photos.models import Batch, Photo
from webapp.photos.reruns import rerun
from webapp.photos.uploads import receive

GET, QUERY = "DynamoDB.BatchGetItem", "DynamoDB.Query"
PUT, UPDATE, REMOVE = "DynamoDB.PutItem", "DynamoDB.UpdateItem", "DynamoDB.DeleteItem"
SEND, HEAD, LIST, VERSIONS = "S3.PutObject", "S3.HeadObject", "S3.ListObjectsV2", "S3.ListObjectVersions"
ERASE, HIDE = "S3.DeleteObjects", "S3.DeleteObject"
START, STOP, DESCRIBE = "SFN.StartExecution", "SFN.StopExecution", "SFN.DescribeExecution"
TELL = "Lambda.Invoke"
DATA = site.make_file(1).read()

Do = Callable[[], Any]
Prepare = Callable[[SimpleNamespace, Any], Do]
Ends = set[tuple[str, ...]]
GONE: Ends = {()}
READY: Ends = {("ready",)}
FAILED: Ends = {("failed",)}


@dataclass(frozen=True)
class Flow:
    """`prepare` makes what is there, and returns what is done then; `calls` are those of it when nothing goes wrong.

    `ends` are the statuses that its photos may have at the end, sorted. `sweeps` is more than 1 where the first one
    only finds out that a photo is to be waited for. `events` is True where S3 tells of what has arrived. `alone` is
    what acts on all that is there, so that no other photo may be.
    """

    prepare: Prepare
    calls: dict[str, int]
    ends: Ends
    sweeps: int = 1
    events: bool = False
    alone: bool = False


# --- Uploads ---------------------------------------------------------------------------------------------------------


def _upload(_cloud: SimpleNamespace, owner: Any) -> Do:
    return partial(receive, owner=owner, files=[site.make_file(1), site.make_file(2)])


def _upload_that_is_refused(cloud: SimpleNamespace, owner: Any) -> Do:
    cloud.injector.deny(site.SITE, SEND)
    return partial(receive, owner=owner, files=[site.make_file(1)])


def _upload_that_is_cancelled(cloud: SimpleNamespace, owner: Any) -> Do:
    """Its owner deletes the photo while the bytes are sent, and all of it is gone before the last one."""
    cloud.injector.meanwhile(CallSite(site.SITE, SEND), partial(_delete_all, owner))
    return partial(receive, owner=owner, files=[site.make_file(1)])


def _send_directly(cloud: SimpleNamespace, owner: Any, *, cancelled: bool = False) -> Do:
    return partial(_be_a_browser, cloud, owner, cancelled=cancelled)


def _be_a_browser(cloud: SimpleNamespace, owner: Any, *, cancelled: bool) -> None:
    """Ask for addresses until there is one for each file, send the bytes, and say that nothing more comes."""
    batch = batches.begin(owner=owner)
    files = {file.sha256: (file, data) for file, data in (_announced(1), _announced(2))}
    for _ in range(3):
        places = direct.find_places(owner=owner, batch_id=batch.pk, files=[file for file, _data in files.values()])
        for place in places:
            if place.address and not cancelled:
                _, data = files.pop(place.photo.sha256)
                site.put_original(cloud, place.photo, data)
        if not files or cancelled:
            break
    if cancelled:
        direct.cancel(owner=owner, batch_id=batch.pk, photo_ids=[place.photo.pk for place in places])
    direct.finish(owner=owner, batch_id=batch.pk)


def _announced(colour: int) -> tuple[Facts, bytes]:
    data = site.make_file(colour).read()
    digest = hashlib.sha256(data).hexdigest()
    return Facts(f"{colour}.png", contract.FORMATS["PNG"], len(data), 80, 80, digest), data


def _ask_again(cloud: SimpleNamespace, owner: Any) -> Do:
    """For the address of a photo whose answer was lost."""
    batch, (file, data) = batches.begin(owner=owner), _announced(1)
    (place,) = direct.find_places(owner=owner, batch_id=batch.pk, files=[file])
    batches.close(batch)
    site.put_original(cloud, place.photo, data)
    return partial(direct.find_places, owner=owner, batch_id=batch.pk, files=[file])


def _delete_all(owner: Any) -> None:
    photos = list(Photo.objects.filter(owner=owner))
    deletion.begin(photos)
    tasks.delete_photos([str(photo.pk) for photo in photos])


# --- What the sweep finds: photos ------------------------------------------------------------------------------------


def _settled(photo: Photo) -> Do:
    """The sweep of one photo, as it is looked up and settled."""
    return lambda: sweep.settle(photo, catalog.get(photo), now=timezone.now())


def _lost_event(cloud: SimpleNamespace, owner: Any) -> Do:
    site.put_uploading(cloud, site.make_row(owner, DATA), DATA)
    return tasks.sweep


def _never_arrived(cloud: SimpleNamespace, owner: Any) -> Do:
    photo = site.make_row(owner, DATA)
    site.put_uploading(cloud, photo)
    return _settled(photo)


def _dead_execution(cloud: SimpleNamespace, owner: Any, *, attempt: int = 1) -> Do:
    photo = site.make_row(owner, DATA)
    site.put_batch(photo)
    site.put_original(cloud, photo, DATA)
    run = site.start_run(photo, attempt=attempt)
    site.die(photo)
    factories.put_record(cloud.aws.table, photo, status="processing", run_id=run.run_id, attempt=attempt)
    return _settled(photo)


def _lost_record(cloud: SimpleNamespace, owner: Any) -> Do:
    photo = site.make_row(owner, DATA)
    site.put_batch(photo)
    site.put_original(cloud, photo, DATA)
    return _settled(photo)


def _row_to_delete(cloud: SimpleNamespace, owner: Any) -> Do:
    photo = site.make_ended(cloud, owner, DATA)
    deletion.mark(photo)
    photo.refresh_from_db()
    return _settled(photo)


# --- What the sweep finds: batches -----------------------------------------------------------------------------------


def _short_batch(cloud: SimpleNamespace, owner: Any) -> Do:
    """One photo of two was counted, and nobody knows of another."""
    return _begin_batch_anew(cloud, site.make_ended(cloud, owner, DATA), expected=2)


def _untold_batch(cloud: SimpleNamespace, owner: Any) -> Do:
    photo = site.make_ended(cloud, owner, DATA)
    return _begin_batch_anew(cloud, photo, expected=1, ready={str(photo.pk)})


def _open_batch(cloud: SimpleNamespace, owner: Any) -> Do:
    """Its page was closed before it could say that nothing more comes."""
    photo = site.make_ended(cloud, owner, DATA)
    assert photo.batch is not None
    photo.batch.is_open = True
    return _begin_batch_anew(cloud, photo, expected=contract.MAX_BATCH, ready={str(photo.pk)})


def _lost_batch(cloud: SimpleNamespace, owner: Any) -> Do:
    photo = site.make_ended(cloud, owner, DATA)
    settled = _begin_batch_anew(cloud, photo, expected=1)
    cloud.aws.table.delete_item(Key=contract.batch_item_key(str(photo.batch_id)))
    return settled


def _begin_batch_anew(cloud: SimpleNamespace, photo: Photo, **fields: Any) -> Do:
    batch = photo.batch
    assert batch is not None
    factories.put_batch(cloud.aws.table, batch, **fields)
    batch.told = False
    batch.save()
    return lambda: sweep.settle_batch(batch, catalog.get_batches([batch]).get(batch.pk))


# --- What the sweep finds: what belongs to nobody, and rows that disagree --------------------------------------------


def _look_through() -> Counter[str]:
    return Counter(orphans.clear(now=timezone.now(), dry_run=False))


def _open_again() -> Counter[str]:
    return Counter(orphans.open_again(now=timezone.now(), dry_run=False))


def _everything_without_its_row(cloud: SimpleNamespace, owner: Any) -> Do:
    _drop_row(site.make_ended(cloud, owner, DATA))
    return _look_through


def _renditions_and_a_record_without_a_row(cloud: SimpleNamespace, owner: Any) -> Do:
    one, other = site.make_row(owner, DATA), site.make_row(owner, DATA)
    site.put_renditions(cloud, factories.make_record(one))
    site.put_uploading(cloud, other)
    for photo in (one, other):
        _drop_row(photo)
    return _look_through


def _drop_row(photo: Photo) -> None:
    index.drop_labels([photo])
    Batch.objects.filter(photos=photo).update(told=True)
    Photo.objects.filter(pk=photo.pk).delete()


def _lost_run(cloud: SimpleNamespace, owner: Any) -> Do:
    photo = site.make_ended(cloud, owner, DATA)
    site.put_renditions(cloud, factories.make_record(photo))
    return _look_through


def _ended_photo_without_a_record(cloud: SimpleNamespace, owner: Any) -> Do:
    catalog.erase(site.make_ended(cloud, owner, DATA))
    return _open_again


def _forgotten_rerun(cloud: SimpleNamespace, owner: Any) -> Do:
    """The record says that the photo is to be run again, and its row does not know."""
    photo = site.make_ended(cloud, owner, DATA, status="failed")
    seen, original = catalog.get(photo), originals.find(photo.key)
    assert seen is not None
    assert original is not None
    ids = {"owner_id": str(owner.pk), "photo_id": str(photo.pk), "key": photo.key}
    catalog.request_run(seen, contract.new_run(**ids, etag=original.etag, attempt=2))
    return _open_again


# --- What an owner does ----------------------------------------------------------------------------------------------


def _delete(cloud: SimpleNamespace, owner: Any) -> Do:
    return partial(deletion.begin, [site.make_ended(cloud, owner, DATA)])


def _delete_what_runs(cloud: SimpleNamespace, owner: Any) -> Do:
    photo = site.make_row(owner, DATA, status="processing")
    site.put_batch(photo)
    site.put_original(cloud, photo, DATA)
    run = site.start_run(photo)
    record = replace(factories.make_record(photo, status="processing"), run_id=run.run_id)
    cloud.aws.table.put_item(Item=contract.to_item(record))
    return partial(deletion.begin, [photo])


def _delete_before_it_arrives(cloud: SimpleNamespace, owner: Any) -> Do:
    photo = site.make_row(owner, DATA)
    site.put_uploading(cloud, photo)
    return partial(deletion.begin, [photo])


def _try_again(cloud: SimpleNamespace, owner: Any) -> Do:
    return partial(rerun, site.make_ended(cloud, owner, DATA, status="failed"))


def _correct(correct: Callable[..., Any], name: str) -> Prepare:
    def prepare(cloud: SimpleNamespace, owner: Any) -> Do:
        return partial(correct, photo=site.make_ended(cloud, owner, DATA), name=name)

    return prepare


def _label_many(cloud: SimpleNamespace, owner: Any) -> Do:
    photos = [site.make_ended(cloud, owner, DATA), site.make_ended(cloud, owner, DATA)]
    return partial(corrections.add_to_many, owner=owner, photos=photos, name="Tabby")


def _restore(cloud: SimpleNamespace, owner: Any) -> Do:
    photo = site.make_ended(cloud, owner, DATA)
    trash.throw_away(owner=owner, photo_ids=[photo.pk])
    return partial(trash.restore, owner=owner, photo_ids=[photo.pk])


# --- All of them -----------------------------------------------------------------------------------------------------

ERASING = {GET: 3, UPDATE: 3, LIST: 1, ERASE: 2, VERSIONS: 1, QUERY: 1, REMOVE: 2}
CORRECTING = {GET: 2, UPDATE: 1}
FLOWS = {
    "upload": Flow(
        _upload, {PUT: 3, SEND: 2}, {(), ("ready", "ready"), ("failed", "ready"), ("failed", "failed")}, events=True
    ),
    "upload refused": Flow(
        _upload_that_is_refused, {PUT: 3, SEND: 1, HEAD: 1, GET: 2, UPDATE: 2}, {*FAILED, *READY}, events=True
    ),
    "upload cancelled": Flow(
        _upload_that_is_cancelled,
        {PUT: 2, SEND: 1, LIST: 1, VERSIONS: 1, ERASE: 1, GET: 1, QUERY: 1, REMOVE: 1},
        {*GONE, *FAILED},
        events=True,
    ),
    "upload by address": Flow(
        _send_directly,
        {PUT: 3, GET: 1, UPDATE: 1},
        {(), ("ready", "ready"), ("failed", "failed"), ("failed", "ready")},
        events=True,
    ),
    "upload by address cancelled": Flow(
        partial(_send_directly, cancelled=True),
        {PUT: 3, GET: 7, UPDATE: 5, LIST: 2, VERSIONS: 2, QUERY: 2, REMOVE: 2},
        {(), ("failed",), ("failed", "failed")},
    ),
    "upload: address asked for again": Flow(_ask_again, {PUT: 1, HEAD: 1}, READY, events=True),
    "batch open for long": Flow(_open_batch, {GET: 2, UPDATE: 1, TELL: 1}, READY),
    "sweep: lost event": Flow(
        _lost_event, {GET: 3, HEAD: 1, UPDATE: 1, START: 1, LIST: 2, QUERY: 1}, READY, alone=True
    ),
    "photo never arrived": Flow(_never_arrived, {GET: 2, HEAD: 1, UPDATE: 2, TELL: 1}, FAILED),
    "execution dead": Flow(_dead_execution, {GET: 2, DESCRIBE: 1, HEAD: 1, UPDATE: 1, START: 1}, READY),
    "execution dead, the last": Flow(
        partial(_dead_execution, attempt=3), {GET: 2, DESCRIBE: 1, UPDATE: 2, QUERY: 1, TELL: 1}, FAILED
    ),
    "record lost": Flow(_lost_record, {GET: 3, PUT: 1, HEAD: 1, UPDATE: 1, START: 1}, READY),
    "deletion half done": Flow(_row_to_delete, ERASING, GONE),
    "batch short": Flow(_short_batch, {GET: 1, UPDATE: 2, TELL: 1}, READY),
    "batch untold": Flow(_untold_batch, {GET: 1, TELL: 1}, READY),
    "batch lost": Flow(_lost_batch, {GET: 1, PUT: 1, UPDATE: 1, TELL: 1}, READY),
    "orphans: all but the row": Flow(
        _everything_without_its_row,
        {LIST: 3, UPDATE: 3, GET: 1, QUERY: 2, REMOVE: 2, ERASE: 1, HIDE: 1},
        GONE,
        alone=True,
    ),
    "orphans: renditions, a record": Flow(
        _renditions_and_a_record_without_a_row,
        {LIST: 4, UPDATE: 3, GET: 2, QUERY: 2, REMOVE: 2, ERASE: 1, HIDE: 1},
        GONE,
        alone=True,
    ),
    "orphans: a lost run's renditions": Flow(_lost_run, {LIST: 2, QUERY: 1, GET: 1, ERASE: 1}, READY, alone=True),
    "rows: record lost": Flow(_ended_photo_without_a_record, {GET: 2}, READY, sweeps=2, alone=True),
    "rows: re-run forgotten": Flow(_forgotten_rerun, {GET: 2}, READY, alone=True),
    "delete": Flow(_delete, ERASING, GONE),
    "delete what runs": Flow(_delete_what_runs, {GET: 2, UPDATE: 2, DESCRIBE: 1, STOP: 1}, GONE, sweeps=2),
    "delete before it arrives": Flow(
        _delete_before_it_arrives, {GET: 3, UPDATE: 2, LIST: 1, VERSIONS: 1, QUERY: 1, REMOVE: 1}, GONE
    ),
    "try again": Flow(_try_again, {GET: 2, HEAD: 1, UPDATE: 1, START: 1}, {*READY, *FAILED}),
    "deny a label": Flow(_correct(corrections.deny, "Cat"), CORRECTING, READY),
    "add a label": Flow(_correct(corrections.add, "Tabby"), CORRECTING, READY),
    "take back a label": Flow(_correct(corrections.take_back, "Tabby"), CORRECTING, READY),
    "label many": Flow(_label_many, {GET: 2, UPDATE: 2}, {("ready", "ready")}),
    "restore from the trash": Flow(_restore, {GET: 1}, READY),
}
