from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_label, make_photo, make_user, put_record
from webapp.photos import catalog
from webapp.photos.index import index
from webapp.photos.models import PAGE_SIZE, LabelCount, Photo, Status

pytestmark = pytest.mark.django_db


def ready(aws: Any, owner: Any, *labels: str, **overrides: Any) -> Photo:
    photo = make_photo(owner, **overrides)
    put_record(aws.table, photo, labels=labels or ("Cat", "Animal"))
    index([photo.pk])
    return Photo.objects.get(pk=photo.pk)


def text_of(response: Any) -> str:
    assert response.status_code == 200, response
    return response.content.decode()


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


def test_labels_filter_together_and_count_what_they_leave(aws: Any, me: Any, mine: Client) -> None:
    both, cat = ready(aws, me, "Cat", "Tree"), ready(aws, me, "Cat")
    ready(aws, me, "Dog")
    ready(aws, make_user(), "Cat", "Tree")

    chips = {chip.name: chip for chip in mine.get("/gallery/").context["chips"]}
    assert {name: chip.count for name, chip in chips.items()} == {"Cat": 2, "Tree": 1, "Dog": 1}

    page = mine.get(chips["Cat"].address)
    shown = [tile.photo.pk for month in page.context["months"] for tile in month.tiles]
    assert shown == [cat.pk, both.pk]
    active, tree = page.context["chips"]
    assert (active.name, active.is_active, active.count, active.address) == ("Cat", True, 2, "/gallery/")
    assert (tree.name, tree.count) == ("Tree", 1)

    page = mine.get(tree.address)
    assert [tile.photo.pk for month in page.context["months"] for tile in month.tiles] == [both.pk]
    assert [chip.is_active for chip in page.context["chips"]] == [True, True]


def test_a_label_that_nothing_carries_says_so(aws: Any, me: Any, mine: Client) -> None:
    ready(aws, me)
    page = text_of(mine.get("/gallery/", {"label": "<b>Unicorn</b>"}))
    assert "No photo shows all of this" in page
    assert "<b>Unicorn" not in page


def test_every_label_can_be_reached_however_many_there_are(aws: Any, me: Any, mine: Client) -> None:
    names = [f"Label {number:02}" for number in range(30)]
    ready(aws, me, *names)
    page = text_of(mine.get("/gallery/"))
    assert all(f"label=Label+{number:02}" in page for number in range(30))
    assert "10 more" in page


def test_months_are_headings(aws: Any, me: Any, mine: Client) -> None:
    ready(aws, me, uploaded_at=datetime(2026, 4, 30, 12, tzinfo=UTC))
    ready(aws, me, uploaded_at=datetime(2026, 5, 1, 12, tzinfo=UTC))
    page = text_of(mine.get("/gallery/"))
    assert page.index("May 2026") < page.index("April 2026")


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
    assert 'width="480" height="360"' in page
    assert 'data-ratio="1.333"' in page
    assert 'data-colour="#7a8899"' in page


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


# --- One photo ---


def test_the_photo_page_shows_all_there_is_to_know(aws: Any, me: Any, mine: Client) -> None:
    photo = make_photo(me, file_name="cat.jpg")
    exif = contract.Exif(camera="Apple iPhone 12", lens="back", exposure=0.008, aperture=1.8, focal_length=4.25, iso=64)
    put_record(aws.table, photo, labels=[make_label("Cat", 91.6)], exif=exif)
    page = text_of(mine.get(photo.get_absolute_url()))
    shown = ("cat.jpg", "display.webp", "Cat", "92 %", "4000 × 3000", "2.4 MB", "Apple iPhone 12", "1/125 s", "f/1.8",
             "4.25 mm", "64", "Previews made", "0.42 s")  # fmt: skip
    assert [word for word in shown if word not in page] == []
    assert "hx-trigger" not in page


