"""What stands above and around a timeline: failures, labels to find, counts under a filter, months."""

from __future__ import annotations

import base64
import gzip
import re
from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from botocore.credentials import ReadOnlyCredentials
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_photo, make_user, put_record
from webapp import aws as site_aws
from webapp.photos import facets, failures, standing
from webapp.photos.index import index
from webapp.photos.models import PAGE_SIZE, Photo, Status

from .pages import ready, text_of

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def shown_in(page: Any) -> list[Any]:
    return [tile.photo.pk for month in page.context["months"] for tile in month.tiles]


def words_of(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text_of(response)).split())


# --- Pages, and where somebody was ---


def test_a_page_begins_with_the_photo_that_its_address_names(aws: Any, me: Any, mine: Client) -> None:
    newest, named, oldest = (ready(aws, me, taken=f"2024-0{month}-01T10:00:00Z") for month in (7, 6, 5))
    page = mine.get(f"/gallery/?at={named.pk}")
    assert shown_in(page) == [named.pk, oldest.pk]
    newer = mine.get(page.context["newer"])
    assert shown_in(newer) == [newest.pk]
    assert newer.context["newer"] == ""
    assert shown_in(mine.get(newer.context["older"])) == [named.pk, oldest.pk]


@pytest.mark.parametrize("at", ["nonsense", "01890a5d-ac96-774b-bcce-b302099a8057"])
def test_a_photo_that_is_not_mine_is_no_place_to_begin(aws: Any, me: Any, mine: Client, at: str) -> None:
    photo, theirs = ready(aws, me), ready(aws, make_user(), taken="1999-01-01T10:00:00Z")
    for each in (at, theirs.pk):
        assert shown_in(mine.get(f"/gallery/?at={each}")) == [photo.pk]


def test_ahead_of_the_newest_photo_is_the_first_page(aws: Any, me: Any, mine: Client) -> None:
    photo = ready(aws, me, "Cat")
    address = f"/gallery/?label=Cat&before={photo.cursor}"
    assert mine.get(address).headers["Location"] == "/gallery/?label=Cat"
    assert mine.get(address, headers=HTMX).status_code == 204


def test_a_script_is_given_the_months_alone(aws: Any, me: Any, mine: Client) -> None:
    going = make_photo(me)
    put_record(aws.table, going, status="processing")
    for number in range(PAGE_SIZE):
        ready(aws, me, taken=f"2024-05-12T14:{number:02}:00Z")
    page = mine.get("/gallery/")
    part = text_of(mine.get("/gallery/", headers=HTMX))
    assert part.count('class="tile"') == PAGE_SIZE
    assert "<html" not in part
    assert 'id="waiting"' not in part, "the page has one already"
    assert "&amp;part=1" in part
    assert 'id="waiting"' not in text_of(mine.get(f"{page.context['poll']}&part=1&ids={going.pk},{me.pk}"))
    assert "HX-Request" in page.headers["Vary"]


def test_a_tile_is_described_by_its_labels_and_the_day(aws: Any, me: Any, mine: Client) -> None:
    ready(aws, me, "Dog", "Beach", taken="2024-05-12T10:00:00Z")
    page = text_of(mine.get("/gallery/"))
    assert 'alt="Photo: dog, beach. 12 May 2024"' in page
    assert 'data-note="12 May 2024\nDog · Beach"' in page


def test_the_first_pictures_are_asked_for_at_once_whatever_month_they_are_in(aws: Any, me: Any, mine: Client) -> None:
    put_record(aws.table, make_photo(me, status=Status.FAILED), status="failed")
    for month in range(1, 10):
        ready(aws, me, taken=f"2024-{month:02}-12T10:00:00Z")
    pictures = re.findall(r'<img [^>]*alt="Photo: [^>]*>', text_of(mine.get("/gallery/")))
    assert ["lazy" in picture for picture in pictures] == [False] * 6 + [True] * 3


def test_a_photo_knows_the_selection_it_was_opened_from(aws: Any, me: Any, mine: Client) -> None:
    photo = ready(aws, me, "Cat & Dog")
    page = text_of(mine.get("/gallery/?label=Cat+%26+Dog&cursor="))
    assert f'href="/photos/{photo.pk}/?in=label%3DCat%2B%2526%2BDog"' in page
    assert f'href="/photos/{photo.pk}/"' in text_of(mine.get("/gallery/"))


