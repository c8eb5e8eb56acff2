"""Where photos were taken is kept for those who ask alone, and nothing is left behind once they no longer do."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from django.test import Client
from kombu.exceptions import OperationalError

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_photo, make_staff, make_user, put_record
from webapp import aws as site_aws
from webapp.accounts import preferences
from webapp.photos import catalog, places, tasks
from webapp.photos.index import index
from webapp.photos.models import Photo, PlacesToForget

pytestmark = pytest.mark.django_db
PARIS = contract.Place(latitude=48.85837, longitude=2.294481)
PAGE = "/settings/photos/"


@pytest.fixture
def keeper(me: Any) -> Any:
    preferences.choose_place(user=me, keep=True)
    return me


def taken_in_paris(aws: Any, owner: Any, **overrides: Any) -> Photo:
    photo = make_photo(owner, status="ready")
    put_record(aws.table, photo, **{"place": PARIS, **overrides})
    return photo


def place_of(photo: Photo) -> contract.Place | None:
    record = catalog.get(photo)
    assert record is not None
    return record.place


def copied(aws: Any, user: Any) -> contract.Preferences:
    item = aws.table.get_item(Key=contract.preferences_item_key(str(user.pk)))["Item"]
    return contract.from_item(contract.Preferences, item)


# --- Choosing ---


def test_nothing_is_kept_unless_asked_for(aws: Any, me: Any, mine: Client) -> None:
    page = mine.get(PAGE).content.decode()
    assert "Keep where my photos were taken" in page
    assert "checked" not in page
    assert not places.are_kept(me.pk)
    assert not preferences.provide(user=me).as_record().keep_place


def test_a_choice_reaches_the_pipeline_and_the_page(aws: Any, me: Any, mine: Client) -> None:
    answer = mine.post(PAGE, {"keep_place": "on"}, follow=True)

    assert "Your choice is saved." in answer.content.decode()
    assert "checked" in answer.content.decode()
    assert copied(aws, me).keep_place
    assert not PlacesToForget.objects.exists()


def test_other_preferences_stay_as_they_were(aws: Any, me: Any, mine: Client) -> None:
    preferences.choose(user=me, channel="sms", only_problems=True, phone="+34612345678")
    mine.post(PAGE, {"keep_place": "on"})
    preferences.choose(user=me, channel="none", only_problems=False, phone="")

    chosen = preferences.provide(user=me)
    assert (chosen.keep_place, chosen.channel) == (True, "none")


def test_turning_it_off_forgets_what_was_kept(
    aws: Any, keeper: Any, mine: Client, django_capture_on_commit_callbacks: Any
) -> None:
    photos = [taken_in_paris(aws, keeper) for _ in range(3)]
    theirs = taken_in_paris(aws, make_user())

    with django_capture_on_commit_callbacks(execute=True):
        answer = mine.post(PAGE, follow=True)

    assert "Places kept so far are being forgotten." in answer.content.decode()
    assert [place_of(photo) for photo in photos] == [None] * 3
    assert place_of(theirs) == PARIS
    assert not copied(aws, keeper).keep_place
    assert not PlacesToForget.objects.exists()


def test_a_choice_that_dynamodb_does_not_take_is_kept_and_said(aws: Any, me: Any, mine: Client, breaks: Any) -> None:
    breaks("dynamodb", "PutItem")
    answer = mine.post(PAGE, {"keep_place": "on"}, follow=True)
    assert "may still follow the last one" in answer.content.decode()
    assert places.are_kept(me.pk)


# --- Forgetting ---


def test_places_are_forgotten_page_by_page_and_the_rest_is_handed_on(
    aws: Any, keeper: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "PAGE", 2)
    monkeypatch.setattr(tasks, "PAGES_AT_ONCE", 1)
    photos = [taken_in_paris(aws, keeper) for _ in range(5)]
    places.choose(user=keeper, keep=False)

    assert places.forget_some(keeper.pk)
    assert [place_of(photo) is None for photo in photos] == [False] * 3 + [True] * 2, "the newest first"

    tasks.forget_places(str(keeper.pk))
    assert [place_of(photo) for photo in photos] == [None] * 5
    assert not PlacesToForget.objects.exists()
    assert not places.forget_some(keeper.pk)


def test_what_broke_half_way_is_taken_up_by_the_next_round(
    aws: Any, keeper: Any, breaks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "PAGE", 2)
    photos = [taken_in_paris(aws, keeper) for _ in range(5)]
    places.choose(user=keeper, keep=False)
    places.forget_some(keeper.pk)
    breaks("dynamodb", "UpdateItem", times=1)
    with pytest.raises(ClientError):
        tasks.forget_places(str(keeper.pk))
    assert any(place_of(photo) for photo in photos)

    tasks.forget_waiting_places()

    assert [place_of(photo) for photo in photos] == [None] * 5


def test_a_queue_that_does_not_answer_leaves_it_to_the_next_round(
    aws: Any, keeper: Any, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    photo = taken_in_paris(aws, keeper)

    def refuse(_owner_id: str) -> None:
        raise OperationalError("test")

    with monkeypatch.context() as broken, django_capture_on_commit_callbacks(execute=True):
        broken.setattr(tasks.forget_places, "delay", refuse)
        places.choose(user=keeper, keep=False)
    assert place_of(photo) == PARIS

    tasks.forget_waiting_places()
    assert place_of(photo) is None


def test_two_tasks_at_once_do_no_more_than_one(aws: Any, keeper: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "PAGE", 1)
    photos = [taken_in_paris(aws, keeper) for _ in range(2)]
    places.choose(user=keeper, keep=False)
    reads: list[int] = []

    def another_task_is_faster(**_: Any) -> None:
        reads.append(1)
        if len(reads) == 1:
            assert places.forget_some(keeper.pk)

    site_aws.table().meta.client.meta.events.register("before-call.dynamodb.BatchGetItem", another_task_is_faster)

    assert not places.forget_some(keeper.pk), "the other one goes on"
    assert PlacesToForget.objects.get().below == photos[1].pk


def test_photos_uploaded_after_it_was_turned_on_again_keep_theirs(aws: Any, keeper: Any) -> None:
    before = taken_in_paris(aws, keeper)
    places.choose(user=keeper, keep=False)
    places.choose(user=keeper, keep=True)
    after = taken_in_paris(aws, keeper)

    tasks.forget_waiting_places()

    assert (place_of(before), place_of(after)) == (None, PARIS)


# --- A run in flight ---


def test_a_run_that_read_the_old_choice_leaves_no_place_behind(aws: Any, keeper: Any) -> None:
    photo = make_photo(keeper, status="processing")
    put_record(aws.table, photo, status="processing")
    places.choose(user=keeper, keep=False)
    tasks.forget_places(str(keeper.pk))
    put_record(aws.table, photo, place=PARIS)

    tasks.index_photos()

    photo.refresh_from_db()
    assert photo.status == "ready"
    assert place_of(photo) is None


def test_a_photo_is_indexed_only_once_its_place_is_forgotten(aws: Any, me: Any, breaks: Any) -> None:
    photo = make_photo(me, status="processing")
    put_record(aws.table, photo, place=PARIS)
    breaks("dynamodb", "UpdateItem", times=1)

    with pytest.raises(ClientError):
        index([photo.pk])
    photo.refresh_from_db()
    assert photo.status == "processing", "it comes again"

    tasks.index_photos()
    assert place_of(photo) is None


def test_a_place_that_is_wanted_stays(aws: Any, keeper: Any) -> None:
    photo = taken_in_paris(aws, keeper)
    index([photo.pk])
    assert place_of(photo) == PARIS


# --- On the page ---


def test_the_owner_sees_the_place_and_can_open_a_map(aws: Any, keeper: Any, mine: Client) -> None:
    photo = taken_in_paris(aws, keeper)
    page = mine.get(photo.get_absolute_url()).content.decode()
    assert "48.8584° N, 2.2945° E" in page
    address = "https://www.openstreetmap.org/?mlat=48.8584&amp;mlon=2.2945#map=15/48.8584/2.2945"
    assert f'<a href="{address}" rel="noreferrer">' in page


def test_a_place_south_and_west_is_said_so(aws: Any, keeper: Any, mine: Client) -> None:
    photo = taken_in_paris(aws, keeper, place=contract.Place(latitude=-33.4372, longitude=-70.65061))
    assert "33.4372° S, 70.6506° W" in mine.get(photo.get_absolute_url()).content.decode()


def test_the_place_is_out_of_sight_as_soon_as_it_is_not_wanted(aws: Any, keeper: Any, mine: Client) -> None:
    photo = taken_in_paris(aws, keeper)
    index([photo.pk])
    places.choose(user=keeper, keep=False)
    assert place_of(photo) == PARIS
    assert "48.8584" not in mine.get(photo.get_absolute_url()).content.decode()


def test_staff_see_no_place(aws: Any, keeper: Any, client: Client) -> None:
    photo = taken_in_paris(aws, keeper)
    client.force_login(make_staff())
    for path in ("/admin/photos/photo/", f"/admin/photos/photo/{photo.pk}/change/"):
        page = client.get(path).content.decode()
        assert photo.file_name in page
        assert "48.8" not in page
