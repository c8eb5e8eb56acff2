from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from tests.factories import make_photo, make_staff, make_user, put_record
from tests.webapp.photos.letter_box import LetterBox
from webapp import aws as site_aws
from webapp.photos import catalog, dead_letters
from webapp.photos.dead_letters import Outcome
from webapp.photos.models import Photo

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("states")]
PAGE = "/admin/photos/photo/dead-letters/"


@pytest.fixture
def box(aws: Any, monkeypatch: pytest.MonkeyPatch) -> LetterBox:
    monkeypatch.setattr(dead_letters, "WAIT_SECONDS", 0)  # a fake queue has one server
    sqs = aws.client("sqs")
    name = settings.DEAD_LETTER_QUEUE_URL.rpartition("/")[2]
    assert sqs.create_queue(QueueName=name)["QueueUrl"] == settings.DEAD_LETTER_QUEUE_URL
    return LetterBox(sqs)


@pytest.fixture
def lost(aws: Any, me: Any, keep_original: Any) -> Photo:
    """A photo whose file arrived and whose run was never started."""
    photo = make_photo(me, file_name="lost.jpg")
    keep_original(photo)
    put_record(aws.table, photo, status="uploading")
    return photo


def fail(*operations: str, times: int = 1_000) -> None:
    """SQS answers 503 to these operations of the site from now on."""
    left = iter(range(times))

    def answer(model: Any, **_: Any) -> Any:
        if model.name in operations and next(left, None) is not None:
            error = {"Error": {"Code": "ServiceUnavailable", "Message": "test"}}
            return SimpleNamespace(status_code=503, headers={}, content=b""), error
        return None

    for client in (site_aws.sqs(), site_aws.probe_sqs()):
        client.meta.events.register("before-call.sqs", answer)


# --- Reading ---


def test_letters_are_given_back_after_a_look(box: LetterBox) -> None:
    ids = sorted(box.put(f"originals/{number}") for number in range(4))

    assert sorted(letter.message_id for letter in dead_letters.look().letters) == ids
    assert box.hold_all() == ids


def test_a_look_ends_at_its_limit_and_says_how_many_there_are(box: LetterBox) -> None:
    for number in range(25):
        box.put(f"originals/{number}")

    queue = dead_letters.look(limit=12)

    assert (len({letter.message_id for letter in queue.letters}), queue.count) == (12, 25)


def test_a_letter_that_cannot_be_given_back_keeps_no_other_from_it(box: LetterBox) -> None:
    for number in range(3):
        box.put(f"originals/{number}")
    fail("ChangeMessageVisibility", times=1)

    assert len(dead_letters.look().letters) == 3
    assert len(box.hold_all()) == 2


# --- Replaying ---


def test_replaying_starts_the_photo_and_removes_the_letter(box: LetterBox, lost: Photo, states: Any) -> None:
    message_id = box.put(lost.key)

    assert dead_letters.replay(message_id) is Outcome.RUNNING

    assert [states.run_of(name).key for name in states.names()] == [lost.key]
    assert dead_letters.count() == 0


def test_two_letters_of_one_photo_start_one_run(box: LetterBox, lost: Photo, states: Any) -> None:
    first, second = box.put(lost.key), box.put(lost.key)

    assert [dead_letters.replay(each) for each in (first, second)] == [Outcome.RUNNING] * 2

    assert len(states.names()) == 1
    assert catalog.get(lost).attempt == 1  # type: ignore[union-attr]


def test_a_letter_that_somebody_else_has_replayed_is_away(box: LetterBox, lost: Photo, states: Any) -> None:
    message_id = box.put(lost.key)
    dead_letters.replay(message_id)
    assert dead_letters.replay(message_id) is Outcome.AWAY
    assert len(states.names()) == 1


def test_a_letter_that_somebody_else_holds_is_away_and_stays(box: LetterBox, lost: Photo, states: Any) -> None:
    message_id = box.put(lost.key)
    box.hold_all()
    assert dead_letters.replay(message_id) is Outcome.AWAY
    assert (states.names(), dead_letters.count()) == ([], 1)