def test_each_tile_can_be_selected(aws: Any, me: Any, mine: Client) -> None:
    photo, refused = ready(aws, me), make_photo(me, status=Status.REJECTED, file_name="torn.jpg")
    put_record(aws.table, refused, status="rejected")
    page = text_of(mine.get("/gallery/?label=Cat"))
    named = 'aria-label="Photo: cat, animal. 12 May 2024"'
    assert f"<input type=checkbox name=photo value={photo.pk} form=selection {named}>" in page
    assert f'value={refused.pk} form=selection aria-label="torn.jpg">' in text_of(mine.get("/gallery/"))
    assert 'id="selection"' in page
    assert 'name="next" value="/gallery/?label=Cat"' in page


# --- How much it is ---


@pytest.mark.parametrize("query", ["", "?label=Cat&label=Animal", "?favourites=on", "?status=failed", "?at={}"])
def test_no_page_takes_more_than_six_queries_and_one_call(
    aws: Any, me: Any, mine: Client, calls: Counter[str], query: str
) -> None:
    photos = [ready(aws, me, favourite=True) for _ in range(3)]
    put_record(aws.table, make_photo(me, status=Status.FAILED), status="failed")
    mine.get("/gallery/")
    calls.clear()
    with CaptureQueriesContext(connection) as queries:
        text_of(mine.get("/gallery/" + query.format(photos[1].pk)))
    assert len(queries) <= 6, [each["sql"] for each in queries]
    assert calls == {"BatchGetItem": 1}


