from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as site

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_batch, make_photo, make_record, make_user, put_batch, put_record
from webapp.photos import catalog, deletion, originals, orphans
from webapp.photos.ids import new_photo_id
from webapp.photos.index import index
from webapp.photos.models import LabelCount, Photo, SweepCursor
from webapp.photos.sweep import sweep

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("states")]
DAY = timedelta(days=1)


@pytest.fixture
def later(settings: Any) -> None:
    """Whatever is stored has been there for long enough to ask whose it is."""
    settings.ORPHANED_AFTER_SECONDS = 0


@pytest.fixture
def store(aws: Any, keep_original: Callable[[Any], str]) -> Callable[..., Photo]:
    """A ready photo with its record, original and renditions; its row goes again with `row=False`."""

    def make(owner: Any = None, *, row: bool = True, **overrides: Any) -> Photo:
        photo = make_photo(owner, status="ready")
        keep_original(photo)
        record = put_record(aws.table, photo, **overrides)
        put_renditions(aws, photo, record.run_id)
        Photo.objects.filter(pk=photo.pk).update(run_id=record.run_id)
        if not row:
            Photo.objects.filter(pk=photo.pk).delete()
        return photo

    return make


def put_renditions(aws: Any, photo: Photo, run_id: str) -> None:
    for name in contract.RENDITION_FILES:
        key = contract.rendition_key(str(photo.owner_id), str(photo.pk), run_id, name)
        aws.s3.put_object(Bucket=site.RENDITIONS_BUCKET, Key=key, Body=b"x")


def stored(aws: Any, photo: Photo) -> tuple[int, int, int]:
    """How many originals, renditions and records there are of a photo."""
    found = [
        len(aws.s3.list_object_versions(Bucket=bucket, Prefix=prefix).get("Versions", []))
        for bucket, prefix in (
            (site.ORIGINALS_BUCKET, photo.key),
            (site.RENDITIONS_BUCKET, contract.photo_prefix(str(photo.owner_id), str(photo.pk))),
        )
    ]
    return found[0], found[1], int(catalog.get(photo) is not None)


def runs_of(aws: Any, photo: Photo) -> set[str]:
    prefix = contract.photo_prefix(str(photo.owner_id), str(photo.pk))
    listed = aws.s3.list_objects_v2(Bucket=site.RENDITIONS_BUCKET, Prefix=prefix).get("Contents", [])
    return {each["Key"].split("/")[3] for each in listed}


# --- Photos without a row ---


@pytest.mark.usefixtures("later")
def test_all_that_is_left_of_a_photo_without_a_row_goes_and_its_neighbour_stays(aws: Any, store: Any) -> None:
    neighbour = store()
    gone = store(neighbour.owner, row=False)

    assert sweep() == {"originals without a photo erased": 1}

    assert stored(aws, gone) == (0, 0, 0)
    assert stored(aws, neighbour) == (1, 3, 1)
    assert not sweep()


@pytest.mark.usefixtures("later")
def test_an_analysis_goes_with_the_last_photo_that_used_it(aws: Any, store: Any) -> None:
    gone = store(row=False, original=contract.Original(bytes=1, sha256="ab"))
    analysis = contract.Analysis(str(gone.owner_id), "ab", "p", photos={str(gone.pk)})
    aws.table.put_item(Item=contract.to_item(analysis))
    sweep()
    assert aws.table.scan()["Items"] == []


@pytest.mark.usefixtures("later")
def test_a_photo_without_a_row_leaves_its_batch(aws: Any, store: Any, notices: list[str]) -> None:
    batch = make_batch(expected=2)
    gone = store(batch.owner, row=False, batch_id=str(batch.pk))
    put_batch(aws.table, batch, ready={"another"})
    sweep()
    record = catalog.get_batches([batch])[batch.pk]
    assert (record.expected, record.gone) == (1, {str(gone.pk)})
    assert notices == [str(batch.pk)]


@pytest.mark.parametrize("old", ["original", "renditions", "record"])
@pytest.mark.usefixtures("later")
def test_any_part_of_a_photo_without_a_row_is_found_alone(aws: Any, keep_original: Any, old: str) -> None:
    photo = make_photo()
    record = make_record(photo)
    match old:
        case "original":
            keep_original(photo)
        case "renditions":
            put_renditions(aws, photo, record.run_id)
        case "record":
            put_record(aws.table, photo)
    photo_id = photo.pk
    photo.delete()
    photo.pk = photo_id

    assert sum(sweep().values()) == 1

    assert stored(aws, photo) == (0, 0, 0)


def test_within_the_first_hour_nothing_is_taken_for_an_orphan(aws: Any, store: Any) -> None:
    photo = store(row=False)
    put_renditions(aws, store(photo.owner), "lost")
    assert not sweep()
    assert stored(aws, photo) == (1, 3, 1)


