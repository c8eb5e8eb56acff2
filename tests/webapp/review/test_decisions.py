"""Approving, rejecting, undoing; telling the owner; appeals and reports."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.factories import make_photo
from tests.webapp.review.cases import held, log_of, make_case, make_reviewer, pass_time
from webapp.accounts import preferences
from webapp.photos.models import Photo
from webapp.review import asking, decisions, log, page, queue, standing, telling
from webapp.review.models import Case, Kind, Words

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> Any:
    return make_reviewer()


@pytest.fixture
def ben() -> Any:
    return make_reviewer()


def reject(case: Case, reviewer: Any, **overrides: str) -> None:
    fields = {"reason": "violence", "words": "", **overrides}
    assert decisions.reject(reviewer=reviewer, case_id=held(case, reviewer).pk, **fields)
    case.refresh_from_db()


def of_photo(case: Case) -> tuple[str, bool]:
    photo = Photo.objects.get(case=case)
    return photo.review, photo.cleared


@pytest.mark.parametrize("before", ["flagged", "quarantined"])
def test_a_decision_counts_once_and_is_written_down(ann: Any, before: str) -> None:
    case = held(make_case(review=before), ann)
    assert decisions.approve(reviewer=ann, case_id=case.pk)
    assert not decisions.reject(reviewer=ann, case_id=case.pk, reason="hate")
    assert of_photo(case) == ("approved", True)
    assert log_of(case) == [("approved", before, "approved")]


def test_what_a_reviewer_does_not_hold_they_do_not_decide(ann: Any, ben: Any) -> None:
    case = held(make_case(), ann)
    assert not decisions.approve(reviewer=ben, case_id=case.pk)
    assert not decisions.put_off(reviewer=ben, case_id=case.pk)
    assert of_photo(case) == ("flagged", True)
    assert log_of(case) == []


def test_within_a_minute_a_decision_is_undone_and_its_owner_hears_nothing(ann: Any, mailoutbox: list[Any]) -> None:
    case = make_case()
    reject(case, ann, words="Blood.")
    assert decisions.undo(reviewer=ann) == case
    assert of_photo(case) == ("flagged", True)
    assert queue.hold(reviewer=ann) == [case]
    assert not Words.objects.exists()
    assert decisions.undo(reviewer=ann) is None
    pass_time(case, minutes=5)
    assert telling.tell_due() == 0
    assert mailoutbox == []
    assert log_of(case) == [("rejected", "flagged", "rejected"), ("undone", "rejected", "flagged")]


def test_after_a_minute_or_by_somebody_else_nothing_is_undone(ann: Any, ben: Any) -> None:
    case = make_case()
    reject(case, ann)
    assert decisions.undo(reviewer=ben) is None
    pass_time(case, seconds=61)
    assert decisions.undo(reviewer=ann) is None
    assert of_photo(case) == ("rejected", False)


# --- Telling ---


def test_the_owner_is_told_once_with_the_reason_when_it_cannot_be_undone(ann: Any, mailoutbox: list[Any]) -> None:
    case = make_case()
    reject(case, ann, words="There is blood on it.")
    assert telling.tell_due() == 0
    pass_time(case, seconds=61)
    assert telling.tell_due() == 1
    assert telling.tell_due() == 0
    (mail,) = mailoutbox
    assert mail.to == [case.owner.email]
    for words in (case.photo.file_name, "violence", "There is blood on it.", f"/photos/{case.photo_id}/", "once"):
        assert words in mail.body
    assert ann.email not in mail.body


@pytest.mark.parametrize(("before", "mails"), [("flagged", 0), ("quarantined", 1)])
def test_of_what_they_never_noticed_the_owner_is_not_told(
    ann: Any, mailoutbox: list[Any], before: str, mails: int
) -> None:
    case = held(make_case(review=before), ann)
    decisions.approve(reviewer=ann, case_id=case.pk)
    pass_time(case, seconds=61)
    telling.tell_due()
    assert len(mailoutbox) == mails


def test_who_turned_notices_off_gets_none_about_decisions_but_the_answer_to_an_appeal(
    ann: Any, ben: Any, mailoutbox: list[Any]
) -> None:
    case = make_case()
    preferences.turn_off(user=case.owner)
    reject(case, ann)
    pass_time(case, seconds=61)
    assert telling.tell_due() == 0
    assert mailoutbox == []
    asking.appeal(photo=case.photo, words="It is ketchup.")
    decisions.approve(reviewer=ben, case_id=held(case, ben).pk)
    pass_time(case, seconds=61)
    assert telling.tell_due() == 1
    assert [mail.subject for mail in mailoutbox] == ["A photo of yours can be shared"]


def test_a_mail_about_a_decision_ends_notices_by_one_click(ann: Any, mailoutbox: list[Any]) -> None:
    case = make_case()
    reject(case, ann)
    pass_time(case, seconds=61)
    telling.tell_due()
    headers = mailoutbox[0].message()
    address = headers["List-Unsubscribe"]
    assert f"\nList-Unsubscribe: {address}\n".encode() in headers.as_bytes(), "on one line, as it is"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    answer = Client().post(headers["List-Unsubscribe"].strip("<>"), {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert preferences.provide(user=case.owner).channel == "none"


# --- Appeals ---


def test_an_appeal_goes_to_another_reviewer_first_of_all_and_is_made_once(ann: Any, ben: Any) -> None:
    case, other = make_case(), make_case(review="quarantined")
    reject(case, ann)
    assert asking.appeal(photo=case.photo, words="It is ketchup.")
    assert not asking.appeal(photo=case.photo, words="Really.")
    assert queue.hold(reviewer=ann) == [other]
    queue.let_go(reviewer=ann)
    assert queue.hold(reviewer=ben) == [case, other]
    assert decisions.reject(reviewer=ben, case_id=case.pk, reason="violence")
    case.refresh_from_db()
    assert not asking.appeal(photo=case.photo, words="But.")
    assert of_photo(case) == ("rejected", False)


def test_who_decided_is_never_asked_about_an_appeal_even_if_alone(ann: Any) -> None:
    case = make_case()
    reject(case, ann)
    asking.appeal(photo=case.photo, words="It is ketchup.")
    assert queue.hold(reviewer=ann) == []
    assert queue.standing(ann)["for_others"] == 1


def test_an_appeal_that_is_granted_lets_others_see_the_photo(ann: Any, ben: Any, mailoutbox: list[Any]) -> None:
    case = make_case()
    reject(case, ann)
    pass_time(case, seconds=61)
    telling.tell_due()
    asking.appeal(photo=case.photo, words="It is ketchup.")
    assert decisions.approve(reviewer=ben, case_id=held(case, ben).pk)
    pass_time(case, seconds=61)
    telling.tell_due()
    assert of_photo(case) == ("approved", True)
    assert [mail.subject for mail in mailoutbox] == [
        "A photo of yours is not shown to others",
        "A photo of yours can be shared",
    ]


def test_nothing_but_a_rejected_photo_is_appealed_for() -> None:
    for review in ("flagged", "quarantined", "approved"):
        assert not asking.appeal(photo=make_case(review=review, is_open=False).photo, words="Please.")


def test_how_a_withheld_photo_stands_is_said_to_its_owner(ann: Any) -> None:
    case = make_case(review="quarantined")
    said = standing.standing_of(case.photo)
    assert said is not None
    assert (said.word, said.is_waiting, said.may_appeal) == ("Waiting for review", True, False)
    reject(case, ann, words="Blood.")
    said = standing.standing_of(Photo.objects.get())
    assert said is not None
    assert (said.word, said.words, said.may_appeal) == ("Not shown to others", "Blood.", True)
    asking.appeal(photo=case.photo, words="It is ketchup.")
    said = standing.standing_of(Photo.objects.get())
    assert said is not None
    assert (said.may_appeal, said.is_appealed) == (False, True)


# --- Reports ---


def test_a_report_joins_the_queue_and_takes_nothing_away() -> None:
    photo = make_photo(status="ready")
    assert asking.report(photo=photo, reason="private", words="That is me.")
    assert asking.report(photo=photo, reason="hate")
    case = Case.objects.open().get()
    assert case.kind == Kind.REPORT
    assert of_photo(case) == ("flagged", True)
    assert [words.text for words in case.words.all()] == ["That is me."]
    assert log_of(case) == [("reported", "none", "flagged"), ("reported", "flagged", "flagged")]


def test_an_approved_photo_can_be_reported_and_stays_approved_until_somebody_decides(ann: Any) -> None:
    case = held(make_case(), ann)
    decisions.approve(reviewer=ann, case_id=case.pk)
    assert asking.report(photo=case.photo, reason="private")
    assert of_photo(case) == ("approved", True)
    assert queue.hold(reviewer=ann) == [case]
    assert decisions.reject(reviewer=ann, case_id=case.pk, reason="private")
    assert of_photo(case) == ("rejected", False)


@pytest.mark.parametrize("review", ["quarantined", "rejected"])
def test_what_nobody_sees_nobody_reports(review: str) -> None:
    case = make_case(review=review)
    assert not asking.report(photo=case.photo, reason="hate")
    assert log_of(case) == []


def test_a_rejection_that_was_undone_is_not_told_to_the_next_reviewer_as_one() -> None:
    ann = make_reviewer()
    case = held(make_case(), ann)
    assert decisions.reject(reviewer=ann, case_id=case.pk, reason="nudity")
    assert decisions.undo(reviewer=ann)
    assert decisions.reject(reviewer=ann, case_id=case.pk, reason="illegal")
    told = [line.entry.reason for line in page.standing(log.of(case)) if line.entry.action == "rejected"]
    assert told == ["illegal"]
    assert len(log.of(case)) == 3