def test_a_full_page_is_small_even_with_the_long_addresses_of_a_role(
    aws: Any, me: Any, mine: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = base64.b64encode(bytes(range(250)) * 3).decode()
    credentials = ReadOnlyCredentials("ASIAABCDEFGHIJKLMNOP", "secret", token)
    monkeypatch.setattr(site_aws, "signing_credentials", lambda: credentials)
    for _ in range(PAGE_SIZE):
        ready(aws, me, *(f"Label {number:03}" for number in range(25)))
    sent = mine.get("/gallery/", headers={"Accept-Encoding": "gzip"})
    page = gzip.decompress(sent.content)
    assert page.count(b"X-Amz-Security-Token") == PAGE_SIZE, "an address is long, and stands there once"
    assert len(page) <= 150_000
    assert len(sent.content) <= 40_000


@pytest.mark.parametrize("address", ["/gallery/labels/", "/gallery/months/"])
def test_lists_that_may_be_long_are_sent_compressed(aws: Any, mine: Client, address: str) -> None:
    assert mine.get(address, headers={"Accept-Encoding": "gzip"}).headers["Content-Encoding"] == "gzip"


# --- What failed ---


def ended(aws: Any, owner: Any, why: Any, **overrides: Any) -> Any:
    status = Status.REJECTED if isinstance(why, contract.Refusal) else Status.FAILED
    reason = contract.reason(why)
    photo = make_photo(owner, status=status, reason_code=reason.code, reason_text=reason.text, **overrides)
    put_record(aws.table, photo, status=status, reason=reason, run_id="")
    return photo


def test_what_failed_is_said_at_the_top_with_why(aws: Any, me: Any, mine: Client) -> None:
    failed = ended(aws, me, contract.Failure.LABELS, file_name="a.jpg")
    refused = ended(aws, me, contract.Refusal.DAMAGED, file_name="b.jpg")
    lost = ended(aws, me, contract.Failure.DID_NOT_ARRIVE, file_name="c.jpg")
    ended(aws, make_user(), contract.Refusal.DAMAGED, file_name="theirs.jpg")
    page = mine.get("/gallery/")
    words = words_of(page)
    assert "3 photos could not be processed" in words
    assert f"a.jpg {contract.SENTENCES[contract.Failure.LABELS]} Try again" in words
    assert f"b.jpg {contract.SENTENCES[contract.Refusal.DAMAGED]}" in words
    assert "theirs.jpg" not in words
    assert f'action="/photos/{failed.pk}/retry/"' in text_of(page)
    for each in (refused, lost):
        assert f'action="/photos/{each.pk}/retry/"' not in text_of(page)


def test_failures_that_were_read_are_said_again_only_with_a_new_one(aws: Any, me: Any, mine: Client) -> None:
    ended(aws, me, contract.Failure.LABELS)
    found = mine.get("/gallery/").context["failures"]
    assert (found.count, found.are_many) == ("1", False)
    mine.cookies["failures_read"] = found.newest
    assert mine.get("/gallery/").context["failures"] is None
    ended(aws, me, contract.Failure.LABELS)
    assert mine.get("/gallery/").context["failures"].count == "2"
    assert mine.get("/gallery/?label=Cat").context["failures"] is None


@pytest.mark.parametrize("fails", ["an older one", "the same one"])
def test_failures_that_were_read_are_said_again_with_whatever_fails_later(
    aws: Any, me: Any, mine: Client, fails: str
) -> None:
    older, newer = make_photo(me), make_photo(me)
    put_record(aws.table, newer, status="failed")
    index([newer.pk])
    mine.cookies["failures_read"] = mine.get("/gallery/").context["failures"].newest
    put_record(aws.table, older, status="processing")
    assert mine.get("/gallery/").context["failures"] is None
    later = older if fails == "an older one" else newer
    put_record(aws.table, later, status="processing")
    index([later.pk])
    put_record(aws.table, later, status="failed")
    index([later.pk])
    found = mine.get("/gallery/").context["failures"]
    assert found.photos[0][0] == later


def test_failures_that_one_person_has_read_are_said_to_another_in_the_same_browser(
    aws: Any, me: Any, mine: Client, client: Client
) -> None:
    other = make_user()
    ended(aws, other, contract.Failure.LABELS)
    ended(aws, me, contract.Failure.LABELS)
    read = mine.get("/gallery/").context["failures"].newest
    assert str(me.pk) not in read
    mine.force_login(other)
    mine.cookies["failures_read"] = read
    assert mine.get("/gallery/").context["failures"] is not None


@pytest.mark.parametrize("read", ["x", "-", "a-b", f"{UUID(int=7)}", "\x00", "a-" + "9" * 9000, "a-١"])
def test_a_cookie_that_says_nothing_hides_no_failure(aws: Any, me: Any, mine: Client, read: str) -> None:
    ended(aws, me, contract.Failure.LABELS)
    failed = standing.standing(me).failed
    who = failures.failures(me, failed).newest.partition("-")[0]
    assert failures.failures(me, failed, read=read.replace("a-", f"{who}-")) is not None


def test_many_failures_are_not_all_counted(aws: Any, me: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (failures, standing):
        monkeypatch.setattr(module, "LOOKED_AT", 5)
    for _ in range(6):
        make_photo(me, status=Status.FAILED)
    found = failures.failures(me, standing.standing(me).failed)
    assert found is not None
    assert (found.count, len(found.photos)) == ("5+", failures.SHOWN)


def test_what_is_on_its_way_and_what_failed_can_be_looked_at_alone(aws: Any, me: Any, mine: Client) -> None:
    ready(aws, me, "Cat")
    photos = [make_photo(me), make_photo(me, status=Status.PROCESSING), make_photo(me, status=Status.FAILED)]
    for photo in photos:
        put_record(aws.table, photo, status=photo.status)
    make_photo(make_user(), status=Status.FAILED)
    chips = {chip.name: chip for chip in mine.get("/gallery/").context["chips"]}
    assert list(chips)[:3] == ["Favourites", "In progress", "Failed"]
    assert [chips[name].count for name in ("In progress", "Failed")] == ["2", "1"]
    assert shown_in(mine.get(chips["Failed"].address)) == [photos[2].pk]
    assert sorted(shown_in(mine.get(chips["In progress"].address))) == sorted(photo.pk for photo in photos[:2])

    put_record(aws.table, photos[0], status="ready")
    polled = mine.get(f"/gallery/tiles/?ids={photos[0].pk}").context["chips"]
    assert [chip.count for chip in polled if chip.name == "In progress"] == ["1"], "as it is after this photo has ended"
    Photo.objects.filter(owner=me).update(status=Status.DELETING, cleared=False)
    assert "Failed" not in [chip.name for chip in mine.get("/gallery/").context["chips"]]


def test_many_on_their_way_hide_none_that_failed(me: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "LOOKED_AT", 2)
    failed = make_photo(me, status=Status.REJECTED)
    for _ in range(3):
        make_photo(me)
    found = standing.standing(me)
    assert (found.failed, found.counts) == ([failed], {"processing": 3, "failed": 1})


def test_a_photo_that_fails_while_somebody_looks_is_said_at_the_top(aws: Any, me: Any, mine: Client) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo, status="processing")
    poll = mine.get("/gallery/").context["poll"]
    put_record(aws.table, photo, status="failed")
    assert "1 photo could not be processed" in words_of(mine.get(poll))


# --- Labels ---


def test_labels_are_found_while_they_are_typed(aws: Any, me: Any, mine: Client) -> None:
    ready(aws, me, "Cat", "Sea", "Seal")
    ready(aws, me, "Seal")
    ready(aws, make_user(), "Sea urchin")

    def names(query: str) -> list[str]:
        return [chip.name for chip in mine.get(f"/gallery/labels/?{query}", headers=HTMX).context["chips"]]

    assert names("find=SEA") == ["Seal", "Sea"]
    assert names("find=sea&label=Seal") == ["Sea"]
    assert names("find=zebra") == []
    assert "Seal" in names("find=%00")
    option = text_of(mine.get("/gallery/labels/?find=cat&label=Sea", headers=HTMX))
    assert 'data-address="/gallery/?label=Sea&amp;label=Cat"' in option


@pytest.mark.parametrize(
    ("query", "location"),
    [("find=cAT", "label=Cat"), ("find=ca&favourites=on", "label=Cat&favourites=on"), ("find=sea", "label=Sea")],
)
def test_without_a_script_the_label_that_is_meant_is_added(
    aws: Any, me: Any, mine: Client, query: str, location: str
) -> None:
    ready(aws, me, "Cat", "Sea", "Seal")
    assert mine.get(f"/gallery/labels/?{query}").headers["Location"] == f"/gallery/?{location}"


def test_without_a_script_labels_to_choose_from_are_a_page(aws: Any, me: Any, mine: Client) -> None:
    ready(aws, me, "Seahorse", "Seal", "Cat")
    found = mine.get("/gallery/labels/?find=sea")
    assert [chip.name for chip in found.context["chips"]] == ["Seahorse", "Seal"]
    assert "None of your photos has a label like “zebra”" in words_of(mine.get("/gallery/labels/?find=zebra"))


def test_counts_stop_where_they_would_take_long(
    aws: Any, me: Any, mine: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facets, "FACET_SAMPLE", 2)
    for _ in range(3):
        ready(aws, me, "Cat", "Tree")
    found = mine.get("/gallery/facets/?label=Cat", headers=HTMX)
    assert "2+ photos" in words_of(found)
    assert found.context["chips"][0].count.endswith("+")


def test_counts_are_of_everything_that_is_filtered_by(aws: Any, me: Any, mine: Client) -> None:
    ready(aws, me, "Cat", "Tree", favourite=True)
    ready(aws, me, "Cat")
    found = mine.get("/gallery/facets/?favourites=on", headers=HTMX)
    assert {chip.name: chip.count for chip in found.context["chips"]} == {"Favourites": "", "Cat": "1", "Tree": "1"}
    assert "1 photo " in words_of(found) + " "
    assert mine.get("/gallery/facets/?label=Cat").headers["Location"] == "/gallery/?label=Cat"


# --- Months ---


def test_a_photo_stands_under_the_day_that_its_camera_wrote_wherever_that_was(aws: Any, me: Any, mine: Client) -> None:
    photo = ready(aws, me, "Cat", taken="2024-06-01T00:30:00+02:00")
    page = text_of(mine.get("/gallery/"))
    assert "<h2>June 2024</h2>" in page
    assert "Photo: cat. 1 June 2024" in page
    assert "May 2024" not in page
    assert "June" in text_of(mine.get("/gallery/months/"))
    shown = text_of(mine.get(photo.get_absolute_url()))
    assert "Photo: cat. 1 June 2024" in shown
    assert "1 June 2024, 00:30 UTC+02:00" in shown


def test_months_are_counted_and_lead_to_their_last_photo(aws: Any, me: Any, mine: Client) -> None:
    taken = ["2023-12-31T23:59:59Z", "2024-01-01T00:00:00Z", "2024-01-31T23:59:59.500Z", "2024-02-01T00:00:00Z"]
    photos = [ready(aws, me, "Cat", taken=each) for each in taken]
    ready(aws, make_user(), taken="2020-01-01T00:00:00Z")
    years = mine.get("/gallery/months/").context["years"]
    found = [(f"{month.first:%Y-%m}", month.count) for year in years for month in year.months]
    assert found == [("2024-02", 1), ("2024-01", 2), ("2023-12", 1)]
    first_shown = [shown_in(mine.get(month.address))[0] for year in years for month in year.months]
    assert first_shown == [photos[3].pk, photos[2].pk, photos[0].pk]


def test_months_are_of_the_selection(aws: Any, me: Any, mine: Client) -> None:
    ready(aws, me, "Cat", taken="2024-05-01T00:00:00Z")
    ready(aws, me, "Dog", taken="2024-06-01T00:00:00Z")
    menu = words_of(mine.get("/gallery/months/?label=Cat", headers=HTMX))
    assert "May" in menu
    assert "June" not in menu
    assert "There are no photos yet." in words_of(mine.get("/gallery/months/?favourites=on"))
