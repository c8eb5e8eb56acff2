from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.test import Client

from tests.factories import make_photo, make_user
from webapp.photos.downloads import attachment

pytestmark = pytest.mark.django_db


def address(photo: Any) -> str:
    return f"/photos/{photo.pk}/original/"


def test_the_original_comes_from_s3_as_a_file_of_its_own_name(
    aws: Any, me: Any, mine: Client, keep_original: Any
) -> None:
    photo = make_photo(me, file_name="Jürgens Höhle.jpg")
    keep_original(photo)
    answer = mine.get(address(photo))
    assert answer.status_code == 302
    assert "no-store" in answer.headers["Cache-Control"]
    assert "private" in answer.headers["Cache-Control"]

    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["X-Amz-Expires"] == ["300"]
    file = requests.get(answer.headers["Location"], timeout=10)
    assert file.content == b"original"
    assert file.headers["Content-Disposition"] == attachment(photo.file_name)
    assert file.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("file_name", "header"),
    [
        ("IMG_0001.JPG", "attachment; filename=\"IMG_0001.JPG\"; filename*=UTF-8''IMG_0001.JPG"),
        ("Zoë 1.jpg", "attachment; filename=\"Zoe 1.jpg\"; filename*=UTF-8''Zo%C3%AB%201.jpg"),
        ("日本.png", "attachment; filename=\"photo.png\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.png"),
        ('a"b\\c%d;e.jpg', "attachment; filename=\"a_b_c_d;e.jpg\"; filename*=UTF-8''a%22b%5Cc%25d%3Be.jpg"),
        ("a\r\nX: y.jpg", "attachment; filename=\"a__X: y.jpg\"; filename*=UTF-8''a%0D%0AX%3A%20y.jpg"),
        ("", "attachment; filename=\"photo\"; filename*=UTF-8''"),
    ],
)
def test_a_file_keeps_its_name_whatever_that_is(file_name: str, header: str) -> None:
    assert attachment(file_name) == header


def test_one_in_the_trash_can_be_had_as_well(aws: Any, me: Any, mine: Client, keep_original: Any) -> None:
    photo = make_photo(me)
    photo.trashed_at = photo.uploaded_at
    photo.save()
    keep_original(photo)
    assert mine.get(address(photo)).status_code == 302


def test_where_there_is_no_original_a_page_says_so(aws: Any, me: Any, mine: Client) -> None:
    photo = make_photo(me, file_name="cat.jpg")
    answer = mine.get(address(photo), {"in": "label=Cat"})
    page = answer.content.decode()
    assert answer.status_code == 404
    assert "There is no original to download" in page
    assert "cat.jpg" in page
    assert f"{photo.get_absolute_url()}?in=label%3DCat" in page


def test_where_s3_does_not_answer_a_page_says_so(aws: Any, me: Any, mine: Client, breaks: Any) -> None:
    breaks("s3", "HeadObject")
    answer = mine.get(address(make_photo(me)))
    assert answer.status_code == 503
    assert "Try again in a minute." in answer.content.decode()


def test_the_original_of_another_does_not_exist(aws: Any, mine: Client, keep_original: Any) -> None:
    theirs = make_photo(make_user())
    keep_original(theirs)
    assert mine.get(address(theirs)).status_code == 404


def test_a_download_asks_one_thing_of_aws(aws: Any, me: Any, mine: Client, keep_original: Any, calls: Any) -> None:
    photo = make_photo(me)
    keep_original(photo)
    calls.clear()
    mine.get(address(photo))
    assert calls == {"HeadObject": 1}
