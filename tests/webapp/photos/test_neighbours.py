from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from tests.factories import make_photo, make_user
from webapp.photos.models import Photo, PhotoLabel, Status
from webapp.photos.neighbours import Neighbours, neighbours
from webapp.photos.selection import Selection

pytestmark = pytest.mark.django_db
NOON = datetime(2024, 5, 12, 12, tzinfo=UTC)


def walk(photo: Photo | None, photos: Any, way: str) -> list[Photo]:
    found: list[Photo] = []
    while photo := getattr(neighbours(photo, photos), way) if photo else None:
        found.append(photo)
    return found


def test_every_photo_is_met_once_in_both_directions_though_many_were_taken_at_one_moment(me: Any) -> None:
    hours = (3, 1, 1, 1, 2, 0, 0)
    for hour in hours:
        make_photo(me, taken_at=NOON + timedelta(hours=hour))
    gallery = list(Photo.objects.for_gallery(me))
    assert walk(gallery[0], Photo.objects.for_gallery(me), "following") == gallery[1:]
    assert walk(gallery[-1], Photo.objects.for_gallery(me), "previous") == gallery[-2::-1]


def test_photos_of_others_in_the_trash_or_on_their_way_out_stand_nowhere(me: Any) -> None:
    photo = make_photo(me, taken_at=NOON)
    for hours in (-1, 1):
        moment = NOON + timedelta(hours=hours)
        make_photo(make_user(), taken_at=moment)
        make_photo(me, taken_at=moment, trashed_at=moment)
        make_photo(me, taken_at=moment, status=Status.DELETING)
    assert neighbours(photo, Photo.objects.for_gallery(me)) == Neighbours()


def test_a_photo_that_is_no_longer_of_the_selection_has_neighbours_in_it(me: Any) -> None:
    newer, photo, older = (make_photo(me, taken_at=NOON - timedelta(hours=hour)) for hour in range(3))
    for each in (newer, older):
        PhotoLabel.objects.create(photo=each, owner=me, name="Cat", confidence=90, timeline_at=each.timeline_at)
    make_photo(me, taken_at=NOON - timedelta(minutes=30))
    assert neighbours(photo, Selection(labels=("Cat",)).photos(me)) == Neighbours(newer, older)


@pytest.mark.parametrize("selection", [Selection(), Selection(favourites=True), Selection(labels=("Cat",))], ids=str)
def test_it_takes_two_queries_that_begin_at_the_photo_s_place_in_an_index(
    me: Any, selection: Selection, django_assert_num_queries: Any
) -> None:
    photo = make_photo(me)
    with django_assert_num_queries(2) as queries:
        neighbours(photo, selection.photos(me))
    for query in queries.captured_queries:
        plan = explain(query["sql"])
        assert "timeline_at<" in plan or "timeline_at>" in plan, plan
        assert "TEMP B-TREE" not in plan, "nothing is sorted"


def explain(sql: str) -> str:
    if connection.vendor != "sqlite":
        pytest.skip("the plan is read as SQLite writes it")
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return "\n".join(row[-1] for row in cursor.fetchall())
