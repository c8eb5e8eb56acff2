from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import PLACEHOLDER, make_photo, make_user, put_record
from webapp.photos.models import PAGE_SIZE, LabelCount, Photo, Status

from .pages import ready, text_of

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def shown_in(page: Any) -> list[Any]:
    return [tile.photo.pk for month in page.context["months"] for tile in month.tiles]


# --- Gallery ---


def test_an_empty_gallery_says_what_to_do(aws: Any, mine: Client) -> None:
    page = text_of(mine.get("/gallery/"))
    assert "Your gallery is empty" in page
    assert 'href="/upload/"' in page


def test_the_gallery_shows_what_is_mine_newest_first(aws: Any, me: Any, mine: Client) -> None:
    first, second = ready(aws, me), ready(aws, me)
    other = ready(aws, make_user())
    page = text_of(mine.get("/gallery/"))
    assert page.index(str(second.pk)) < page.index(str(first.pk))
    assert str(other.pk) not in page


def test_a_full_page_takes_six_queries_and_one_call_to_dynamodb(
    aws: Any, me: Any, mine: Client, calls: Counter[str]
) -> None:
    for _ in range(PAGE_SIZE + 1):
        ready(aws, me)
    calls.clear()

    with CaptureQueriesContext(connection) as queries:
        page = text_of(mine.get("/gallery/"))

    assert page.count('class="tile"') == PAGE_SIZE
    assert len(queries) <= 6, [query["sql"][:120] for query in queries]
    assert calls == {"BatchGetItem": 1}


def test_older_photos_are_a_link_away_and_none_is_shown_twice(aws: Any, me: Any, mine: Client) -> None:
    photos = [ready(aws, me) for _ in range(PAGE_SIZE + 2)]
    first = mine.get("/gallery/")
    second = mine.get(first.context["older"])
    shown = [tile.photo.pk for page in (first, second) for month in page.context["months"] for tile in month.tiles]
    assert shown == [photo.pk for photo in reversed(photos)]
    assert second.context["older"] == ""


@pytest.mark.parametrize("cursor", ["", "nonsense", "'; drop table", "0" * 400])
def test_a_cursor_that_is_none_starts_at_the_top(aws: Any, me: Any, mine: Client, cursor: str) -> None:
    photo = ready(aws, me)
    assert str(photo.pk) in text_of(mine.get("/gallery/", {"cursor": cursor}))


def test_labels_filter_together_and_their_counts_come_after_the_page(aws: Any, me: Any, mine: Client) -> None:
    both, cat = ready(aws, me, "Cat", "Tree"), ready(aws, me, "Cat")
    ready(aws, me, "Dog")
    ready(aws, make_user(), "Cat", "Tree")

    chips = {chip.name: chip for chip in mine.get("/gallery/").context["chips"]}
    counts = {name: chip.count for name, chip in chips.items()}
    assert counts == {"Favourites": "", "Cat": "2", "Tree": "1", "Dog": "1"}

    page = mine.get(chips["Cat"].address)
    assert shown_in(page) == [cat.pk, both.pk]
    active, _favourites, dog, tree = page.context["chips"]
    assert (active.name, active.is_active, active.count, active.address) == ("Cat", True, "", "/gallery/")
    assert (tree.name, tree.count, dog.name) == ("Tree", "", "Dog")
    facets = mine.get(page.context["count_address"], headers=HTMX)
    cats, _favourites, trees = facets.context["chips"]
    assert [(chip.name, chip.count) for chip in (cats, trees)] == [("Cat", "2"), ("Tree", "1")]
    assert "2 photos" in text_of(facets)

    page = mine.get(trees.address)
    assert shown_in(page) == [both.pk]
    assert [chip.name for chip in page.context["chips"] if chip.is_active] == ["Cat", "Tree"]


def test_a_label_that_nothing_carries_says_so(aws: Any, me: Any, mine: Client) -> None:
    ready(aws, me)
    page = text_of(mine.get("/gallery/", {"label": "<b>Unicorn</b>"}))
    assert "No photo shows all of this" in page
    assert "<b>Unicorn" not in page


def test_every_label_can_be_reached_however_many_there_are(aws: Any, me: Any, mine: Client) -> None:
    names = [f"Label {number:02}" for number in range(30)]
    ready(aws, me, *names)
    page = mine.get("/gallery/")
    assert len(page.context["chips"]) == 21, "twenty labels, and favourites"
    assert 'href="/gallery/labels/?"' in text_of(page)
    everything = text_of(mine.get("/gallery/labels/"))
    assert all(f"/gallery/?label=Label+{number:02}" in everything for number in range(30))


def test_months_are_headings(aws: Any, me: Any, mine: Client) -> None:
    ready(aws, me, taken="2026-04-30T12:00:00")
    ready(aws, me, taken="2026-05-01T12:00:00")
    page = text_of(mine.get("/gallery/"))
    assert page.index("May 2026") < page.index("April 2026")


def test_photos_stand_in_the_order_they_were_taken_in(aws: Any, me: Any, mine: Client) -> None:
    taken = [f"2024-05-{day:02}T10:00:00" for day in (12, 3, 20)]
    photos = [ready(aws, me, taken=each) for each in taken]
    shown = [tile.photo.pk for month in mine.get("/gallery/").context["months"] for tile in month.tiles]
    assert shown == [photos[2].pk, photos[0].pk, photos[1].pk]


