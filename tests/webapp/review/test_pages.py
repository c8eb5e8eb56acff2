"""The pages of reviewers, what an owner sees, and what a stranger may say."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_photo, make_staff, make_user
from tests.webapp.albums.shelf import entry_of, keep_renditions, make_album, make_link, pictures_of
from tests.webapp.photos.pages import text_of
from tests.webapp.review.cases import SURE, UNSURE, found, held, log_of, make_case, make_reviewer, make_role, pass_time
from webapp.accounts.roles import Role
from webapp.photos.models import Photo
from webapp.review import asking, decisions, page
from webapp.review.models import Case, Entry, Words

pytestmark = pytest.mark.django_db
QUEUE, LOG = "/admin/review/", "/admin/review/log/"


def browser(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="webapp.accounts.backends.ModelBackend")
    return client


@pytest.fixture
def ann() -> Any:
    return make_reviewer()


@pytest.fixture
def hers(ann: Any) -> Client:
    return browser(ann)


def send(client: Client, case: Case, verdict: str, **fields: str) -> Any:
    return client.post(reverse("review:decide", args=[case.pk]), {"verdict": verdict, **fields})


# --- Reviewing ---


def test_a_reviewer_sees_the_picture_what_was_found_and_how_the_owner_stands(aws: Any, hers: Client) -> None:
    owner = make_user()
    for review in ("approved", "approved", "rejected"):
        make_case(owner, review=review, is_open=False)
    photo = found(aws, make_photo(owner, file_name="secret.jpg"), SURE, labels=["Beach"])
    following = found(aws, make_photo(), UNSURE)
    text = text_of(hers.get(QUEUE))
    for words in (f"{photo.pk}/", "X-Amz-Signature", "Explicit", "97", "Beach", "2 approved, 1 rejected, 0 waiting"):
        assert words in text
    assert f"{following.pk}/" in text, "the next one is fetched beforehand"
    for words in (owner.email, "secret.jpg"):
        assert words not in text


def test_photos_are_decided_one_after_the_other_by_plain_forms(aws: Any, hers: Client) -> None:
    photos = [found(aws, make_photo(), UNSURE) for _ in range(4)]
    first, second, third, last = (photo.case for photo in photos)
    hers.get(QUEUE)
    assert send(hers, first, "approve").headers["Location"] == QUEUE
    assert "3 photos to decide" in text_of(hers.get(QUEUE))
    send(hers, second, "reject", reason="hate")
    hers.get(QUEUE)
    send(hers, third, "later")
    hers.get(QUEUE)
    send(hers, last, "reject", words="It is a photo of my screen.")
    assert list(Photo.objects.order_by("pk").values_list("review", flat=True)) == [
        "approved", "rejected", "flagged", "rejected",
    ]  # fmt: skip
    assert list(Case.objects.order_by("photo_id").values_list("reason", flat=True)) == ["", "hate", "", "other"]
    text = text_of(hers.get(QUEUE))
    assert "No photo waits for you" in text
    assert "1 put off" in text


@pytest.mark.parametrize(
    "fields", [{}, {"reason": "other"}, {"reason": "whim"}, {"reason": "hate", "words": "x" * 1001}]
)
def test_without_a_reason_a_photo_is_not_rejected_and_nothing_typed_is_lost(
    aws: Any, hers: Client, fields: dict[str, str]
) -> None:
    photo = found(aws, make_photo(), UNSURE)
    hers.get(QUEUE)
    answer = send(hers, photo.case, "reject", **fields)
    assert answer.status_code == 422
    assert fields.get("words", "") in answer.content.decode()
    assert 'role="alert"' in answer.content.decode()
    assert Photo.objects.get().review == "flagged"


def test_the_last_decision_is_undone_from_the_page(aws: Any, hers: Client) -> None:
    first, _second = (found(aws, make_photo(), UNSURE) for _ in range(2))
    hers.get(QUEUE)
    send(hers, first.case, "reject", reason="hate")
    assert "Rejected just now." in text_of(hers.get(QUEUE))
    text = text_of(hers.post("/admin/review/undo/", follow=True))
    assert f'data-case="{first.case.pk}"' in text
    assert "just now" not in text
    assert "nothing to undo" in text_of(hers.post("/admin/review/undo/", follow=True))


def test_what_another_reviewer_has_is_not_decided_and_that_is_said(ann: Any, hers: Client) -> None:
    case = held(make_case(), make_reviewer())
    answer = hers.post(reverse("review:decide", args=[case.pk]), {"verdict": "approve"}, follow=True)
    assert "not yours to decide" in text_of(answer)
    assert Photo.objects.get().review == "flagged"


def test_who_stops_leaves_their_photos_to_others(hers: Client) -> None:
    case = make_case()
    hers.get(QUEUE)
    hers.post("/admin/review/stop/")
    held(case, make_reviewer())


def test_without_dynamodb_nothing_is_decided_blindly(aws: Any, hers: Client) -> None:
    make_case()
    aws.table.delete()
    answer = hers.get(QUEUE)
    assert answer.status_code == 503
    assert b"data-key" not in answer.content


def test_words_of_a_reporter_and_of_an_appeal_are_shown_and_not_run(aws: Any, hers: Client) -> None:
    photo = found(aws, make_photo(), UNSURE)
    asking.report(photo=photo, reason="private", words="<script>me</script>")
    text = text_of(hers.get(QUEUE))
    assert "&lt;script&gt;me&lt;/script&gt;" in text
    assert "<script>me" not in text


def test_each_photo_is_named_for_why_a_person_is_asked_and_who_sees_it_meanwhile(aws: Any, ann: Any) -> None:
    flagged, withheld, reported, approved = (found(aws, make_photo(), sure) for sure in (UNSURE, SURE, 10.0, UNSURE))
    appealed = found(aws, make_photo(), UNSURE)
    decisions.approve(reviewer=ann, case_id=held(approved.case, ann).pk)
    for photo in (reported, approved):
        asking.report(photo=photo, reason="private")
    decisions.reject(reviewer=ann, case_id=held(appealed.case, ann).pk, reason="hate")
    asking.appeal(photo=appealed, words="It is ketchup.")
    cases = Case.objects.select_related("photo")
    shown = [page.show([cases.get(photo=photo)])[0] for photo in (flagged, withheld, reported, approved, appealed)]
    assert [(each.why, each.seen) for each in shown if each] == [
        ("The model found something", "Others may see it until you decide"),
        ("The model found something", "Nobody else sees it until you decide"),
        ("Somebody with a link reported it", "Others may see it until you decide"),
        ("Somebody with a link reported it", "It was approved, and others may see it"),
        ("Its owner appeals", "It was rejected, and nobody else sees it"),
    ]
    assert "<h2>Its owner appeals</h2>" in text_of(browser(make_reviewer()).get(QUEUE))


NOTHING = "have permission to view or edit anything"


def test_a_reviewers_start_page_has_the_link_to_the_queue_and_does_not_say_that_there_is_nothing(
    aws: Any, hers: Client
) -> None:
    text = text_of(hers.get("/admin/"))
    assert QUEUE in text
    assert NOTHING not in text
    assert NOTHING in text_of(browser(make_user(is_staff=True)).get("/admin/")), "whoever has no role is told"


# --- The log ---


def test_the_log_is_empty_at_first_and_says_where_to_begin(hers: Client) -> None:
    text = text_of(hers.get(LOG))
    assert "Nothing was done yet" in text
    assert QUEUE in text


def test_the_log_says_who_did_what_page_by_page(ann: Any, hers: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.review.log.PAGE", 2)
    for _ in range(3):
        decisions.approve(reviewer=ann, case_id=held(make_case(), ann).pk)
    text = text_of(hers.get(LOG))
    assert text.count(f"<td>{ann.email}</td>") == 2
    oldest = Entry.objects.order_by("pk")[1].pk
    assert f"?before={oldest}" in text
    assert "Older" not in text_of(hers.get(LOG, {"before": oldest}))
    assert "nothing older" in text_of(hers.get(LOG, {"before": 0}))
    assert text_of(hers.get(LOG, {"before": "x"}))


# --- Its owner ---


def test_the_owner_sees_a_withheld_photo_as_waiting_and_cannot_share_it(aws: Any) -> None:
    owner = make_user()
    photo, mine = found(aws, make_photo(owner), SURE), browser(owner)
    text = text_of(mine.get(f"/photos/{photo.pk}/"))
    assert "Waiting for review" in text
    assert "X-Amz-Signature" in text
    assert "photo-share" not in text
    assert "Waiting for review" in text_of(mine.get("/gallery/"))
    shared = mine.post(f"/photos/{photo.pk}/share/", follow=True)
    assert "This photo cannot be shared" in text_of(shared)
    assert not photo.in_albums.exists()


def test_a_withheld_photo_that_is_put_into_an_album_is_said_to_be_seen_by_nobody_else(aws: Any) -> None:
    owner = make_user()
    photo, album = found(aws, make_photo(owner), SURE), make_album(owner)
    answer = browser(owner).post("/albums/add/", {"photo": str(photo.pk), "album": album.pk}, follow=True)
    assert "seen by nobody but you" in text_of(answer)


def test_the_page_of_a_photo_that_has_just_come_to_be_withheld_says_so_at_once(aws: Any) -> None:
    photo = found(aws, make_photo(), SURE)
    Photo.objects.update(review="none", findings="", status="processing")
    Case.objects.all().delete()
    assert "Waiting for review" in text_of(browser(photo.owner).get(f"/photos/{photo.pk}/"))


def test_the_owner_is_told_why_and_appeals_once(aws: Any, ann: Any) -> None:
    photo = found(aws, make_photo(), SURE)
    case = held(photo.case, ann)
    decisions.reject(reviewer=ann, case_id=case.pk, reason="violence", words="Blood on the left.")
    address, mine = f"/photos/{photo.pk}/", browser(photo.owner)
    text = text_of(mine.get(address))
    for words in ("Not shown to others", "violence", "Blood on the left.", "Ask for another look"):
        assert words in text
    assert "Say why others" in text_of(mine.post(f"{address}appeal/", {"words": " "}))
    assert "Somebody else will look" in text_of(mine.post(f"{address}appeal/", {"words": "Ketchup."}, follow=True))
    assert "Ask for another look" not in text_of(mine.get(address))
    assert "nothing to ask for" in text_of(mine.post(f"{address}appeal/", {"words": "Again."}, follow=True))
    assert "Ketchup." in text_of(browser(make_reviewer()).get(QUEUE))
    assert log_of(case)[-1] == ("appealed", "rejected", "rejected")


# --- Strangers ---


@pytest.fixture
def shared(aws: Any) -> tuple[Photo, Any, str]:
    owner = make_user()
    photo = found(aws, make_photo(owner), UNSURE)
    keep_renditions(aws, photo)
    link = make_link(make_album(owner, [photo]))
    return photo, link, f"{link.get_absolute_url()}{entry_of(link.album, photo).pk}/report/"


def test_a_stranger_reports_a_photo_and_it_joins_the_queue(shared: Any, client: Client) -> None:
    photo, _link, address = shared
    assert address in text_of(client.get(pictures_of(*shared[1::-1])[0]))
    assert "Report this photo" in text_of(client.get(address))
    assert client.post(address, {}).status_code == 422
    assert "Thank you" in text_of(client.post(address, {"reason": "private", "words": "That is me."}))
    assert photo.case.kind == "report"
    assert Words.objects.get().text == "That is me."


def test_reports_are_limited_by_address(shared: Any, client: Client, settings: Any) -> None:
    address = shared[2]
    answers = [client.post(address, {"reason": "hate"}).status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]
    assert Entry.objects.filter(action="reported").count() == 10


@pytest.mark.parametrize("review", ["quarantined", "rejected"])
def test_what_is_withheld_is_out_of_reach_by_every_path_of_a_link(shared: Any, client: Client, review: str) -> None:
    photo, link, address = shared
    assert client.get(pictures_of(link, photo)[0]).status_code == 200
    Photo.objects.update(review=review, cleared=False)
    assert "No photos here yet" in text_of(client.get(link.get_absolute_url()))
    for path in (*pictures_of(link, photo), address):
        assert client.get(path).status_code == 404
    assert client.post(address, {"reason": "hate"}).status_code == 404


def test_withheld_photos_are_seen_by_staff_in_the_review_alone(aws: Any, ann: Any, hers: Client) -> None:
    photo = found(aws, make_photo(), SURE)
    for path in ("/admin/photos/photo/", f"/admin/photos/photo/{photo.pk}/change/"):
        assert "X-Amz-Signature" not in text_of(browser(make_staff()).get(path))
    assert "X-Amz-Signature" in text_of(hers.get(QUEUE))


WHO = {
    "owner": lambda photo: photo.owner,
    "another": lambda _photo: make_user(),
    "operator": lambda _photo: make_role(Role.OPERATOR),
    "no longer staff": lambda _photo: make_reviewer(is_staff=False),
}


@pytest.mark.parametrize("who", [*WHO, "stranger"])
@pytest.mark.parametrize("path", ["", "undo/", "stop/", "log/", "{case}/"])
def test_the_review_is_for_reviewers_alone(aws: Any, who: str, path: str) -> None:
    photo = found(aws, make_photo(), SURE)
    held(photo.case, make_reviewer())
    client = browser(WHO[who](photo)) if who in WHO else Client()
    for method in (client.get, client.post):
        answer = method(QUEUE + path.format(case=photo.case.pk), {"verdict": "approve"})
        assert answer.status_code in (302, 403)
        assert answer.status_code == 403 or "login/?next=" in answer.headers["Location"]
    assert Photo.objects.get().review == "quarantined"


def test_a_superuser_reviews(aws: Any) -> None:
    case = found(aws, make_photo(), SURE).case
    root = browser(make_staff())
    assert "1 photo to decide" in text_of(root.get("/admin/"))
    assert str(case.pk) in text_of(root.get(QUEUE))
    pass_time(case, minutes=10)
    assert send(root, case, "approve").status_code == 302
    assert Photo.objects.get().cleared


def test_the_log_begins_anew_where_its_address_makes_no_sense(hers: Client) -> None:
    for before in ("9" * 5000, "9" * 18, "x", "-1"):
        assert hers.get(LOG, {"before": before}).status_code == 200
