"""What the model's findings make of a photo, and what a person decided."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_photo, make_user, put_record
from tests.webapp.review.cases import HARMLESS, SURE, UNSURE, found, held, log_of, make_reviewer
from webapp.photos import trash
from webapp.photos.index import index
from webapp.photos.models import Photo, Review
from webapp.review import asking, decisions
from webapp.review.models import Case, Kind

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("confidence", "review", "cleared"),
    [(HARMLESS, "none", True), (60.0, "none", True), (UNSURE, "flagged", True), (SURE, "quarantined", False)],
)
def test_two_thresholds_tell_what_passes_is_flagged_and_is_withheld(
    aws: Any, confidence: float, review: str, cleared: bool
) -> None:
    photo = found(aws, make_photo(), confidence)
    assert (photo.review, photo.cleared) == (review, cleared)
    assert Case.objects.filter(photo=photo, is_open=True).exists() == (review != "none")


def test_what_nobody_minds_is_not_withheld_however_sure_the_model_is(aws: Any) -> None:
    assert found(aws, make_photo(), 99.9, name="Alcohol").review == Review.NONE


def test_the_thresholds_are_settings(aws: Any, settings: Any) -> None:
    settings.REVIEW_FLAG_ABOVE, settings.REVIEW_QUARANTINE_ABOVE = 10.0, 30.0
    assert found(aws, make_photo(), HARMLESS).review == Review.QUARANTINED


@pytest.mark.parametrize("verdict", ["approved", "rejected"])
@pytest.mark.parametrize("again", [SURE, HARMLESS])
def test_indexing_never_undoes_what_a_person_decided(aws: Any, verdict: str, again: float) -> None:
    reviewer, photo = make_reviewer(), found(aws, make_photo(), UNSURE)
    case = held(photo.case, reviewer)
    if verdict == "approved":
        assert decisions.approve(reviewer=reviewer, case_id=case.pk)
    else:
        assert decisions.reject(reviewer=reviewer, case_id=case.pk, reason="nudity")
    for confidence in (UNSURE, again):
        photo = found(aws, photo, confidence)
        assert (photo.review, photo.cleared) == (verdict, verdict == "approved")
    assert not Case.objects.get().is_open


def test_a_run_that_did_not_look_for_it_lets_nothing_pass(aws: Any) -> None:
    photo = found(aws, make_photo(), SURE)
    put_record(aws.table, photo, moderation=[], moderation_model="", run_id="another")
    index([photo.pk])
    photo.refresh_from_db()
    assert (photo.review, photo.cleared) == ("quarantined", False)
    put_record(aws.table, photo, moderation=[], moderation_model="Rekognition 7.0", run_id="a third")
    index([photo.pk])
    photo.refresh_from_db()
    assert (photo.review, photo.cleared) == ("none", True)


def test_other_findings_of_a_later_run_are_judged_anew_until_a_person_has_decided(aws: Any) -> None:
    photo = found(aws, make_photo(), UNSURE)
    case = photo.case
    assert found(aws, photo, SURE).review == Review.QUARANTINED
    assert found(aws, photo, HARMLESS).review == Review.NONE
    case.refresh_from_db()
    assert not case.is_open
    assert log_of(case) == [
        ("flagged", "none", "flagged"),
        ("quarantined", "flagged", "quarantined"),
        ("passed", "quarantined", "none"),
    ]


def test_what_somebody_reported_waits_for_a_person_whatever_the_model_says_next(aws: Any) -> None:
    photo = found(aws, make_photo(), UNSURE)
    asking.report(photo=photo, reason="private")
    assert found(aws, photo, HARMLESS).review == Review.FLAGGED
    assert Case.objects.get().kind == Kind.REPORT


def test_a_withheld_photo_comes_back_from_the_trash_withheld(aws: Any) -> None:
    owner = make_user()
    photo = found(aws, make_photo(owner), SURE)
    trash.throw_away(owner=owner, photo_ids=[photo.pk])
    assert not Case.objects.open().exists()
    trash.restore(owner=owner, photo_ids=[photo.pk])
    photo.refresh_from_db()
    assert (photo.review, photo.cleared) == ("quarantined", False)
    assert Case.objects.open().count() == 1


def test_a_photo_that_runs_again_keeps_its_review_meanwhile(aws: Any) -> None:
    photo = found(aws, make_photo(), SURE)
    put_record(aws.table, photo, status=contract.Status.PROCESSING.value)
    index([photo.pk])
    assert Photo.objects.get().review == Review.QUARANTINED