def test_pages_of_photos_taken_at_the_same_moment_and_apart_show_each_once(aws: Any, me: Any) -> None:
    photos = [ready(aws, me, taken=f"2024-05-{day:02}T10:00:00") for day in (12, 12, 3, 20, 12)]
    pages, cursor = [], ""
    while not pages or cursor:
        page = Photo.objects.for_gallery(me).page(cursor, size=2)
        cursor = page.next_cursor
        pages += page.photos
    assert pages == [photos[3], photos[4], photos[1], photos[0], photos[2]]


def test_a_photo_that_came_to_an_end_is_indexed_when_it_is_seen(aws: Any, me: Any, mine: Client) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo)
    mine.get("/gallery/")
    photo.refresh_from_db()
    assert photo.status == "ready"
    assert dict(LabelCount.objects.top(me)) == {"Cat": 1, "Animal": 1}


@pytest.mark.parametrize(
    ("status", "word", "sentence"),
    [
        ("rejected", "Refused", contract.SENTENCES[contract.Refusal.DAMAGED]),
        ("failed", "Failed", contract.SENTENCES[contract.Failure.LABELS]),
    ],
)
def test_a_photo_without_a_picture_shows_a_word_and_the_reason(
    aws: Any, me: Any, mine: Client, status: str, word: str, sentence: str
) -> None:
    put_record(aws.table, make_photo(me), status=status)
    page = text_of(mine.get("/gallery/"))
    assert word in page
    assert sentence in page
    assert "Sandbox.Timedout" not in page, "the detail is for operators"


def test_sizes_are_known_before_the_picture_is(aws: Any, me: Any, mine: Client) -> None:
    ready(aws, me)
    page = " ".join(text_of(mine.get("/gallery/")).split())
    assert "width=480 height=360" in page
    assert "data-ratio=1.333" in page
    assert f'src="data:image/webp;base64,{PLACEHOLDER}" alt>' in page


def test_the_address_of_a_picture_stays_the_same_and_asks_nobody(
    aws: Any, me: Any, mine: Client, calls: Counter[str]
) -> None:
    ready(aws, me)

    def address() -> str:
        return mine.get("/gallery/").context["months"][0].tiles[0].thumb

    first = address()
    assert "renditions-test" in first
    assert "X-Amz-Signature" in first
    assert address() == first
    assert set(calls) == {"BatchGetItem"}


def test_without_dynamodb_the_gallery_shows_what_the_rows_know(aws: Any, me: Any, mine: Client, breaks: Any) -> None:
    ready(aws, me, "Cat")
    make_photo(me, status=Status.FAILED, reason_text="It broke.", file_name="broken.jpg")
    going = make_photo(me)
    breaks("dynamodb", "BatchGetItem")

    response = mine.get("/gallery/")

    page = response.content.decode()
    assert (response.status_code, response.headers["Retry-After"]) == (503, "60")
    assert "Your photos are safe; their pictures cannot be shown right now. Try again in a minute." in page
    assert page.count('class="tile') >= 3
    assert "It broke." in page
    assert "Cat" in page, "labels to filter by come from the rows"
    assert mine.get(f"/gallery/tiles/?ids={going.pk}").status_code == 503


@pytest.mark.parametrize("query", ["label=%00", "label=" + "&label=".join(f"l{n}" for n in range(80)), "label="])
def test_labels_that_are_none_break_nothing(aws: Any, me: Any, mine: Client, query: str) -> None:
    assert mine.get(f"/gallery/?{query}").status_code == 200
    assert mine.get(f"/gallery/tiles/?{query}").status_code == 200


# --- Tiles that update by themselves ---


def test_open_tiles_are_asked_about_and_settle(aws: Any, me: Any, mine: Client) -> None:
    done, going = make_photo(me), make_photo(me)
    for photo in (done, going):
        put_record(aws.table, photo, status="processing")
    page = mine.get("/gallery/")
    poll = page.context["poll"]
    assert 'hx-trigger="every 2s"' in text_of(page)
    assert "2 photos being processed" in text_of(page)

    assert mine.get(poll).status_code == 204

    put_record(aws.table, done)
    answer = text_of(mine.get(poll))
    assert f'id="tile-{done.pk}"' in answer
    assert f'id="tile-{going.pk}"' not in answer
    assert "1 photo being processed" in answer
    assert "Animal" in answer
    assert 'hx-swap-oob="true"' in answer

    put_record(aws.table, going)
    assert "hx-get" not in text_of(mine.get(f"/gallery/tiles/?ids={going.pk}")), "nothing is left to ask about"


def test_a_tile_that_was_deleted_is_taken_off(aws: Any, me: Any, mine: Client) -> None:
    photo = make_photo(me, status=Status.DELETING)
    assert 'hx-swap-oob="delete"' in text_of(mine.get(f"/gallery/tiles/?ids={photo.pk}"))


def test_nothing_is_said_about_the_tiles_of_another(aws: Any, mine: Client) -> None:
    theirs = ready(aws, make_user(), "Secret", file_name="secret.jpg")
    answer = text_of(mine.get(f"/gallery/tiles/?ids={theirs.pk},nonsense"))
    assert "ecret" not in answer
    assert "X-Amz" not in answer
