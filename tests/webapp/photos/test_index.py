from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_label, make_photo, make_user, put_record
from webapp.photos import catalog, corrections, deletion
from webapp.photos.index import disagrees, index, index_seen
from webapp.photos.models import LabelCount, Photo, PhotoLabel, Status

pytestmark = pytest.mark.django_db


def counts(owner: Any) -> dict[str, int]:
    return dict(LabelCount.objects.filter(owner=owner).values_list("name", "count"))


def test_a_ready_record_fills_the_row_and_its_labels(aws: Any, me: Any) -> None:
    photo = make_photo(me)
    record = put_record(aws.table, photo, labels=[make_label("Cat", 91.5), make_label("Animal", 97)])

    index([photo.pk])

    photo.refresh_from_db()
    assert (photo.status, photo.run_id, photo.camera) == ("ready", record.run_id, "Apple iPhone 12")
    assert photo.taken_at is not None
    assert photo.taken_at.isoformat() == "2024-05-12T14:03:11+00:00", "as the clock of the camera showed it"
    assert photo.timeline_at == photo.taken_at
    assert photo.cleared
    assert dict(photo.labels.values_list("name", "confidence")) == {"Cat": 91.5, "Animal": 97.0}
    assert counts(me) == {"Cat": 1, "Animal": 1}


def test_indexing_twice_counts_once(aws: Any, me: Any) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo)

    index([photo.pk])
    index([photo.pk, photo.pk])

    assert counts(me) == {"Cat": 1, "Animal": 1}


@pytest.mark.parametrize("status", ["rejected", "failed", "processing", "uploading"])
def test_labels_of_a_photo_that_is_not_ready_do_not_count(aws: Any, me: Any, status: str) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo)
    index([photo.pk])

    put_record(aws.table, photo, status=status, labels=[make_label()])
    index([photo.pk])

    photo.refresh_from_db()
    assert (photo.status, photo.cleared, counts(me)) == (status, False, {})


def test_a_reason_is_kept_as_code_and_sentence(aws: Any, me: Any) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo, status="rejected")

    index([photo.pk])

    photo.refresh_from_db()
    assert (photo.reason_code, photo.reason_text) == ("damaged", contract.SENTENCES[contract.Refusal.DAMAGED])


def test_a_row_that_is_being_deleted_is_never_revived(aws: Any, me: Any) -> None:
    photo = make_photo(me, status=Status.DELETING)
    put_record(aws.table, photo)

    assert index([photo.pk]) == []

    photo.refresh_from_db()
    assert photo.status == Status.DELETING
    assert not PhotoLabel.objects.exists()


def test_a_record_without_a_row_gets_none(aws: Any, me: Any) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo)
    photo_id = photo.pk
    photo.delete()

    assert index([photo_id]) == []
    assert not Photo.objects.exists()


def test_a_row_whose_record_is_lost_is_open_again_for_the_sweep(aws: Any, me: Any) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo)
    index([photo.pk])
    photo.refresh_from_db()
    catalog.erase(photo)

    index_seen([photo], {})

    photo.refresh_from_db()
    assert (photo.status, photo.cleared, counts(me)) == ("uploading", False, {})


def test_a_run_that_was_asked_for_shows_as_processing(aws: Any, me: Any) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo, requested_run=f"{photo.pk}-0123456789-2")

    index([photo.pk])

    photo.refresh_from_db()
    assert photo.status == "processing"


@pytest.mark.parametrize(
    "oddity",
    [
        {"exif": contract.Exif(taken_at="0001-01-01T00:00:00+05:00")},
        {"original": contract.Original(bytes=1, width=10**25, height=1)},
    ],
)
def test_a_record_that_cannot_be_indexed_stops_no_other(aws: Any, me: Any, mine: Any, oddity: dict[str, Any]) -> None:
    odd, good = make_photo(me), make_photo(me)
    put_record(aws.table, odd, **oddity)
    put_record(aws.table, good)

    index([odd.pk, good.pk])

    good.refresh_from_db()
    assert good.status == "ready"
    assert counts(me)["Cat"] >= 1
    for path in ("/gallery/", odd.get_absolute_url(), good.get_absolute_url()):
        assert mine.get(path).status_code == 200


