"""From a photo on through the album that it was opened from, and back to where it stands in it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from tests.factories import make_photo, make_user
from tests.webapp.albums.shelf import entry_of, make_album
from webapp.albums import contents
from webapp.albums.models import Album
from webapp.photos.models import PAGE_SIZE, Photo
from webapp.photos.trash import throw_away

from .pages import ready, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def photos(aws: Any, me: Any) -> list[Photo]:
    """By day: those with an even number are in `album`."""
    return [ready(aws, me, taken=f"2024-05-0{day}T12:00:00") for day in range(1, 8)]


@pytest.fixture
def album(me: Any, photos: list[Photo]) -> Album:
    return make_album(me, photos[::2], name="Rome <3")


def opened(mine: Client, photo: Photo, album: UUID | str) -> Any:
    return mine.get(photo.get_absolute_url(), {"in": f"album={album}"})


def around(page: Any) -> list[str]:
    return [step.address if step else "" for step in (page.context["previous"], page.context["following"])]


def test_a_photo_of_an_album_leads_through_it_in_its_order_and_back(
    mine: Client, photos: list[Photo], album: Album
) -> None:
    tiles = text_of(mine.get(album.get_absolute_url()))
    address = f"{photos[2].get_absolute_url()}?in=album%3D{album.pk}"
    assert f'href="{address}"' in tiles
    page = mine.get(address)
    assert around(page) == [f"{photos[at].get_absolute_url()}?in=album%3D{album.pk}" for at in (0, 4)]
    assert "<span>Rome &lt;3</span>" in text_of(page)
    back = f"{album.get_absolute_url()}?at={photos[2].pk}#tile-{photos[2].pk}"
    assert (page.context["back"], page.context["without_it"]) == (back, album.get_absolute_url())

    contents.move_before(album=album, entry=entry_of(album, photos[6]), other=entry_of(album, photos[0]))
    assert photos[6].get_absolute_url() in around(opened(mine, photos[0], album.pk))[0]
    assert around(opened(mine, photos[6], album.pk))[0] == ""


def test_what_is_done_there_stays_on_the_way_through_the_album(mine: Client, photos: list[Photo], album: Album) -> None:
    within = f"?in=album%3D{album.pk}"
    for path in ("favourite/", "labels/deny/", "retry/"):
        answer = mine.post(f"{photos[0].get_absolute_url()}{path}{within}", {"name": "Cat"})
        assert answer.headers["Location"] == photos[0].get_absolute_url() + within


def test_an_album_that_is_not_ones_own_or_has_not_the_photo_is_as_if_none_were_named(
    me: Any, mine: Client, photos: list[Photo], album: Album
) -> None:
    theirs = make_album(make_user(), name="Secret")
    theirs.entries.create(photo=photos[0], position=1)  # which nothing does
    strange = [theirs.pk, make_album(me).pk, UUID(int=7), "", "x", "\0", f"{album.pk}x"]
    for named in strange:
        page = opened(mine, photos[0], named)
        assert page.context["back"] == f"/gallery/#tile-{photos[0].pk}"
        assert around(page) == [photos[1].get_absolute_url(), ""]
        assert "Secret" not in text_of(page)


def test_photos_in_the_trash_are_passed_over_and_have_nothing_around_them(
    me: Any, mine: Client, photos: list[Photo], album: Album
) -> None:
    throw_away(owner=me, photo_ids=[photos[2].pk])
    assert photos[4].get_absolute_url() in around(opened(mine, photos[0], album.pk))[1]
    assert around(opened(mine, photos[2], album.pk)) == ["", ""]


def test_an_album_is_opened_at_the_page_that_a_photo_is_on(aws: Any, me: Any, mine: Client) -> None:
    photos = [make_photo(me) for _ in range(2 * PAGE_SIZE + 1)]
    album = make_album(me, photos)
    for at, first in ((0, 0), (PAGE_SIZE - 1, 0), (PAGE_SIZE, PAGE_SIZE), (2 * PAGE_SIZE, 2 * PAGE_SIZE)):
        page = mine.get(album.get_absolute_url(), {"at": str(photos[at].pk)})
        assert page.context["tiles"][0].photo.pk == photos[first].pk
    for nowhere in ("", "x", str(make_photo(me).pk)):
        assert mine.get(album.get_absolute_url(), {"at": nowhere}).context["tiles"][0].photo.pk == photos[0].pk


def test_it_takes_one_query_more_than_the_gallery_does(
    mine: Client, photos: list[Photo], album: Album, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(8):
        assert opened(mine, photos[2], album.pk).status_code == 200
