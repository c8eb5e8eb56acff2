"""What was decided about a file holds for every copy that its owner has or sends, and for nobody else's."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from django.utils import timezone

from tests.factories import make_photo, make_user
from tests.webapp.review.cases import HARMLESS, SURE, UNSURE, found, held, log_of, make_case, make_reviewer, pass_time
from webapp.photos import deletion, trash
from webapp.photos.index import index
from webapp.photos.models import Photo, Review
from webapp.review import asking, decisions, page, tasks, telling, verdicts
from webapp.review.models import Case, Kind, Verdict
from webapp.review.standing import standing_of

pytestmark = pytest.mark.django_db
FILE = "a" * 64


@pytest.fixture
def owner() -> Any:
    return make_user()


@pytest.fixture
def ann() -> Any:
    return make_reviewer()


@pytest.fixture
def ben() -> Any:
    return make_reviewer()


@pytest.fixture
def then(django_capture_on_commit_callbacks: Any) -> Any:
    """Do something, and what comes behind its transaction."""

    def run(verb: Any, **fields: Any) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            assert verb(**fields)

    return run


@pytest.fixture
def copy(aws: Any, owner: Any) -> Any:
    """One more photo of the same file, of the same owner."""
    return lambda confidence=UNSURE, **other: found(
        aws, make_photo(**{"owner": owner, "sha256": FILE, **other}), confidence
    )


def reject(then: Any, photo: Photo, reviewer: Any, **words: str) -> None:
    case = held(Case.objects.get(photo=photo), reviewer)
    then(decisions.reject, reviewer=reviewer, case_id=case.pk, **{"reason": "nudity", **words})


def approve(then: Any, photo: Photo, reviewer: Any) -> None:
    then(decisions.approve, reviewer=reviewer, case_id=held(Case.objects.get(photo=photo), reviewer).pk)


def state(photo: Photo) -> tuple[str, bool, bool]:
    """Its review, whether others see it, and whether a person is asked about it."""
    photo = Photo.objects.get(pk=photo.pk)
    return photo.review, photo.cleared, Case.objects.filter(photo=photo, is_open=True).exists()


REJECTED, APPROVED = ("rejected", False, False), ("approved", True, False)


# --- Sent again ---


def erase(owner: Any, photo: Photo) -> None:
    trash.throw_away(owner=owner, photo_ids=[photo.pk])
    trash.delete(owner=owner, photo_ids=[photo.pk])
    assert deletion.finish(Photo.objects.get(pk=photo.pk))


@pytest.mark.parametrize("is_deleted", [False, True])
@pytest.mark.parametrize("confidence", [HARMLESS, UNSURE, SURE])
def test_a_rejected_file_stays_rejected_when_its_owner_sends_it_again(
    aws: Any, then: Any, copy: Any, owner: Any, ann: Any, confidence: float, is_deleted: bool
) -> None:
    photo = copy()
    reject(then, photo, ann)
    if is_deleted:
        erase(owner, photo)
    again = copy(confidence)
    assert state(again) == REJECTED
    assert log_of(again.case) == [("rejected", "none", "rejected")]
    said = standing_of(again)
    assert said is not None
    assert ("nudity" in said.reason, said.may_appeal) == (True, True)
    assert copy(confidence, owner=make_user()).review != Review.REJECTED, "another person's"


def test_a_reviewer_is_told_of_what_was_rejected_and_deleted(then: Any, copy: Any, owner: Any, ann: Any) -> None:
    photo, another = copy(), copy(sha256="b" * 64)
    reject(then, photo, ann)
    erase(owner, photo)
    assert page.history(another.case) == {"approved": 0, "rejected": 1, "waiting": 0}
    copy()
    assert page.history(another.case) == {"approved": 0, "rejected": 1, "waiting": 0}, "sent again it is one still"


@pytest.mark.parametrize("is_deleted", [False, True])
def test_an_approved_file_is_not_flagged_anew_when_its_owner_sends_it_again(
    aws: Any, then: Any, copy: Any, owner: Any, ann: Any, is_deleted: bool
) -> None:
    photo = copy(SURE)
    approve(then, photo, ann)
    if is_deleted:
        erase(owner, photo)
    again = copy(SURE)
    assert state(again) == APPROVED
    assert log_of(again.case) == [("approved", "none", "approved")]
    assert state(copy(HARMLESS))[0] == "none", "nobody would have been asked"
    assert copy(SURE, owner=make_user()).review == Review.QUARANTINED, "another person's"


def test_whom_an_appeal_may_go_to_is_remembered_with_the_file(then: Any, copy: Any, owner: Any, ann: Any) -> None:
    photo = copy()
    reject(then, photo, ann)
    erase(owner, photo)
    again = copy()
    assert asking.appeal(photo=again, words="It is ketchup.")
    assert list(Case.objects.open().for_reviewer(ann)) == []
    assert list(Case.objects.open().for_reviewer(make_reviewer())) == [again.case]


def test_after_an_answer_to_an_appeal_the_file_is_not_appealed_for_again(
    aws: Any, then: Any, copy: Any, owner: Any, ann: Any, ben: Any
) -> None:
    photo = copy()
    reject(then, photo, ann)
    asking.appeal(photo=photo, words="It is ketchup.")
    reject(then, photo, ben)
    erase(owner, photo)
    again = copy()
    assert state(again) == REJECTED
    assert not asking.appeal(photo=again, words="Really.")


def test_an_appeal_that_nobody_answered_may_be_made_again(then: Any, copy: Any, owner: Any, ann: Any) -> None:
    photo = copy()
    reject(then, photo, ann)
    asking.appeal(photo=photo, words="It is ketchup.")
    erase(owner, photo)
    assert asking.appeal(photo=copy(), words="It is ketchup.")


def test_what_was_undone_is_judged_afresh(then: Any, copy: Any, owner: Any, ann: Any) -> None:
    photo = copy()
    reject(then, photo, ann)
    then(decisions.undo, reviewer=ann)
    erase(owner, photo)
    assert state(copy()) == ("flagged", True, True)
    assert not Verdict.objects.exists()


def test_undoing_goes_back_to_what_was_decided_before_that(then: Any, copy: Any, ann: Any, ben: Any) -> None:
    photo = copy()
    reject(then, photo, ann)
    asking.appeal(photo=photo, words="It is ketchup.")
    approve(then, photo, ben)
    then(decisions.undo, reviewer=ben)
    assert state(photo) == ("rejected", False, True), "the appeal waits again"
    assert state(copy()) == REJECTED


def test_what_was_rejected_and_then_allowed_on_appeal_does_not_count_against_its_owner(
    then: Any, copy: Any, owner: Any, ann: Any, ben: Any
) -> None:
    photo, another = copy(), copy(sha256="b" * 64)
    reject(then, photo, ann)
    asking.appeal(photo=photo, words="It is ketchup.")
    approve(then, photo, ben)
    erase(owner, photo)
    assert page.history(another.case) == {"approved": 0, "rejected": 0, "waiting": 0}


# --- Copies that are there ---


@pytest.mark.parametrize("confidence", [HARMLESS, UNSURE, SURE])
def test_rejecting_a_photo_rejects_its_owners_other_copies_and_undoing_lets_them_go_back(
    then: Any, copy: Any, ann: Any, confidence: float
) -> None:
    photo, other, anothers = copy(), copy(confidence), copy(owner=make_user())
    was, of_another = state(other), state(anothers)
    reject(then, photo, ann)
    assert (state(other), state(anothers)) == (REJECTED, of_another)
    then(decisions.undo, reviewer=ann)
    assert (state(photo), state(other)) == (("flagged", True, True), was)
    assert log_of(other.case)[-2:] == [("rejected", was[0], "rejected"), ("undone", "rejected", was[0])]
    assert decisions.undo(reviewer=ann) is None, "of the copy there is nothing more to undo"


def test_approving_a_photo_answers_for_its_owners_other_copies_and_undoing_asks_again(
    then: Any, copy: Any, ann: Any
) -> None:
    photo, other, harmless = copy(UNSURE), copy(SURE), copy(HARMLESS)
    approve(then, photo, ann)
    assert (state(other), state(harmless)) == (APPROVED, ("none", True, False))
    then(decisions.undo, reviewer=ann)
    assert state(other) == ("quarantined", False, True)


def test_a_copy_that_came_in_before_it_was_undone_is_judged_as_if_nothing_had_been_decided(
    then: Any, copy: Any, ann: Any
) -> None:
    photo = copy()
    reject(then, photo, ann)
    flagged, harmless = copy(UNSURE), copy(HARMLESS)
    then(decisions.undo, reviewer=ann)
    assert state(flagged) == ("flagged", True, True)
    assert state(harmless) == ("none", True, False)


def test_a_copy_whose_rejection_holds_again_is_not_appealed_for_to_whom_has_rejected_it(
    then: Any, copy: Any, ann: Any, ben: Any
) -> None:
    photo, other = copy(), copy()
    reject(then, photo, ann, words="Blood on the left.")
    asking.appeal(photo=photo, words="It is ketchup.")
    approve(then, photo, ben)
    then(decisions.undo, reviewer=ben)
    said = standing_of(Photo.objects.get(pk=other.pk))
    assert said is not None
    assert ("nudity" in said.reason, said.words, said.may_appeal) == (True, "Blood on the left.", True)
    assert asking.appeal(photo=other, words="It is ketchup.")
    assert not Case.objects.open().for_reviewer(ann).filter(photo=other).exists()


def test_after_an_answer_to_an_appeal_a_copy_that_was_there_is_not_appealed_for_again(
    then: Any, copy: Any, ann: Any, ben: Any
) -> None:
    photo, other = copy(), copy()
    reject(then, photo, ann)
    asking.appeal(photo=photo, words="It is ketchup.")
    reject(then, photo, ben)
    assert not asking.appeal(photo=other, words="Really.")
    then(decisions.undo, reviewer=ben)
    assert asking.appeal(photo=other, words="It is ketchup."), "nobody has answered"
    assert not Case.objects.open().for_reviewer(ann).filter(photo=other).exists()


def test_an_appeal_that_is_granted_holds_for_every_copy(then: Any, copy: Any, ann: Any, ben: Any) -> None:
    photo, other = copy(), copy()
    reject(then, photo, ann)
    asking.appeal(photo=photo, words="It is ketchup.")
    approve(then, photo, ben)
    assert (state(photo), state(other), state(copy(SURE))) == (APPROVED, APPROVED, APPROVED)


def test_who_appeals_for_two_copies_is_answered_for_both(
    then: Any, copy: Any, ann: Any, ben: Any, mailoutbox: list[Any]
) -> None:
    photo, other = copy(), copy()
    reject(then, photo, ann)
    for each in (photo, other):
        assert asking.appeal(photo=each, words="It is ketchup.")
    reject(then, photo, ben)
    assert (state(photo), state(other)) == (REJECTED, REJECTED)
    for each in (photo, other):
        pass_time(Case.objects.get(photo=each), seconds=61)
    assert telling.tell_due() == 2
    assert len(mailoutbox) == 2


def test_what_strangers_reported_of_a_copy_is_looked_at_though_another_was_approved(
    then: Any, copy: Any, ann: Any
) -> None:
    photo, other = copy(), copy()
    asking.report(photo=other, reason="private", words="That is me.")
    approve(then, photo, ann)
    assert state(other) == ("flagged", True, True)
    assert Case.objects.get(photo=other).kind == Kind.REPORT
    reject(then, other, ann)
    assert (state(photo), state(other)) == (REJECTED, REJECTED)


def test_a_copy_in_the_trash_comes_back_as_was_decided(then: Any, copy: Any, owner: Any, ann: Any) -> None:
    photo, other = copy(), copy()
    trash.throw_away(owner=owner, photo_ids=[other.pk])
    reject(then, photo, ann)
    assert state(other) == REJECTED
    trash.restore(owner=owner, photo_ids=[other.pk])
    assert state(other) == REJECTED


def test_the_words_of_a_reviewer_are_told_with_every_copy_and_go_with_the_photo(
    then: Any, copy: Any, owner: Any, ann: Any
) -> None:
    photo, other = copy(), copy()
    reject(then, photo, ann, words="Blood on the left.")
    said = standing_of(Photo.objects.get(pk=other.pk))
    assert said is not None
    assert said.words == "Blood on the left."
    erase(owner, photo)
    said = standing_of(copy())
    assert said is not None
    assert (said.words, "nudity" in said.reason) == ("", True)


def test_what_is_settled_twice_changes_and_notes_nothing_more(then: Any, copy: Any, owner: Any, ann: Any) -> None:
    photo, other = copy(), copy()
    reject(then, photo, ann)
    noted = log_of(Case.objects.get(photo=other))
    verdicts.settle(owner_id=owner.pk, sha256=FILE)
    index([photo.pk, other.pk])
    assert log_of(Case.objects.get(photo=other)) == noted


def test_what_was_killed_before_the_copies_followed_is_done_by_the_beat(
    then: Any, copy: Any, ann: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo, other = copy(), copy()
    with monkeypatch.context() as patch:
        patch.setattr(transaction, "on_commit", lambda *_, **__: None)
        reject(then, photo, ann)
        assert state(other) == ("flagged", True, True)
    tasks.tell_owners()
    assert state(other) == REJECTED
    with monkeypatch.context() as patch:
        patch.setattr(transaction, "on_commit", lambda *_, **__: None)
        then(decisions.undo, reviewer=ann)
    tasks.tell_owners()
    assert state(other) == ("flagged", True, True)
    assert verdicts.settle_left() == 0


def test_what_was_decided_goes_with_the_account_and_outlives_its_reviewer(then: Any, copy: Any, ann: Any) -> None:
    photo = copy()
    reject(then, photo, ann)
    ann.delete()
    assert state(copy()) == REJECTED
    owner = photo.owner
    Photo.objects.all().delete()
    owner.delete()
    assert not Verdict.objects.exists()


def test_decisions_from_before_files_were_remembered_are_written_down(copy: Any, owner: Any, ann: Any) -> None:
    kept = {"is_open": False, "decided_by": ann, "reason": "hate"}
    for day, review in ((2, "rejected"), (1, "approved")):
        photo = make_photo(owner, sha256=FILE, status="ready", review=review, cleared=review == "approved")
        Case.objects.create(photo=photo, owner=owner, decided_at=timezone.now() + timedelta(days=day), **kept)
    # As one that was there already, and by nobody; databases do not agree on where a moment that is none belongs.
    photo = make_photo(owner, sha256=FILE, status="ready", review="approved", cleared=True)
    Case.objects.create(photo=photo, owner=owner, is_open=False)
    make_case(owner, review="rejected", is_open=False)
    import_module("webapp.review.migrations.0004_known_verdicts").write_down(apps, None)
    assert list(Verdict.objects.order_by("pk").values_list("review", flat=True)) == ["approved", "approved", "rejected"]
    assert state(copy()) == REJECTED
