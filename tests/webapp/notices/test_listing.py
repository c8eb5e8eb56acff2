from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_batch, make_photo, make_user, put_batch
from tests.webapp.photos.conftest import calls
from tests.webapp.photos.pages import text_of
from webapp.accounts import preferences
from webapp.notices import keeping
from webapp.notices.listing import PAGE
from webapp.notices.models import Notice
from webapp.photos.models import Photo

__all__ = ["calls"]

pytestmark = pytest.mark.django_db


def make_told(aws: Any, owner: Any, **counted: Any) -> Any:
    """A batch of one photo that is done."""
    batch = make_batch(owner)
    put_batch(aws.table, batch, **{"ready": {"a"}, **counted})
    return batch


def make_failed(owner: Any, **overrides: Any) -> Photo:
    return make_photo(owner, **{"status": "failed", "reason_text": "Nobody knows why.", **overrides})


def test_somebody_who_sent_nothing_is_told_what_will_be_here(aws: Any, mine: Client) -> None:
    page = text_of(mine.get("/notices/"))
    assert "No notices" in page
    assert 'href="/upload/"' in page


def test_an_upload_that_is_done_is_told_with_its_problems(aws: Any, me: Any, mine: Client) -> None:
    failed = make_failed(me, file_name="torn.jpg")
    batch = make_batch(me, expected=3)
    put_batch(aws.table, batch, ready={"a", "b"}, failed={str(failed.pk)})
    page = text_of(mine.get("/notices/"))
    assert "2 photos ready, 1 failed" in page
    assert f'href="/photos/{failed.pk}/"' in page
    assert "torn.jpg" in page
    assert "Nobody knows why." in page
    assert "You were told" not in page


def test_a_notice_that_was_sent_says_when(aws: Any, me: Any, mine: Client) -> None:
    make_told(aws, me, claimed_at="2026-02-03T10:00:00+00:00", sent_at="2026-02-03T10:00:01+00:00")
    assert "3 February 2026" in text_of(mine.get("/notices/"))


def test_a_photo_that_is_ready_by_now_is_no_problem_any_more(aws: Any, me: Any, mine: Client) -> None:
    mended = make_failed(me, status="ready", file_name="mended.jpg")
    make_told(aws, me, ready=set(), failed={str(mended.pk)})
    page = text_of(mine.get("/notices/"))
    assert "1 photo failed" in page
    assert "mended.jpg" not in page
    assert "That is settled by now." in page


def test_many_problems_are_counted(aws: Any, me: Any, mine: Client) -> None:
    make_told(aws, me, ready=set(), failed={str(make_failed(me).pk) for _ in range(8)})
    page = text_of(mine.get("/notices/"))
    assert page.count("Nobody knows why.") == 5
    assert "And 3 more" in page


@pytest.mark.parametrize("has_record", [True, False])
def test_an_upload_that_is_not_done_says_so(aws: Any, me: Any, mine: Client, has_record: bool) -> None:
    batch = make_batch(me, expected=2)
    if has_record:
        put_batch(aws.table, batch, ready={"a"})
    page = text_of(mine.get("/notices/"))
    assert "2 photos sent" in page
    assert "Being processed" in page


def test_an_upload_of_which_nothing_is_left_is_not_shown(aws: Any, me: Any, mine: Client) -> None:
    make_told(aws, me, ready=set(), expected=0, gone={"a"})
    assert "No notices" in text_of(mine.get("/notices/"))


def test_other_peoples_uploads_and_photos_are_not_shown(aws: Any, me: Any, mine: Client) -> None:
    other = make_user()
    make_told(aws, other)
    make_told(aws, me, ready=set(), failed={str(make_failed(other, file_name="theirs.jpg").pk)})
    page = text_of(mine.get("/notices/"))
    assert "1 photo ready" not in page
    assert "theirs.jpg" not in page