@pytest.mark.parametrize("status", ["uploading", "processing", "deleting"])
@pytest.mark.usefixtures("later")
def test_a_photo_with_a_row_is_not_erased_even_without_a_record(aws: Any, keep_original: Any, status: str) -> None:
    photo = make_photo(status=status)
    keep_original(photo)
    put_renditions(aws, photo, "some-run")
    assert not sweep()
    assert stored(aws, photo) == (1, 3, 0)


@pytest.mark.usefixtures("later")
def test_what_no_photo_is_called_is_left_alone(aws: Any) -> None:
    for bucket, key in ((site.ORIGINALS_BUCKET, "originals/readme.txt"), (site.RENDITIONS_BUCKET, "renditions/a/b/c")):
        aws.s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert not sweep()
    assert aws.s3.list_objects_v2(Bucket=site.RENDITIONS_BUCKET)["KeyCount"] == 1


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("dynamodb", "UpdateItem"),
        ("dynamodb", "DeleteItem"),
        ("s3", "DeleteObjects"),
        ("s3", "DeleteObject"),
    ],
)
@pytest.mark.usefixtures("later")
def test_an_erasure_that_broke_off_is_finished_by_the_next_sweep(
    aws: Any, store: Any, breaks: Any, service: str, operation: str
) -> None:
    photo = store(row=False)
    breaks(service, operation, times=1)
    assert sweep()["orphans not erased"] == 1
    sweep()
    assert stored(aws, photo) == (0, 0, 0)


@pytest.mark.usefixtures("later")
def test_one_that_cannot_be_erased_stops_no_other(aws: Any, store: Any, breaks: Any) -> None:
    stuck, other = store(row=False), store(row=False)
    breaks("dynamodb", "DeleteItem", when=lambda params: str(stuck.pk) in params["Key"]["sk"])
    sweep()
    assert stored(aws, stuck) == (1, 3, 1)
    assert stored(aws, other) == (0, 0, 0)


@pytest.mark.usefixtures("later")
def test_a_listing_that_fails_stops_no_other(aws: Any, store: Any, breaks: Any) -> None:
    photo = store(row=False)
    breaks("s3", "ListObjectsV2", when=lambda params: params["Bucket"] == site.ORIGINALS_BUCKET)
    assert sweep() == {"pages not looked through": 1, "renditions without a photo erased": 1}
    assert stored(aws, photo) == (0, 0, 0)


@pytest.mark.usefixtures("later")
def test_two_sweeps_at_once_erase_the_same_and_no_more(aws: Any, store: Any, breaks: Any) -> None:
    neighbour = store()
    gone = [store(neighbour.owner, row=False) for _ in range(3)]
    others: list[Counter[str]] = []

    def sweep_meanwhile(_params: dict[str, Any]) -> bool:
        if not others:
            others.append(Counter())
            others[0] = sweep()
        return False

    breaks("dynamodb", "DeleteItem", when=sweep_meanwhile)
    sweep()

    assert others[0]["originals without a photo erased"] == 3
    assert [stored(aws, photo) for photo in gone] == [(0, 0, 0)] * 3
    assert stored(aws, neighbour) == (1, 3, 1)


# --- Renditions of runs that lost ---


@pytest.mark.usefixtures("later")
def test_renditions_of_a_run_that_lost_go_and_those_of_the_record_stay(aws: Any, store: Any) -> None:
    photo = store()
    put_renditions(aws, photo, "lost")
    assert sweep() == {"photos rid of lost renditions": 1}
    assert runs_of(aws, photo) == {catalog.get(photo).run_id}


@pytest.mark.usefixtures("later")
def test_renditions_that_the_record_still_shows_stay_whatever_run_came_after(aws: Any, store: Any) -> None:
    photo = store()
    shown = catalog.get(photo)
    put_record(aws.table, photo, status="failed", run_id="newer", renditions=shown.renditions)
    put_renditions(aws, photo, "newer")
    Photo.objects.filter(pk=photo.pk).update(run_id="newer", status="failed", cleared=False)
    put_renditions(aws, photo, "lost")
    sweep()
    assert runs_of(aws, photo) == {shown.run_id}


@pytest.mark.usefixtures("later")
def test_what_a_run_drew_that_died_and_was_closed_goes(aws: Any, store: Any) -> None:
    photo = store()
    Photo.objects.filter(pk=photo.pk).update(run_id="died", status="failed", cleared=False)
    put_record(aws.table, photo, status="failed", run_id="died")
    put_renditions(aws, photo, "died")
    assert sweep()["photos rid of lost renditions"] == 1
    assert runs_of(aws, photo) == set()


@pytest.mark.parametrize(
    "under_way",
    [{"status": "uploading"}, {"status": "processing"}, {"status": "failed", "requested_run": "asked"}],
)
@pytest.mark.usefixtures("later")
def test_while_a_run_may_claim_the_photo_none_of_its_renditions_is_touched(
    aws: Any, store: Any, under_way: dict[str, str]
) -> None:
    photo = store()
    put_record(aws.table, photo, **under_way)  # its row does not know yet
    put_renditions(aws, photo, "asked")
    before = runs_of(aws, photo)
    assert "photos rid of lost renditions" not in sweep()
    assert runs_of(aws, photo) == before
    assert len(before) == 2


