from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict

from tests.factories import make_photo, make_user
from webapp.photos.models import Page, Photo, Status
from webapp.photos.selection import MOST_LABELS, Selection

from .pages import ready


def parse(query: str) -> Selection:
    return Selection.parse(QueryDict(query))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", Selection()),
        ("label=Cat&label=Dog&label=Cat", Selection(labels=("Cat", "Dog"))),
        ("favourites=on", Selection(favourites=True)),
        ("favourites=maybe&status=nonsense&label=&label=%00", Selection()),
        ("status=failed&cursor=1_2", Selection(status="failed")),
        ("status=processing", Selection(status="processing")),
    ],
)
def test_a_query_string_says_what_is_selected(query: str, expected: Selection) -> None:
    assert parse(query) == expected


def test_a_selection_is_true_when_it_leaves_anything_out() -> None:
    assert not parse("cursor=1_2&status=nonsense")
    assert parse("status=failed")


def test_labels_beyond_the_most_are_passed_over() -> None:
    assert len(parse("&".join(f"label=l{number}" for number in range(80))).labels) == MOST_LABELS


@pytest.mark.parametrize("query", ["label=a%26b&label=%2B%3D+x&status=failed", "favourites=on&label=%F0%9F%90%88"])
def test_a_selection_comes_back_from_its_own_query_string(query: str) -> None:
    assert parse(parse(query).query()) == parse(query) != Selection()


def test_an_address_names_all_of_it_and_where_to_go_on() -> None:
    selection = Selection(labels=("Café au lait", "Dog"), favourites=True, status="failed")
    assert selection.query() == "label=Caf%C3%A9+au+lait&label=Dog&favourites=on&status=failed"
    assert selection.address("1_2") == f"/gallery/?{selection.query()}&cursor=1_2"
    assert Selection().address() == "/gallery/"
    assert selection.without_label("Dog").with_label("Cat").labels == ("Café au lait", "Cat")


@pytest.mark.django_db
def test_labels_favourites_and_status_select_together(aws: Any, me: Any) -> None:
    both = ready(aws, me, "Cat", "Tree")
    cat = ready(aws, me, "Cat")
    Photo.objects.filter(pk=both.pk).update(favourite=True)
    failed = make_photo(me, status=Status.FAILED, favourite=True)
    rejected = make_photo(me, status=Status.REJECTED)
    going = make_photo(me)
    ready(aws, make_user(), "Cat", "Tree", favourite=True)

    def found(query: str) -> set[Any]:
        return {photo.pk for photo in parse(query).photos(me)}

    assert found("") == {both.pk, cat.pk, failed.pk, rejected.pk, going.pk}
    assert found("label=Cat") == {both.pk, cat.pk}
    assert found("label=Cat&label=Tree") == {both.pk}
    assert found("label=Cat&favourites=on") == {both.pk}
    assert found("favourites=on") == {both.pk, failed.pk}
    assert found("status=failed") == {failed.pk, rejected.pk}
    assert found("status=processing") == {going.pk}
    assert found("status=failed&favourites=on") == {failed.pk}


# --- Pages of it ---


def walk(photos: Any, *, size: int) -> list[Any]:
    pages, cursor = [], ""
    while not pages or cursor:
        page = photos.page(cursor, size=size)
        cursor = page.next_cursor
        pages.append(page)
    return pages


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["", "label=Cat", "label=Cat&label=Animal", "favourites=on", "status=failed"])
def test_pages_lead_on_and_back_and_show_each_photo_once(aws: Any, me: Any, query: str) -> None:
    days = (12, 3, 20, 12, 12, 7, 30)  # three of them at the same moment
    if "status" in query:
        photos = [make_photo(me, status=Status.FAILED, taken_at=datetime(2024, 5, day, tzinfo=UTC)) for day in days]
    else:
        photos = [ready(aws, me, "Cat", "Animal", taken=f"2024-05-{day:02}T10:00:00Z", favourite=True) for day in days]
    expected = [photo.pk for photo in sorted(photos, key=lambda photo: (photo.timeline_at, photo.pk), reverse=True)]
    selected = parse(query).photos(me)

    pages = walk(selected, size=3)
    assert [photo.pk for page in pages for photo in page.photos] == expected
    assert [bool(page.previous_cursor) for page in pages] == [False, True, True]
    before = selected.page(before=pages[2].previous_cursor, size=3)
    assert before == Page(pages[1].photos, pages[1].next_cursor, pages[1].previous_cursor)
    assert selected.page(before=before.previous_cursor, size=3).previous_cursor == ""


@pytest.mark.django_db
def test_a_page_can_begin_with_a_photo(aws: Any, me: Any) -> None:
    photos = [ready(aws, me, taken=f"2024-05-{day:02}T10:00:00Z") for day in (12, 12, 3)]
    for photo in photos:
        assert parse("label=Cat").photos(me).page(photo.cursor_ahead).photos[0] == photo


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("", "photo_timeline"),
        ("label=Cat", "photolabel_timeline"),
        ("label=Cat&label=Dog", "photolabel_timeline"),
        ("label=Cat&favourites=on", "photolabel_timeline"),
        ("favourites=on", "photo_favourites"),
        ("status=failed", "photo_by_status"),
    ],
)
def test_every_page_is_read_from_an_index(me: Any, query: str, index: str) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("other databases plan by what is in the table")
    photos = parse(query).photos(me)
    for rows in (photos, photos.filter(photos._is_behind(datetime.now(UTC), me.pk)), photos.reverse()):
        first, *_others = rows[:61].explain().splitlines()
        assert f"INDEX {index} (owner_id=?" in first


@pytest.mark.django_db
def test_of_several_labels_the_photos_of_the_rarest_are_gone_through(aws: Any, me: Any) -> None:
    both, _cat = ready(aws, me, "Cat", "Tree"), ready(aws, me, "Cat")
    for query in ("label=Cat&label=Tree", "label=Tree&label=Cat"):
        photos = parse(query).photos(me)
        assert list(photos) == [both]
        driving = photos.query.annotations["place_at"].alias
        assert f'{driving}."name" = Tree' in str(photos.query).replace(f'"{driving}"', driving)
