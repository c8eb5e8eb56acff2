from __future__ import annotations

import re
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_batch, make_photo, make_staff, make_user, put_batch, put_record
from webapp.photos import catalog, deletion
from webapp.photos.index import index
from webapp.photos.models import Photo, Status

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("states")]
PHOTOS, BATCHES = "/admin/photos/photo/", "/admin/photos/batch/"


@pytest.fixture
def staff(client: Client, db: None) -> Client:
    client.force_login(make_staff())
    return client


def shown(response: Any) -> set[str]:
    assert response.status_code == 200
    return {photo.file_name for photo in response.context["cl"].result_list}


def indexed(aws: Any, **overrides: Any) -> Photo:
    record = {name: overrides.pop(name) for name in ("status", "labels") if name in overrides}
    photo = make_photo(**overrides)
    put_record(aws.table, photo, **record)
    index([photo.pk])
    return photo


def test_a_page_of_photos_reads_dynamodb_once(aws: Any, staff: Client, calls: Counter[str]) -> None:
    owner = make_user()
    for _ in range(30):
        indexed(aws, owner=owner)
    calls.clear()

    page = staff.get(PHOTOS).content.decode()

    assert calls == {"BatchGetItem": 1}
    assert page.count("thumb.webp") == 30
    assert "Cat, Animal" in page
    assert owner.email in page


def test_staff_see_the_run_of_every_attempt_and_what_became_of_it(aws: Any, staff: Client) -> None:
    photo = make_photo()
    why = contract.Reason("stopped", "", "ABORTED <b>")
    lost = contract.Step(contract.WHOLE_RUN, "2026-11-23T10:00:00+00:00", 43_000, 1, "stopped", "run-one", why)
    record = put_record(aws.table, photo, attempt=2, steps=[lost])
    page = staff.get(f"{PHOTOS}{photo.pk}/change/").content.decode()
    for shown_text in ("stopped", "43000", "run-one · ABORTED &lt;b&gt;", record.run_id):
        assert shown_text in page


def test_the_reason_comes_with_what_operators_need(aws: Any, staff: Client) -> None:
    photo = indexed(aws, status="failed")
    for address in (PHOTOS, f"{PHOTOS}{photo.pk}/change/"):
        page = staff.get(address).content.decode()
        assert "Something went wrong on our side while finding labels." in page
        assert "Sandbox.Timedout: 60 s" in page


def test_a_page_of_a_photo_reads_dynamodb_once_and_can_change_nothing(
    aws: Any, staff: Client, calls: Counter[str]
) -> None:
    photo = indexed(aws, file_name="cat.jpg")
    calls.clear()
    page = staff.get(f"{PHOTOS}{photo.pk}/change/").content.decode()
    assert calls == {"BatchGetItem": 1}
    assert "display.webp" in page
    assert "ResizeImage" in page
    staff.post(f"{PHOTOS}{photo.pk}/change/", {"file_name": "dog.jpg"})
    assert Photo.objects.get().file_name == "cat.jpg"


@pytest.mark.parametrize("term", ["HOLIDAY", "ann@example", "giraffe", "id"])
def test_photos_are_found_by_file_owner_label_and_id(aws: Any, staff: Client, term: str) -> None:
    ann = make_user(email="ann@example.org")
    wanted = indexed(aws, owner=ann, file_name="holiday.jpg", labels=["Giraffe", "Animal"])
    indexed(aws, file_name="other.jpg")
    response = staff.get(PHOTOS, {"q": str(wanted.pk) if term == "id" else term})
    assert shown(response) == {"holiday.jpg"}


def test_photos_are_filtered_by_status(aws: Any, staff: Client) -> None:
    indexed(aws, file_name="good.jpg")
    indexed(aws, file_name="bad.jpg", status="rejected")
    assert shown(staff.get(PHOTOS, {"status__exact": "rejected"})) == {"bad.jpg"}