def test_replaying_one_letter_gives_the_others_back(box: LetterBox, lost: Photo) -> None:
    others = [box.put(f"originals/{number}") for number in range(3)]
    message_id = box.put(lost.key)

    dead_letters.replay(message_id)

    assert box.hold_all() == sorted(others)


def test_a_photo_that_has_ended_is_left_as_it_is(aws: Any, box: LetterBox, me: Any, states: Any) -> None:
    photo = make_photo(me, status="ready")
    record = put_record(aws.table, photo, status="ready")

    assert dead_letters.replay(box.put(photo.key)) is Outcome.ENDED

    assert (catalog.get(photo), states.names(), dead_letters.count()) == (record, [], 0)


@pytest.mark.parametrize("gone", ["row", "key", "owner"])
def test_a_letter_about_no_photo_that_there_is_has_nothing_to_do(
    box: LetterBox, lost: Photo, states: Any, gone: str
) -> None:
    keys = {"key": lost.key.replace(".jpg", ".png"), "owner": lost.key.replace(str(lost.owner_id), str(lost.pk))}
    if gone == "row":
        Photo.objects.all().delete()

    assert dead_letters.replay(box.put(keys.get(gone, lost.key))) is Outcome.GONE

    assert (states.names(), dead_letters.count()) == ([], 0)


def test_a_photo_that_is_being_deleted_is_not_started(box: LetterBox, lost: Photo, states: Any) -> None:
    Photo.objects.update(status="deleting")
    assert dead_letters.replay(box.put(lost.key)) is Outcome.GONE
    assert states.names() == []


def test_a_photo_whose_file_is_not_there_keeps_its_letter(aws: Any, box: LetterBox, me: Any) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo, status="uploading")
    message_id = box.put(photo.key)

    assert dead_letters.replay(message_id) is Outcome.NO_ORIGINAL

    assert box.hold_all() == [message_id]


def test_a_letter_that_names_no_photo_stays_until_it_is_discarded(box: LetterBox) -> None:
    message_id = box.put(body="not JSON")
    assert dead_letters.replay(message_id) is Outcome.UNREADABLE
    assert dead_letters.discard(message_id) is Outcome.DISCARDED
    assert dead_letters.count() == 0


def test_discarding_removes_one_letter_and_leaves_its_photo(box: LetterBox, lost: Photo, states: Any) -> None:
    message_id, other = box.put(lost.key), box.put(lost.key)
    dead_letters.discard(message_id)
    assert (box.hold_all(), states.names()) == ([other], [])


def test_a_photo_that_aws_does_not_answer_about_keeps_its_letter(box: LetterBox, lost: Photo, breaks: Any) -> None:
    message_id = box.put(lost.key)
    breaks("s3", "HeadObject", times=1)

    assert dead_letters.replay(message_id) is Outcome.BROKEN
    assert dead_letters.replay(message_id) is Outcome.RUNNING


def test_a_letter_that_could_not_be_removed_is_replayed_again_without_harm(
    box: LetterBox, lost: Photo, states: Any
) -> None:
    message_id = box.put(lost.key)
    fail("DeleteMessage", times=1)

    assert [dead_letters.replay(message_id) for _ in range(2)] == [Outcome.BROKEN, Outcome.RUNNING]

    assert (len(states.names()), dead_letters.count()) == (1, 0)


def test_all_are_replayed_and_those_that_cannot_be_stay(
    aws: Any, box: LetterBox, me: Any, keep_original: Any, states: Any
) -> None:
    stays = box.put(body="not JSON")
    for _ in range(12):
        photo = make_photo(me)
        keep_original(photo)
        put_record(aws.table, photo, status="uploading")
        box.put(photo.key)

    assert dead_letters.replay_all() == Counter({Outcome.RUNNING: 12, Outcome.UNREADABLE: 1})

    assert len(states.names()) == 12
    assert box.hold_all() == [stays]


# --- The page ---


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_staff())
    return client