def test_the_history_of_a_refused_photo_claims_no_previews(aws: Any, me: Any, mine: Client) -> None:
    photo = make_photo(me, bytes=14_000)
    refused = contract.Step("ResizeImage", "2026-11-23T10:00:00.000+00:00", ms=240, attempt=1, outcome="rejected")
    put_record(aws.table, photo, status="rejected", reason=contract.reason(contract.Refusal.DAMAGED), steps=[refused])
    page = text_of(mine.get(photo.get_absolute_url()))
    assert "Previews made" not in page
    assert "File checked and refused" in page
    assert "history-bad" in page
    assert "less than 0.1 MB" in page


def test_a_photo_that_is_processed_updates_by_itself(aws: Any, me: Any, mine: Client) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo, status="processing")
    assert 'hx-trigger="every 2s"' in text_of(mine.get(photo.get_absolute_url()))
    again = {"headers": {"HX-Request": "true"}}
    assert mine.get(photo.get_absolute_url(), **again).status_code == 204
    put_record(aws.table, photo)
    assert 'id="photo"' in text_of(mine.get(photo.get_absolute_url(), **again))


def test_a_photo_whose_record_is_not_there_yet_is_waiting(aws: Any, me: Any, mine: Client) -> None:
    photo = make_photo(me)
    assert "Processing" in text_of(mine.get(photo.get_absolute_url()))
    assert "Processing" in text_of(mine.get("/gallery/"))


def test_deleting_asks_first(aws: Any, me: Any, mine: Client) -> None:
    photo = ready(aws, me, file_name="cat.jpg")
    assert "Delete this photo?" in text_of(mine.get(f"/photos/{photo.pk}/delete/"))
    assert Photo.objects.exclude(status=Status.DELETING).filter(pk=photo.pk).exists()


def test_a_deleted_photo_is_gone_at_once(
    aws: Any, me: Any, mine: Client, states: Any, django_capture_on_commit_callbacks: Any
) -> None:
    photo = ready(aws, me, file_name="cat.jpg")
    response = mine.post(f"/photos/{photo.pk}/delete/")
    assert response.headers["Location"] == "/gallery/"
    assert "cat.jpg was deleted." in text_of(mine.get("/gallery/"))
    assert mine.get(photo.get_absolute_url()).status_code == 404
    assert not LabelCount.objects.exists()


def test_a_failed_photo_can_be_tried_again(
    aws: Any, me: Any, mine: Client, states: SimpleNamespace, keep_original: Any
) -> None:
    photo = make_photo(me)
    keep_original(photo)
    put_record(aws.table, photo, status="failed")
    assert "Try again" in text_of(mine.get(photo.get_absolute_url()))

    page = text_of(mine.post(f"/photos/{photo.pk}/retry/", follow=True))

    assert "It is being processed again." in page
    assert len(states.names()) == 1


def test_a_photo_that_never_arrived_is_not_offered_another_try(aws: Any, me: Any, mine: Client) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo, status="failed", reason=contract.reason(contract.Failure.DID_NOT_ARRIVE))
    page = text_of(mine.get(photo.get_absolute_url()))
    assert "Upload it again." in page
    assert "Try again" not in page


@pytest.mark.parametrize("status", ["ready", "rejected", "processing"])
def test_only_a_failed_photo_can_be_tried_again(
    aws: Any, me: Any, mine: Client, states: SimpleNamespace, keep_original: Any, status: str
) -> None:
    photo = make_photo(me)
    keep_original(photo)
    put_record(aws.table, photo, status=status)
    assert "Try again" not in text_of(mine.get(photo.get_absolute_url()))
    assert "Only a failed photo" in text_of(mine.post(f"/photos/{photo.pk}/retry/", follow=True))
    assert states.names() == []


@pytest.mark.parametrize("path", ["", "delete/", "retry/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_the_photo_of_another_does_not_exist(aws: Any, mine: Client, path: str, method: str) -> None:
    theirs = ready(aws, make_user())
    status = getattr(mine, method)(f"/photos/{theirs.pk}/{path}").status_code
    assert status == 404 or (status == 405 and (path, method) in {("", "post"), ("retry/", "get")})
    assert catalog.get(theirs).status == "ready"
