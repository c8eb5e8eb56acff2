"""What is in an album, in which order, and what stands for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import make_photo, make_user
from webapp.albums import albums, contents
from webapp.albums.models import Album, AlbumPhoto, Order
from webapp.photos import deletion, trash
from webapp.photos.models import Photo

from .shelf import entry_of, make_album, names_in, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def abcd(me: Any) -> list[Photo]:
    return [row(me, days, file_name=name) for days, name in enumerate("abcd")]


def front_of(album: Album) -> Any:
    return Album.objects.described().get(pk=album.pk).front


# --- In and out ---


def test_an_album_begins_in_the_order_in_which_its_photos_were_taken(me: Any, abcd: list[Photo]) -> None:
    album = make_album(me, [abcd[2], abcd[0]])
    contents.add(album=album, photos=[abcd[1]])
    assert names_in(album) == ["a", "b", "c"]


def test_a_photo_is_in_an_album_once_and_counted_when_it_is_new(me: Any, abcd: list[Photo]) -> None:
    album = make_album(me, abcd[:2])
    assert contents.add(album=album, photos=abcd[:3]) == 1
    assert names_in(album) == ["a", "b", "c"]


def test_only_photos_of_the_albums_owner_that_are_not_thrown_away_go_in(me: Any, abcd: list[Photo]) -> None:
    album = make_album(me)
    trash.throw_away(owner=me, photo_ids=[abcd[0].pk])
    assert contents.add(album=album, photos=[abcd[0], make_photo(make_user(), status="ready")]) == 0
    assert AlbumPhoto.objects.count() == 0


def test_what_is_taken_out_stays_in_the_gallery_and_in_other_albums(me: Any, abcd: list[Photo]) -> None:
    album, other = make_album(me, abcd), make_album(me, abcd)
    assert contents.remove(album=album, photos=abcd[:2]) == 2
    assert contents.remove(album=album, photos=abcd[:2]) == 0
    assert names_in(album) == ["c", "d"]
    assert names_in(other) == ["a", "b", "c", "d"]
    assert Photo.objects.for_gallery(me).count() == 4


def test_a_photo_in_the_trash_is_out_of_sight_and_back_in_its_place_when_restored(
    aws: Any, me: Any, abcd: list[Photo]
) -> None:
    album = make_album(me, abcd)
    contents.move_before(album=album, entry=entry_of(album, abcd[3]), other=entry_of(album, abcd[0]))
    trash.throw_away(owner=me, photo_ids=[abcd[0].pk])
    assert names_in(album) == ["d", "b", "c"]
    assert Album.objects.described().get().photo_count == 3
    trash.restore(owner=me, photo_ids=[abcd[0].pk])
    assert names_in(album) == ["d", "a", "b", "c"]


def test_a_photo_that_is_deleted_is_gone_from_its_albums(aws: Any, me: Any, abcd: list[Photo]) -> None:
    album = make_album(me, abcd)
    albums.choose_cover(album=album, entry=entry_of(album, abcd[1]))
    deletion.mark(abcd[1])
    assert names_in(album) == ["a", "c", "d"]
    abcd[1].delete()
    assert names_in(album) == ["a", "c", "d"]
    assert album.entries.count() == 3


def test_albums_go_with_the_account_and_photos_stay_when_an_album_goes(me: Any, abcd: list[Photo]) -> None:
    albums.delete(album=make_album(me, abcd))
    assert Photo.objects.for_gallery(me).count() == 4
    somebody = make_user()
    make_album(somebody)
    somebody.delete()
    assert not Album.objects.exists()


# --- Order ---


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ([("later", "a")], "bacd"),
        ([("earlier", "d")], "abdc"),
        ([("earlier", "d"), ("earlier", "d"), ("earlier", "d")], "dabc"),
        ([("earlier", "a")], "abcd"),
        ([("later", "d")], "abcd"),
        ([("before", "d", "b")], "adbc"),
        ([("behind", "a", "c")], "bcad"),
        ([("behind", "a", "d"), ("before", "a", "b")], "abcd"),
        ([("before", "b", "b")], "abcd"),
        ([("later", "b"), ("earlier", "b"), ("behind", "d", "a")], "adbc"),
    ],
)
def test_a_photo_is_moved_to_where_it_shall_be_and_no_other_changes_places(
    me: Any, abcd: list[Photo], moves: list[tuple[str, ...]], expected: str
) -> None:
    album = make_album(me, abcd)
    by_name = {photo.file_name: photo for photo in abcd}
    for how, *which in moves:
        entry, *other = (entry_of(album, by_name[name]) for name in which)
        extra = {"other": other[0]} if other else {}
        getattr(contents, f"move_{how}")(album=album, entry=entry, **extra)
    assert "".join(names_in(album)) == expected


def test_a_step_goes_past_what_is_in_the_trash(me: Any, abcd: list[Photo]) -> None:
    album = make_album(me, abcd)
    trash.throw_away(owner=me, photo_ids=[abcd[1].pk, abcd[2].pk])
    assert contents.move_later(album=album, entry=entry_of(album, abcd[0]))
    assert names_in(album) == ["d", "a"]


def test_the_end_of_an_album_changes_no_order(me: Any, abcd: list[Photo]) -> None:
    album = make_album(me, abcd)
    assert not contents.move_earlier(album=album, entry=entry_of(album, abcd[0]))
    album.refresh_from_db()
    assert album.order == Order.DAY


def test_a_new_photo_goes_to_the_end_of_an_order_by_hand_and_the_order_by_day_can_be_had_back(
    me: Any, abcd: list[Photo]
) -> None:
    album = make_album(me, abcd[1:])
    contents.move_later(album=album, entry=entry_of(album, abcd[1]))
    contents.add(album=album, photos=[abcd[0]])
    assert names_in(album) == ["c", "b", "d", "a"]
    contents.order_by_day(album=album)
    assert names_in(album) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("order", Order.values)
def test_pages_follow_one_another_without_a_gap_even_behind_a_photo_that_is_out_of_sight(me: Any, order: str) -> None:
    photos = [row(me, days // 2, file_name=str(days)) for days in range(7)]  # two of each day
    album = make_album(me, photos, order=order)
    first = album.shown().page(album, size=3)
    trash.throw_away(owner=me, photo_ids=[first.entries[-1].photo_id])
    second = album.shown().page(album, first.after, size=3)
    last = album.shown().page(album, second.after, size=3)
    shown = [entry.photo.file_name for page in (first, second, last) for entry in page.entries]
    assert shown == [str(number) for number in range(7)]
    assert last.after == ""


@pytest.mark.parametrize("after", ["nonsense", "'; drop table", "0" * 400])
def test_a_page_behind_what_is_not_there_is_the_first_one(me: Any, abcd: list[Photo], after: str) -> None:
    album = make_album(me, abcd)
    assert len(album.shown().page(album, after).entries) == 4


# --- Cover ---


def test_the_first_ready_photo_stands_for_an_album_until_one_is_chosen(me: Any, abcd: list[Photo]) -> None:
    early = row(me, -1, status="failed")
    album = make_album(me, [early, *abcd])
    assert front_of(album) == abcd[0].pk
    contents.move_before(album=album, entry=entry_of(album, abcd[2]), other=entry_of(album, early))
    assert front_of(album) == abcd[2].pk
    albums.choose_cover(album=album, entry=entry_of(album, abcd[3]))
    assert front_of(album) == abcd[3].pk


def test_a_cover_that_is_taken_out_gives_way_and_one_in_the_trash_comes_back(
    aws: Any, me: Any, abcd: list[Photo]
) -> None:
    album = make_album(me, abcd)
    albums.choose_cover(album=album, entry=entry_of(album, abcd[3]))
    trash.throw_away(owner=me, photo_ids=[abcd[3].pk])
    assert front_of(album) == abcd[0].pk
    trash.restore(owner=me, photo_ids=[abcd[3].pk])
    Photo.objects.filter(pk=abcd[3].pk).update(status="ready")  # there is no record to restore it from
    assert front_of(album) == abcd[3].pk
    contents.remove(album=album, photos=[abcd[3]])
    album.refresh_from_db()
    assert (album.cover, front_of(album)) == (None, abcd[0].pk)


def test_an_empty_album_has_no_cover(me: Any) -> None:
    album = Album.objects.described().get(pk=make_album(me).pk)
    assert (album.front, album.photo_count) == (None, 0)
