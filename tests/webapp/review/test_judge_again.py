"""What is known is judged again when the thresholds are others, and nothing that a person decided."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from django.core.management import CommandError, call_command
from django.test import Client

from tests.factories import make_photo, make_user
from tests.webapp.albums.shelf import keep_renditions, make_album, make_link, pictures_of
from tests.webapp.photos.pages import text_of
from tests.webapp.review.cases import SURE, UNSURE, found, held, log_of, make_reviewer
from webapp import aws as site_aws
from webapp.photos.models import Photo, SweepCursor
from webapp.review import asking, decisions
from webapp.review.models import Case

pytestmark = pytest.mark.django_db


@pytest.fixture
def stricter(settings: Any) -> None:
    settings.REVIEW_FLAG_ABOVE, settings.REVIEW_QUARANTINE_ABOVE = 30.0, 70.0


def reviews() -> list[str]:
    return list(Photo.objects.order_by("pk").values_list("review", flat=True))


def test_photos_that_are_shared_are_withdrawn_at_once_when_a_threshold_is_lowered(
    aws: Any, client: Client, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = make_user()
    photo = found(aws, make_photo(owner), UNSURE)
    keep_renditions(aws, photo)
    link = make_link(make_album(owner, [photo]))
    shown = pictures_of(link, photo)
    assert [client.get(path).status_code for path in shown] == [200] * len(shown)

    request.getfixturevalue("stricter")
    call_command("judge_again")

    assert [client.get(path).status_code for path in shown] == [404] * len(shown)
    assert "No photos here yet" in text_of(client.get(link.get_absolute_url()))
    assert log_of(photo.case) == [("flagged", "none", "flagged"), ("quarantined", "flagged", "quarantined")]
    assert capsys.readouterr().out.splitlines() == ["1 from flagged to quarantined", "1 photos judged again"]


def test_what_a_person_decided_and_what_was_reported_stays(aws: Any, settings: Any) -> None:
    reviewer = make_reviewer()
    approved, rejected, reported, waiting = (found(aws, make_photo(), UNSURE) for _ in range(4))
    decisions.approve(reviewer=reviewer, case_id=held(approved.case, reviewer).pk)
    decisions.reject(reviewer=reviewer, case_id=held(rejected.case, reviewer).pk, reason="hate")
    asking.report(photo=reported, reason="private")
    settings.REVIEW_FLAG_ABOVE, settings.REVIEW_QUARANTINE_ABOVE = 90.0, 95.0
    call_command("judge_again")
    assert reviews() == ["approved", "rejected", "flagged", "none"]
    assert not Case.objects.get(photo=waiting).is_open
    assert Case.objects.get(photo=reported).is_open


def test_another_category_that_counts_is_judged(aws: Any, settings: Any) -> None:
    found(aws, make_photo(), SURE, name="Gambling")
    settings.REVIEW_CATEGORIES = ["Gambling"]
    call_command("judge_again")
    assert reviews() == ["quarantined"]


def test_photos_from_before_the_review_are_judged_by_what_their_records_say(aws: Any) -> None:
    photo = found(aws, make_photo(), SURE)
    Case.objects.all().delete()
    Photo.objects.update(review="none", findings="", cleared=True)
    call_command("judge_again")
    photo.refresh_from_db()
    assert (photo.review, photo.cleared, photo.case.is_open) == ("quarantined", False, True)


def test_judged_twice_nothing_more_is_changed_or_noted(
    aws: Any, stricter: None, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = found(aws, make_photo(), UNSURE)
    call_command("judge_again")
    call_command("judge_again")
    assert capsys.readouterr().out.splitlines() == ["1 photos judged again"] * 2
    assert log_of(photo.case) == [("quarantined", "none", "quarantined")]


@pytest.mark.parametrize(("threshold", "left"), [(70.0, 2), (50.0, 3)])
def test_who_was_stopped_goes_on_there_and_with_other_thresholds_begins_at_the_start(
    aws: Any, monkeypatch: pytest.MonkeyPatch, settings: Any, capsys: Any, threshold: float, left: int
) -> None:
    for _ in range(3):
        found(aws, make_photo(), UNSURE)
    monkeypatch.setattr("webapp.review.rejudging.TOGETHER", 1)
    settings.REVIEW_QUARANTINE_ABOVE = 70.0
    answers = iter([True])

    def fail(**_: Any) -> None:
        if not next(answers, False):
            raise EndpointConnectionError(endpoint_url="https://dynamodb")

    calls = site_aws.table().meta.client.meta.events
    calls.register("before-call.dynamodb.BatchGetItem", fail)
    with pytest.raises(CommandError, match="does not answer"):
        call_command("judge_again")
    assert capsys.readouterr().out.splitlines() == ["1 from flagged to quarantined", "1 photos judged again"]
    calls.unregister("before-call.dynamodb.BatchGetItem", fail)

    settings.REVIEW_FLAG_ABOVE, settings.REVIEW_QUARANTINE_ABOVE = min(threshold, 60.0), threshold
    call_command("judge_again")

    assert capsys.readouterr().out.splitlines()[-1] == f"{left} photos judged again"
    assert reviews() == ["quarantined"] * 3
    assert not SweepCursor.objects.exists()