def test_a_page_takes_few_queries_and_one_call_however_many_there_are(
    aws: Any, me: Any, mine: Client, calls: Counter[str]
) -> None:
    for number in range(PAGE + 1):
        make_told(aws, me, ready=set(), failed={str(make_failed(me, file_name=f"{number}.jpg").pk)})
    with CaptureQueriesContext(connection) as queries:
        page = text_of(mine.get("/notices/"))
    assert len(queries) <= 5, [query["sql"][:120] for query in queries]
    assert calls == {"BatchGetItem": 1}
    assert page.count("Nobody knows why.") == PAGE
    (address,) = re.findall(r'href="(/notices/\?cursor=[^"]+)"', page)
    older = text_of(mine.get(address))
    assert older.count("Nobody knows why.") == 1
    assert "0.jpg" in older


def test_without_dynamodb_the_page_says_what_it_knows(
    aws: Any, me: Any, mine: Client, breaks: Callable[..., None]
) -> None:
    make_batch(me, expected=4, created_at=timezone.now() - timedelta(days=1))
    breaks("dynamodb", "BatchGetItem")
    response = mine.get("/notices/")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "60"
    assert "4 photos sent" in response.content.decode()
    assert "cannot be told right now" in response.content.decode()


# --- By which way, and what else was told ---

TIME = "2026-02-03T10:00:00+00:00"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, "Not told yet."),
        ({"claimed_at": TIME, "sent_at": TIME, "told_by": "mail"}, "You were told by mail:"),
        ({"claimed_at": TIME, "sent_at": TIME, "told_by": "sms"}, "You were told by text message:"),
        ({"claimed_at": TIME, "told_by": "none"}, "Here alone, since you chose not to be told."),
        ({"claimed_at": TIME, "told_by": "problems"}, "Here alone, since you want to be told of problems only."),
        ({"claimed_at": TIME, "told_by": "bounce"}, "Here alone, since mail to you came back."),
        ({"claimed_at": TIME, "told_by": "complaint"}, "Here alone, since our mail was marked as spam."),
        ({"claimed_at": TIME, "told_by": "phone"}, "Here alone, since your phone number was not confirmed."),
        ({"claimed_at": TIME, "told_by": "mail"}, "Here alone, since the mail could not be sent."),
        ({"refusals": 3, "told_by": "sms"}, "Here alone, since the text message could not be sent."),
        ({"claimed_at": TIME}, "Here alone."),
        ({"claimed_at": TIME, "told_by": "digests"}, "Here alone."),
    ],
)
def test_an_upload_says_by_which_way_it_was_told_or_why_it_is_here_alone(
    aws: Any, me: Any, mine: Client, facts: dict[str, Any], said: str
) -> None:
    make_told(aws, me, **facts)
    assert said in text_of(mine.get("/notices/"))


def test_one_that_is_claimed_just_now_is_on_its_way(aws: Any, me: Any, mine: Client) -> None:
    make_told(aws, me, claimed_at=timezone.now().isoformat(), told_by="mail")
    assert "Not told yet." in text_of(mine.get("/notices/"))


def test_who_has_summaries_reads_that_the_next_one_tells_of_an_upload(aws: Any, me: Any, mine: Client) -> None:
    preferences.choose(user=me, channel="mail", only_problems=False, phone="", rhythm="daily")
    make_told(aws, me, claimed_at=TIME, told_by="digests")
    assert "Comes in your next summary." in text_of(mine.get("/notices/"))


def test_a_summary_is_a_notice_of_its_own_with_its_counts(aws: Any, me: Any, mine: Client) -> None:
    notice = Notice.objects.create(owner=me, kind="daily", told=True, told_by="mail", sent_at=timezone.now())
    record = contract.Batch(str(notice.pk), str(me.pk), 1, ready={"a"}, kind="daily", more={"ready": 300})
    aws.table.put_item(Item=contract.to_item(record))
    page = text_of(mine.get("/notices/"))
    assert "Summary of a day: 301 photos ready" in page
    assert "You were told by mail:" in page