def test_a_table_that_does_not_answer_is_not_the_fault_of_a_record(aws: Any, me: Any, breaks: Any) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo)
    breaks("dynamodb", "BatchGetItem")
    with pytest.raises(ClientError):
        index([photo.pk])


def test_a_row_behind_an_open_record_agrees_with_it(aws: Any, me: Any) -> None:
    photo = make_photo(me, status="uploading")
    assert not disagrees(photo, put_record(aws.table, photo, status="processing"))
    assert disagrees(photo, put_record(aws.table, photo, status="failed"))


def test_reindex_refreshes_every_row_and_makes_none(aws: Any, me: Any, capsys: pytest.CaptureFixture[str]) -> None:
    photos = [make_photo(me) for _ in range(3)]
    for photo in photos:
        put_record(aws.table, photo)
    gone = make_photo(me)
    put_record(aws.table, gone)
    gone.delete()

    call_command("reindex")

    assert counts(me) == {"Cat": 3, "Animal": 3}
    assert Photo.objects.count() == 3
    assert "3 photos refreshed" in capsys.readouterr().out


def test_reindex_says_in_a_sentence_that_aws_does_not_answer(aws: Any, me: Any, breaks: Any) -> None:
    make_photo(me)
    breaks("dynamodb", "BatchGetItem")
    with pytest.raises(CommandError, match=r"AWS does not answer .* make run"):
        call_command("reindex")


def test_reindex_counts_anew_whatever_the_counts_say(aws: Any, me: Any) -> None:
    photo, other = make_photo(me), make_user()
    put_record(aws.table, photo)
    index([photo.pk])
    LabelCount.objects.filter(owner=me, name="Cat").update(count=7)
    LabelCount.objects.create(owner=me, name="Unicorn", count=3)
    LabelCount.objects.create(owner=other, name="Unicorn", count=3)

    call_command("reindex")

    assert (counts(me), counts(other)) == ({"Cat": 1, "Animal": 1}, {})


def test_a_photo_can_be_deleted_when_counts_are_off(aws: Any, me: Any) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo)
    index([photo.pk])
    LabelCount.objects.filter(name="Cat").update(count=0)
    LabelCount.objects.filter(name="Animal").delete()

    deletion.begin([photo])

    assert Photo.objects.get().status == Status.DELETING
    assert counts(me) == {}


LABELS = st.sets(st.sampled_from(["Cat", "Dog", "Car", "Tree"]))
CHANGES = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(["ready", "ready", "failed", "processing", "lost", "deleted", "deny", "add", "take_back"]),
        LABELS,
    ),
    max_size=12,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(CHANGES)
def test_counts_equal_a_recount_whatever_happens(aws: Any, db: None, changes: list[tuple[int, str, set[str]]]) -> None:
    owners = [make_user(), make_user()]
    photos = [make_photo(owners[number % 2]) for number in range(4)]
    for number, what, labels in changes:
        photo = photos[number]
        if what == "deleted":
            deletion.mark(photo)
        elif what == "lost":
            catalog.erase(photo)
        elif what in ("deny", "add", "take_back"):
            for name in labels:
                getattr(corrections, what)(photo=photo, name=name)
        else:
            put_record(aws.table, photo, status=what, labels=sorted(labels))
        index([each.pk for each in photos])

    for owner in owners:
        ready = Photo.objects.filter(owner=owner, status="ready")
        records = catalog.get_many(ready, consistent=True)
        recount = Counter(label.name for record in records.values() for label in contract.shown_labels(record))
        assert counts(owner) == dict(recount)
        assert Counter(PhotoLabel.objects.filter(owner=owner).values_list("name", flat=True)) == recount
