"""What the site itself tells is kept on its reader's list, whether a mail says the same or not."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from django.utils import timezone

from tests.factories import make_user
from tests.webapp.review.cases import held, make_case, make_reviewer, pass_time
from webapp.accounts import bounces, closing, exports, preferences, tasks
from webapp.accounts.models import Export
from webapp.notices.models import Notice
from webapp.photos.models import Photo
from webapp.review import asking, decisions, telling
from webapp.review.models import Case

pytestmark = pytest.mark.django_db


def kept(owner: Any) -> list[tuple[str, str, bool]]:
    """(kind, how, whether it was sent), the oldest first."""
    notices = Notice.objects.filter(owner=owner, told=True).order_by("pk")
    return [(notice.kind, notice.told_by, notice.sent_at is not None) for notice in notices]


def decide(case: Case, *, reject: bool) -> None:
    reviewer = make_reviewer()
    held(case, reviewer)
    if reject:
        assert decisions.reject(reviewer=reviewer, case_id=case.pk, reason="violence")
    else:
        assert decisions.approve(reviewer=reviewer, case_id=case.pk)
    pass_time(case, seconds=61)
    telling.tell_due()


@pytest.mark.parametrize(("second_rejects", "kind"), [(True, "upheld"), (False, "granted")])
def test_a_decision_and_the_answer_to_an_appeal_are_kept_with_their_photo(second_rejects: bool, kind: str) -> None:
    case = make_case()
    decide(case, reject=True)
    asking.appeal(photo=case.photo, words="It is ketchup.")
    decide(case, reject=second_rejects)
    assert kept(case.owner) == [("rejected", "mail", True), (kind, "mail", True)]
    assert {notice.photo for notice in Notice.objects.all()} == {case.photo}
    assert Notice.objects.get(kind="rejected").reason == "violence"


def test_who_gets_no_mail_reads_a_decision_on_the_list_alone(mailoutbox: list[Any]) -> None:
    off, stopped = make_case(), make_case()
    preferences.turn_off(user=off.owner)
    bounces.stop(address=stopped.owner.email, because=bounces.BOUNCE, at=timezone.now())
    for case in (off, stopped):
        decide(case, reject=True)
    assert mailoutbox == []
    assert kept(off.owner) == [("rejected", "none", False)]
    assert kept(stopped.owner) == [("bounce", "", False), ("rejected", "bounce", False)]


def test_a_decision_whose_mail_cannot_be_sent_is_told_once_by_a_later_beat(
    mailoutbox: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make_case()

    def fail(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://sqs.eu-west-1.amazonaws.com")

    with monkeypatch.context() as patch:
        patch.setattr(telling.send_mail, "delay", fail)
        decide(case, reject=True)
    assert kept(case.owner) == []
    assert telling.tell_due() == 1
    assert kept(case.owner) == [("rejected", "mail", True)]


def test_a_decision_goes_from_the_list_with_its_photo() -> None:
    case = make_case()
    decide(case, reject=True)
    Photo.objects.filter(pk=case.photo_id).delete()
    assert kept(case.owner) == []


def test_an_export_is_kept_whether_it_was_made_or_not(aws: Any) -> None:
    owner, unlucky = make_user(), make_user()
    exports.begin(owner=owner)
    Export.objects.create(owner=unlucky, tries=exports.MAX_TRIES)
    tasks.look_after_exports()
    assert kept(owner) == [("export", "mail", True)]
    assert kept(unlucky) == [("no_export", "", False)]


def test_that_an_account_is_to_be_deleted_is_kept_once() -> None:
    owner = make_user()
    for _ in range(2):
        closing.begin(user=owner)
    assert kept(owner) == [("closing", "mail", True)]


@pytest.mark.parametrize("because", [bounces.BOUNCE, bounces.COMPLAINT])
def test_that_mail_is_stopped_is_kept_once(because: Any) -> None:
    owner, at = make_user(), timezone.now()
    for _ in range(2):
        bounces.stop(address=owner.email, because=because, at=at)
    assert kept(owner) == [(because, "", False)]
