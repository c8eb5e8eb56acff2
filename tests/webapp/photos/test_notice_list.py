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

from tests.factories import make_batch, make_photo, make_user, put_batch
from webapp.photos.models import NOTICES, Photo

from .pages import text_of

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
    for number in range(NOTICES + 1):
        make_told(aws, me, ready=set(), failed={str(make_failed(me, file_name=f"{number}.jpg").pk)})
    with CaptureQueriesContext(connection) as queries:
        page = text_of(mine.get("/notices/"))
    assert len(queries) <= 4, [query["sql"][:120] for query in queries]
    assert calls == {"BatchGetItem": 1}
    assert page.count("Nobody knows why.") == NOTICES
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
