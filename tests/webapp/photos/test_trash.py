from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from kombu.exceptions import OperationalError

from tests.factories import make_photo, make_user
from webapp.photos import trash
from webapp.photos.index import index
from webapp.photos.models import LabelCount, Photo, PhotoLabel, PhotoQuerySet, Status
from webapp.photos.tasks import empty_trash, empty_trash_of

from .pages import ready

pytestmark = pytest.mark.django_db


def throw_away(photo: Photo) -> list[Photo]:
    return trash.throw_away(owner=photo.owner, photo_ids=[photo.pk])


def test_what_is_thrown_away_is_out_of_sight_and_out_of_the_counts(aws: Any, me: Any) -> None:
    kept, gone = ready(aws, me, "Cat"), ready(aws, me, "Cat", "Dog")
    assert throw_away(gone) == [gone]
    assert list(Photo.objects.for_gallery(me)) == [kept]
    assert list(Photo.objects.in_trash(me)) == [gone]
    assert {count.name: count.count for count in LabelCount.objects.filter(count__gt=0)} == {"Cat": 1}
    assert set(PhotoLabel.objects.values_list("photo", flat=True)) == {kept.pk}
    assert not Photo.objects.get(pk=gone.pk).cleared


def test_what_is_indexed_in_the_trash_stays_out_of_the_counts(aws: Any, me: Any) -> None:
    gone = ready(aws, me, "Cat")
    throw_away(gone)
    index([gone.pk])
    assert not PhotoLabel.objects.exists()
    assert not Photo.objects.get().cleared


def test_what_is_restored_is_back_with_its_labels(aws: Any, me: Any) -> None:
    photo = ready(aws, me, "Cat")
    throw_away(photo)
    assert trash.restore(owner=me, photo_ids=[photo.pk]) == 1
    assert list(Photo.objects.for_gallery(me).with_labels(["Cat"])) == [photo]
    assert dict(LabelCount.objects.top(me)) == {"Cat": 1}
    assert Photo.objects.get().cleared


def test_what_is_restored_while_dynamodb_does_not_answer_gets_its_labels_when_it_is_seen(
    aws: Any, me: Any, mine: Any, breaks: Any
) -> None:
    photo = ready(aws, me, "Cat")
    throw_away(photo)
    breaks("dynamodb", "BatchGetItem", times=1)
    assert trash.restore(owner=me, photo_ids=[photo.pk]) == 1
    assert not PhotoLabel.objects.exists()
    mine.get("/gallery/")
    assert dict(LabelCount.objects.top(me)) == {"Cat": 1}


def test_nobody_throws_away_or_restores_what_is_another_persons(aws: Any, me: Any) -> None:
    photo, other = ready(aws, me), make_user()
    assert trash.throw_away(owner=other, photo_ids=[photo.pk]) == []
    throw_away(photo)
    assert trash.restore(owner=other, photo_ids=[photo.pk]) == 0
    assert list(Photo.objects.in_trash(me)) == [photo]


def test_the_second_time_nothing_is_left_to_do(aws: Any, me: Any) -> None:
    photo = ready(aws, me)
    throw_away(photo)
    since = Photo.objects.get().trashed_at
    assert throw_away(photo) == []
    assert Photo.objects.get().trashed_at == since


@pytest.mark.parametrize(("days", "left"), [(29, 1), (31, 0)])
def test_after_thirty_days_it_is_deleted(
    aws: Any, me: Any, days: int, left: int, django_capture_on_commit_callbacks: Any
) -> None:
    photo = ready(aws, me)
    throw_away(photo)
    Photo.objects.update(trashed_at=timezone.now() - timedelta(days=days))
    with django_capture_on_commit_callbacks():
        assert empty_trash() == 1 - left
    assert Photo.objects.exclude(status=Status.DELETING).count() == left


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What tasks were handed over, and one photo at a time is deleted."""
    sent: list[tuple[str, ...]] = []
    monkeypatch.setattr(trash, "AT_ONCE", 1)
    monkeypatch.setattr(empty_trash_of, "delay", lambda *arguments: sent.append(arguments))
    return sent


def test_emptying_the_trash_leaves_what_is_thrown_away_after_that(me: Any, queued: list[tuple[str, ...]]) -> None:
    photos = [make_photo(me, status="failed") for _ in range(3)]
    trash.throw_away(owner=me, photo_ids=[photo.pk for photo in photos[:2]])
    trash.empty_of(owner=me)
    trash.throw_away(owner=me, photo_ids=[photos[2].pk])
    while queued:
        empty_trash_of(*queued.pop())
    assert list(Photo.objects.in_trash(me)) == photos[2:]


def test_where_the_queue_does_not_answer_the_rest_stays_in_the_trash(
    me: Any, mine: Any, queued: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: str) -> None:
        raise OperationalError

    monkeypatch.setattr(empty_trash_of, "delay", refuse)
    photos = [make_photo(me, status="failed") for _ in range(2)]
    trash.throw_away(owner=me, photo_ids=[photo.pk for photo in photos])
    assert mine.post("/trash/empty/").status_code == 302
    assert Photo.objects.in_trash(me).count() == 1


def test_of_a_trash_that_is_emptied_in_part_it_is_said_how_much_is_left(
    me: Any, mine: Any, queued: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: str) -> None:
        raise OperationalError

    trash.throw_away(owner=me, photo_ids=[make_photo(me, status="failed").pk for _ in range(3)])
    monkeypatch.setattr(empty_trash_of, "delay", refuse)
    page = mine.post("/trash/empty/", follow=True).content.decode()
    assert "1 photo was deleted. The others are still in your trash. Empty it again in a few minutes." in page

    monkeypatch.setattr(empty_trash_of, "delay", lambda *arguments: queued.append(arguments))
    assert "2 photos were deleted." in mine.post("/trash/empty/", follow=True).content.decode()


def test_a_run_that_found_more_than_it_deletes_at_once_asks_for_another(
    me: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trash, "AT_ONCE", 2)
    again: list[int] = []
    monkeypatch.setattr(empty_trash, "delay", lambda: again.append(1))
    long_ago = timezone.now() - timedelta(days=31)
    photos = [make_photo(me, status="failed", trashed_at=long_ago) for _ in range(3)]
    assert empty_trash() == 2
    assert (len(again), Photo.objects.kept().count()) == (1, 1)
    assert empty_trash() == 1
    assert (len(again), Photo.objects.kept().count()) == (1, len(photos) - 3)


@pytest.mark.parametrize("act", [trash.delete, trash.restore])
def test_what_is_done_with_many_photos_of_the_trash_costs_no_query_for_each(
    aws: Any, me: Any, act: Any, django_assert_max_num_queries: Any
) -> None:
    ids = [ready(aws, me, "Cat", f"Label {number}").pk for number in range(40)]
    trash.throw_away(owner=me, photo_ids=ids)
    with django_assert_max_num_queries(25):
        assert act(owner=me, photo_ids=ids) == 40


def test_what_is_restored_while_the_trash_is_looked_through_is_not_deleted(
    me: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = make_photo(me, status="failed")
    throw_away(photo)
    real = PhotoQuerySet.select_for_update

    def restore_first(photos: PhotoQuerySet) -> PhotoQuerySet:
        Photo.objects.filter(pk=photo.pk).update(trashed_at=None)
        return real(photos)

    monkeypatch.setattr(PhotoQuerySet, "select_for_update", restore_first)
    assert trash.delete(owner=me, photo_ids=[photo.pk]) == 0
    assert Photo.objects.kept().count() == 1