def test_run_again_starts_new_runs(aws: Any, staff: Client, states: SimpleNamespace, keep_original: Any) -> None:
    ready, lost = indexed(aws), indexed(aws, status="failed")
    keep_original(ready)

    page = staff.post(PHOTOS, {"action": "run_again", "_selected_action": [ready.pk, lost.pk]}, follow=True)

    assert [states.run_of(name).photo_id for name in states.names()] == [str(ready.pk)]
    assert "1 × It is being processed again." in page.content.decode()
    assert "1 × The original is not there" in page.content.decode()


def test_delete_asks_and_then_deletes_with_all_that_belongs_to_it(
    aws: Any, staff: Client, django_capture_on_commit_callbacks: Any
) -> None:
    gone, stays = indexed(aws, file_name="gone.jpg"), indexed(aws)
    chosen = {"action": "delete_photos", "_selected_action": [gone.pk]}

    assert "gone.jpg" in staff.post(PHOTOS, chosen).content.decode()
    assert Photo.objects.filter(pk=gone.pk).exclude(status=Status.DELETING).exists()

    with django_capture_on_commit_callbacks(execute=True):
        staff.post(PHOTOS, {**chosen, "confirmed": "yes"})
    assert list(Photo.objects.all()) == [stays]
    assert catalog.get(gone) is None


def test_all_that_a_search_finds_are_deleted_and_nothing_that_came_after(
    aws: Any, staff: Client, django_capture_on_commit_callbacks: Any
) -> None:
    owner = make_user()
    found = [make_photo(owner, file_name=f"trip {number}.jpg") for number in range(1100)]
    other = indexed(aws, file_name="other.jpg")
    chosen = {"action": "delete_photos", "_selected_action": [found[0].pk], "select_across": "1"}

    page = staff.post(f"{PHOTOS}?q=trip", chosen)

    asked = page.content.decode()
    assert "1100 photos will be deleted" in asked
    assert "and 1050 more" in asked
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', asked))
    assert len(re.findall("<input", asked)) < 20
    late = make_photo(owner, file_name="late trip.jpg")
    staff.post(f"{PHOTOS}?q=trip", fields)
    assert set(Photo.objects.exclude(status=Status.DELETING)) == {other, late}


def test_the_list_says_where_a_photo_is_now(aws: Any, staff: Client) -> None:
    put_record(aws.table, make_photo(), status="processing")
    assert '<span class="status status-processing">Processing</span>' in staff.get(PHOTOS).content.decode()
    photo = Photo.objects.get()
    deletion.mark(photo)
    assert '<span class="status status-deleting">Being deleted</span>' in staff.get(PHOTOS).content.decode()


def test_djangos_own_way_to_delete_is_closed(aws: Any, staff: Client) -> None:
    photo = indexed(aws)
    assert staff.post(f"{PHOTOS}{photo.pk}/delete/", {"post": "yes"}).status_code == 403
    page = staff.post(PHOTOS, {"action": "delete_selected", "_selected_action": [photo.pk], "post": "yes"}, follow=True)
    assert page.status_code == 200
    assert Photo.objects.filter(pk=photo.pk, status="ready").exists()


def test_staff_who_may_only_look_are_offered_no_actions(aws: Any, client: Client) -> None:
    from django.contrib.auth.models import Permission

    looker = make_user(is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_photo"))
    client.force_login(looker)
    photo = indexed(aws)
    assert "run_again" not in client.get(PHOTOS).content.decode()
    client.post(PHOTOS, {"action": "delete_photos", "_selected_action": [photo.pk], "confirmed": "yes"})
    assert Photo.objects.filter(pk=photo.pk, status="ready").exists()


def test_a_page_of_batches_reads_dynamodb_once(aws: Any, staff: Client, calls: Counter[str]) -> None:
    for number in range(5):
        batch = make_batch(expected=3)
        put_batch(aws.table, batch, ready={"a", "b"}, failed={"c"}, sent_at="2026-05-01T10:00:00" if number else "")
    calls.clear()

    page = staff.get(BATCHES).content.decode()

    assert calls == {"BatchGetItem": 1}
    assert page.count("Sent 2026-05-01 10:00") == 4
    assert "Due" in page
    assert "2" in staff.get(reverse("admin:photos_batch_change", args=[batch.pk])).content.decode()