@pytest.mark.usefixtures("later")
def test_nothing_is_asked_of_records_whose_rows_know_the_run(aws: Any, store: Any, calls: Counter[str]) -> None:
    store()
    calls.clear()
    sweep()
    assert calls["BatchGetItem"] == 1  # for the row, at its turn


# --- Rows at an end ---


def test_a_ready_photo_whose_record_is_lost_gets_it_again_and_is_run(aws: Any, keep_original: Any, states: Any) -> None:
    photo = make_photo(status="ready", age=DAY)
    keep_original(photo)

    assert sweep() == {"photos indexed again": 1, "photos set going": 1}

    assert states.names() == [catalog.get(photo).requested_run]


def test_a_run_that_was_asked_for_and_never_noted_in_its_row_is_run(
    aws: Any, store: Any, keep_original: Any, states: Any
) -> None:
    photo = store(requested_run="never-started")
    Photo.objects.filter(pk=photo.pk).update(waiting_since=photo.waiting_since - DAY)
    assert sweep()["photos run again"] == 1
    assert states.names() == [catalog.get(photo).requested_run]


def test_a_correction_that_was_never_indexed_is_found_though_nobody_looks_at_the_photo(aws: Any, store: Any) -> None:
    photo = store(labels=("Cat", "Animal"))
    index([photo.pk])
    catalog.deny_label(photo, "Cat")  # and whoever said so is gone before the index knows

    assert sweep() == {"photos indexed again": 1}

    assert dict(LabelCount.objects.top(photo.owner)) == {"Animal": 1}
    assert sweep() == {}


def test_rows_are_gone_through_page_by_page(aws: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(orphans, "ROWS", 2)
    for _ in range(5):
        make_photo(status="ready")
    assert [sweep()["photos indexed again"] for _ in range(4)] == [2, 2, 1, 0]


# --- Page by page ---


@pytest.mark.usefixtures("later")
def test_a_sweep_looks_at_one_page_of_each_listing_and_the_next_goes_on(
    aws: Any, keep_original: Any, monkeypatch: Any, calls: Counter[str]
) -> None:
    monkeypatch.setattr(originals, "PAGE", 2)
    monkeypatch.setattr(orphans, "RECORDS", 2)
    for _ in range(5):
        keep_original(make_photo())
    Photo.objects.all().delete()
    calls.clear()

    assert [sweep()["originals without a photo erased"] for _ in range(4)] == [2, 2, 1, 0]

    assert calls["ListObjectsV2"] == 4 * 2 + 5  # and what erasing asks for
    assert calls["Scan"] == 0
    assert SweepCursor.objects.get(pk="originals").after == ""


@pytest.mark.parametrize("people", [1, 2, 50])
@pytest.mark.usefixtures("later")
def test_records_are_looked_through_person_by_person(aws: Any, monkeypatch: Any, people: int) -> None:
    monkeypatch.setattr(orphans, "RECORDS", 2)
    monkeypatch.setattr(orphans, "PEOPLE", people)
    for count in (3, 0, 2):
        owner = make_user()
        for _ in range(count):
            put_record(aws.table, make_photo(owner))
    kept = make_photo(owner, status="ready")
    put_record(aws.table, kept)
    index([kept.pk])
    Photo.objects.exclude(pk=kept.pk).delete()

    done = sum((sweep() for _ in range(9)), Counter())

    assert done == {"records without a photo erased": 5}
    assert [item["photo_id"] for item in aws.table.scan()["Items"]] == [str(kept.pk)]


@pytest.mark.usefixtures("later")
def test_a_page_asks_sql_once_however_many_photos_are_in_it(
    aws: Any, store: Any, django_assert_num_queries: Any
) -> None:
    photo = store()
    sweep()
    with django_assert_num_queries(14):
        sweep()
    for _ in range(4):
        store(photo.owner)
    with django_assert_num_queries(14):
        sweep()


def test_an_original_without_a_row_can_be_had_back_where_versions_are_kept(aws: Any) -> None:
    aws.s3.put_bucket_versioning(Bucket=site.ORIGINALS_BUCKET, VersioningConfiguration={"Status": "Enabled"})
    me, photo_id = make_user(), new_photo_id()
    key = contract.original_key(str(me.pk), str(photo_id), "jpg")
    version = aws.s3.put_object(Bucket=site.ORIGINALS_BUCKET, Key=key, Body=b"a photo")["VersionId"]

    deletion.erase_without_row(me.pk, photo_id, key=key)

    assert "Contents" not in aws.s3.list_objects_v2(Bucket=site.ORIGINALS_BUCKET, Prefix=key)
    assert aws.s3.get_object(Bucket=site.ORIGINALS_BUCKET, Key=key, VersionId=version)["Body"].read() == b"a photo"