def test_a_test_notice_is_told_with_its_way(aws: Any, me: Any, mine: Client) -> None:
    Notice.objects.create(owner=me, kind="test", told=True, told_by="sms", sent_at=timezone.now())
    Notice.objects.create(owner=me, kind="test")
    page = text_of(mine.get("/notices/"))
    assert page.count("Test notice") == 2
    assert "You were told by text message:" in page
    assert "Not told yet." in page


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("rejected", "A photo of yours is not shown to others"),
        ("upheld", "Looked at again: a photo of yours is still not shown to others"),
        ("allowed", "A photo of yours can be shared"),
        ("granted", "Looked at again: a photo of yours can be shared"),
    ],
)
def test_what_reviewers_decided_is_told_with_its_photo(aws: Any, me: Any, mine: Client, kind: str, said: str) -> None:
    photo = make_photo(me, file_name="beach.jpg")
    keeping.keep(owner_id=me.pk, kind=kind, photo=photo, reason="private", told_by="none")
    page = text_of(mine.get("/notices/"))
    assert said in page
    assert ("It shows somebody who does not want that." in page) is (kind in ("rejected", "upheld"))
    assert f'href="/photos/{photo.pk}/"' in page
    assert "beach.jpg" in page
    assert "Here alone, since you chose not to be told." in page


@pytest.mark.parametrize("gone", [{"trashed_at": timezone.now()}, {"status": "deleting"}])
def test_a_photo_that_has_no_page_any_more_is_not_linked(aws: Any, me: Any, mine: Client, gone: dict[str, Any]) -> None:
    photo = make_photo(me, file_name="beach.jpg", **gone)
    keeping.keep(owner_id=me.pk, kind="allowed", photo=photo)
    page = text_of(mine.get("/notices/"))
    assert "A photo of yours can be shared" in page
    assert "beach.jpg" not in page


@pytest.mark.parametrize(
    ("kind", "said", "address"),
    [
        ("export", "Your photos are ready to take along", "/settings/data/"),
        ("no_export", "The ZIP with your photos could not be made", "/settings/data/"),
        ("closing", "You asked for your account to be deleted", "/settings/data/"),
        ("bounce", "Mail to you came back, so we stopped sending notices", "/settings/notifications/"),
        ("complaint", "Our mail was marked as spam, so we stopped sending notices", "/settings/notifications/"),
    ],
)
def test_what_is_told_of_the_account_leads_to_where_it_is_seen_to(
    aws: Any, me: Any, mine: Client, kind: str, said: str, address: str
) -> None:
    keeping.mark_sent(keeping.keep(owner_id=me.pk, kind=kind))
    listed = text_of(mine.get("/notices/")).partition('class="notice-list"')[2]
    assert said in listed
    assert "You were told by mail:" in listed
    assert f'href="{address}"' in listed


def test_nobody_reads_what_others_were_told(aws: Any, me: Any, mine: Client) -> None:
    other = make_user()
    keeping.keep(owner_id=other.pk, kind="rejected", photo=make_photo(other, file_name="theirs.jpg"), reason="other")
    page = text_of(mine.get("/notices/"))
    assert "No notices" in page
    assert "theirs.jpg" not in page


def test_uploads_and_the_rest_are_one_list_over_all_its_pages(aws: Any, me: Any, mine: Client) -> None:
    for _ in range(PAGE // 2 + 1):
        make_told(aws, me)
        keeping.keep(owner_id=me.pk, kind="export")
    first = text_of(mine.get("/notices/"))
    (address,) = re.findall(r'href="(/notices/\?cursor=[^"]+)"', first)
    second = text_of(mine.get(address))
    assert [page.count("1 photo ready") for page in (first, second)] == [PAGE // 2, 1]
    assert [page.count("Your photos are ready to take along") for page in (first, second)] == [PAGE // 2, 1]
    assert "Older notices" not in second
    assert mine.get("/notices/?cursor=nonsense").status_code == 200
