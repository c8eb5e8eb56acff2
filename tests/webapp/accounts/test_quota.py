"""What a person may keep: counted, shown, and held to before anything is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pipeline_lambdas.photo_pipeline import contract
from tests import photo_files
from tests.factories import make_batch, make_photo, make_staff
from tests.webapp.photos.test_direct import announce, ask, post
from webapp.accounts import quota
from webapp.accounts.models import User
from webapp.photos import uploads
from webapp.photos.models import Batch, Photo

from .factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def me() -> User:
    return make_user(quota_bytes=10_000_000, quota_photos=4)


@pytest.fixture
def mine(client: Client, me: User) -> Client:
    client.force_login(me, backend="webapp.accounts.backends.ModelBackend")
    return client


@pytest.fixture
def batch(me: User) -> Batch:
    return make_batch(me, expected=0, is_open=True)


def test_the_trash_takes_room_and_what_never_arrived_or_is_being_deleted_takes_none(me: User) -> None:
    make_photo(me, bytes=1_000_000)
    make_photo(me, bytes=2_000_000, trashed_at=datetime(2026, 5, 1, tzinfo=UTC))
    make_photo(me, bytes=4_000_000, status=contract.Status.DELETING)
    make_photo(me, bytes=8_000_000, status="failed", reason_code=contract.Failure.DID_NOT_ARRIVE)
    make_photo(bytes=16_000_000)
    found = quota.room(me)
    assert (found.bytes_used, found.photos_used) == (3_000_000, 2)
    assert (found.bytes_left, found.photos_left) == (7_000_000, 2)


def test_everybody_may_keep_what_the_settings_say_unless_staff_gave_them_another_number(settings: Any) -> None:
    settings.QUOTA_BYTES, settings.QUOTA_PHOTOS = 5, 3
    of_all, own, none = (quota.room(make_user(quota_photos=photos)) for photos in (None, 7, 0))
    assert [each.photos_limit for each in (of_all, own, none)] == [3, 7, 0]
    assert own.bytes_limit == 5
    assert none.is_full


@pytest.mark.parametrize(
    ("sizes", "fit"),
    [([2, 2, 2], 3), ([9, 2, 1], 2), ([1] * 6, 4), ([11], 0)],
    ids=["all", "the small one after the large", "so many", "too large"],
)
def test_as_many_get_an_address_as_there_is_room_for(
    aws: Any, mine: Client, batch: Batch, sizes: list[int], fit: int
) -> None:
    files = [announce(f"{number}.jpg", size=size * 1_000_000) for number, size in enumerate(sizes)]
    answers = ask(mine, batch, *files)
    assert ["url" in each for each in answers].count(True) == fit
    assert all("no room left" in each["refused"] for each in answers if "url" not in each)
    assert Photo.objects.count() == fit


def test_what_is_there_already_needs_no_room(aws: Any, mine: Client, me: User, batch: Batch) -> None:
    known = announce("IMG_0001.JPG")
    for _ in range(4):
        make_photo(me, sha256=known["sha256"], bytes=known["size"], status="ready")
    assert ask(mine, batch, known)[0]["duplicate"]


def test_no_upload_begins_in_a_gallery_that_is_full(mine: Client, me: User) -> None:
    make_photo(me, bytes=10_000_000)
    answer = post(mine, "begin", {})
    assert answer.status_code == 507
    assert "Your gallery is full" in answer.json()["error"]
    assert not Batch.objects.filter(is_open=True).exists()


def test_the_form_takes_what_there_is_room_for_and_says_so_of_the_rest(aws: Any, mine: Client, me: User) -> None:
    for _ in range(3):
        make_photo(me, bytes=1)
    photo = photo_files.phone_jpeg()
    page = mine.post("/upload/", {"photos": [SimpleUploadedFile(f"{n}.jpg", photo) for n in (1, 2)]}, follow=True)
    assert page.content.decode().count("no room left") == 1
    assert Photo.objects.filter(owner=me).count() == 4


def test_forms_sent_at_once_find_room_one_after_the_other(aws: Any, me: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Room is counted under a lock, which is held until what takes it is there."""
    counted, fitting = [], quota.fitting

    def count(**files: Any) -> Any:
        counted.append((connection.in_atomic_block, any("FOR NO KEY UPDATE" in each["sql"] for each in asked)))
        return fitting(**files)

    monkeypatch.setattr(quota, "fitting", count)
    photo = SimpleUploadedFile("1.jpg", photo_files.phone_jpeg())
    with CaptureQueriesContext(connection) as asked:
        assert len(uploads.receive(owner=me, files=[photo]).received) == 1
    assert counted == [(True, connection.vendor == "postgresql")]


@pytest.mark.parametrize("path", ["/upload/", "/settings/photos/"])
def test_a_person_sees_how_much_room_is_left(mine: Client, me: User, path: str) -> None:
    make_photo(me, bytes=2_400_000_000)
    User.objects.filter(pk=me.pk).update(quota_bytes=2_400_000_000, quota_photos=20_000)
    page = mine.get(path).content.decode()
    assert "2.4 of 2.4 GB, 1 of 20,000 photos" in page
    assert "Your gallery is full" in page


def test_staff_give_somebody_more_room(client: Client, me: User) -> None:
    client.force_login(make_staff(), backend="webapp.accounts.backends.ModelBackend")
    form = {"is_active": "on", "quota_bytes": "", "quota_photos": "90000", "preferences-TOTAL_FORMS": "0"}
    client.post(f"/admin/accounts/user/{me.pk}/change/", {**form, "preferences-INITIAL_FORMS": "0"})
    me.refresh_from_db()
    assert (me.quota_bytes, me.quota_photos) == (None, 90_000)