def text(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_the_page_shows_cause_time_and_photo_with_its_address(box: LetterBox, lost: Photo, staff: Client) -> None:
    box.put(lost.key)

    page = text(staff.get(PAGE))

    assert "ClientError: An error occurred (AccessDenied)" in page
    assert f'<a href="{reverse("admin:photos_photo_change", args=[lost.pk])}">lost.jpg</a>' in page
    assert lost.owner.email in page
    assert lost.key in page
    assert "<time" in page


def test_the_page_replays_discards_and_replays_all(box: LetterBox, lost: Photo, staff: Client, states: Any) -> None:
    bad, good = box.put(body="not JSON"), box.put(lost.key)

    assert "1 × The photo is being processed." in text(staff.post(PAGE, {"action": "replay_all"}, follow=True))
    assert len(states.names()) == 1
    assert "somebody else" in text(staff.post(PAGE, {"action": "replay", "letter": good}, follow=True))
    page = text(staff.post(PAGE, {"action": "discard", "letter": bad}, follow=True))
    assert "The letter is gone." in page
    assert "There are none." in page


def test_what_a_hostile_letter_holds_is_shown_as_text(box: LetterBox, staff: Client) -> None:
    box.put("<script>alert(1)</script>", responsePayload={"errorMessage": "<img src=x>"})
    page = text(staff.get(PAGE))
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<img src=x>" not in page


@pytest.mark.parametrize("data", [{}, {"action": "drop"}, {"action": "replay"}, {"action": "discard", "letter": "\0"}])
def test_a_form_that_asks_for_nothing_known_changes_nothing(
    box: LetterBox, lost: Photo, staff: Client, data: dict[str, str]
) -> None:
    message_id = box.put(lost.key)
    assert staff.post(PAGE, data).status_code == 302
    assert box.hold_all() == [message_id]


def test_a_page_that_is_asked_for_changes_nothing(box: LetterBox, lost: Photo, staff: Client, states: Any) -> None:
    message_id = box.put(lost.key)
    staff.get(PAGE, {"action": "replay", "letter": message_id})
    assert (states.names(), dead_letters.count()) == ([], 1)


def test_letters_that_somebody_else_holds_are_told_of(box: LetterBox, staff: Client) -> None:
    box.put("originals/1")
    box.hold_all()
    assert "somebody else is looking at it" in text(staff.get(PAGE))


def test_a_queue_that_does_not_answer_is_told_of(box: LetterBox, staff: Client) -> None:
    message_id = box.put("originals/1")
    fail("ReceiveMessage", "GetQueueAttributes")

    assert "did not answer" in text(staff.get(PAGE))
    for action in ("replay", "discard", "replay_all"):
        page = staff.post(PAGE, {"action": action, "letter": message_id}, follow=True)
        assert "did not answer" in text(page)
    assert "the queue does not answer" in text(staff.get("/admin/"))


def test_the_admin_counts_letters_where_it_begins(box: LetterBox, staff: Client) -> None:
    assert f'<a href="{PAGE}">Dead letters</a>: none' in text(staff.get("/admin/"))
    box.put("originals/1")
    assert f'<a href="{PAGE}">Dead letters</a>: 1 file that' in text(staff.get("/admin/"))
    assert f'<a href="{PAGE}">Dead letters</a>' in text(staff.get("/admin/photos/photo/"))


@pytest.mark.parametrize(("permission", "status"), [("view_photo", 403), ("change_photo", 200)])
def test_the_page_is_for_staff_who_may_change_photos(
    box: LetterBox, client: Client, permission: str, status: int
) -> None:
    person = make_user(is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename=permission))
    client.force_login(person)
    message_id = box.put("originals/1")

    assert client.get(PAGE).status_code == status
    assert (f'href="{PAGE}"' in text(client.get("/admin/"))) is (status == 200)
    answer = client.post(PAGE, {"action": "discard", "letter": message_id})
    assert (answer.status_code, dead_letters.count()) == ((403, 1) if status == 403 else (302, 0))


def test_a_form_that_another_site_sends_is_refused(box: LetterBox, staff: Client) -> None:
    message_id = box.put("originals/1")
    staff.handler.enforce_csrf_checks = True
    assert staff.post(PAGE, {"action": "discard", "letter": message_id}).status_code == 403
    assert dead_letters.count() == 1
