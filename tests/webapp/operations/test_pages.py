"""What operators see, and that nobody else does."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_photo, make_staff, make_user, put_record
from tests.webapp.photos.pages import ready, text_of
from webapp.accounts.roles import Role
from webapp.costs.models import Pause
from webapp.operations import campaigns, failures, reports, tasks
from webapp.operations.models import Campaign, LabelPrecision, Snapshot, SweepReport
from webapp.photos import catalog, dead_letters
from webapp.photos.corrections import add, deny
from webapp.photos.index import index
from webapp.photos.models import Photo, Review
from webapp.photos.sweep import sweep

from .worlds import answer, finish

pytestmark = pytest.mark.django_db
PIPELINE, FAILURES, LABELS = "/admin/pipeline/", "/admin/pipeline/failures/", "/admin/pipeline/labels/"
CAMPAIGNS = "/admin/pipeline/campaigns/"
ALL = (PIPELINE, FAILURES, LABELS, CAMPAIGNS)


@pytest.fixture(autouse=True)
def _at_once(settings: Any, aws: Any) -> None:
    settings.CAMPAIGN_PAUSE_SECONDS = settings.CAMPAIGN_STEP_SECONDS = 0


@pytest.fixture
def operator(client: Client) -> Client:
    """A browser of somebody who is an operator, and nothing more."""
    person = make_staff(is_superuser=False)
    person.groups.add(Group.objects.get(name=Role.OPERATOR))
    client.force_login(person)
    return client


def failed(aws: Any, owner: Any, keep_original: Any, **overrides: Any) -> Photo:
    photo = make_photo(owner)
    keep_original(photo)
    put_record(aws.table, photo, **{"status": "failed", **overrides})
    index([photo.pk])
    return Photo.objects.get(pk=photo.pk)


# --- Who may ---


@pytest.mark.parametrize("path", ALL)
def test_staff_of_another_role_are_refused(client: Client, path: str) -> None:
    reviewer = make_staff(is_superuser=False)
    reviewer.groups.add(Group.objects.get(name=Role.REVIEWER))
    client.force_login(reviewer)
    assert client.get(path).status_code == 403
    assert "/admin/pipeline/" not in text_of(client.get("/admin/"))


def test_an_operator_finds_the_pages_from_the_admins_first(operator: Client) -> None:
    page = text_of(operator.get("/admin/"))
    assert all(f'href="{path}"' in page for path in (PIPELINE, CAMPAIGNS))


def test_an_operator_may_look_at_photos_and_dead_letters_and_delete_none(operator: Client, aws: Any, me: Any) -> None:
    photo = ready(aws, me, "Cat")
    assert operator.get(f"/admin/photos/photo/{photo.pk}/change/").status_code == 200
    assert operator.get("/admin/photos/photo/dead-letters/").status_code == 200
    assert 'value="delete_photos"' not in text_of(operator.get("/admin/photos/photo/"))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (PIPELINE, "Every photo has come to an end."),
        (PIPELINE, "No photo has failed or was refused."),
        (PIPELINE, "No sweep has been noted yet."),
        (PIPELINE, "Counts are noted every hour."),
        (PIPELINE, "No owner has denied a label"),
        (FAILURES, "None any more."),
        (LABELS, "Corrections are counted once an hour"),
        (CAMPAIGNS, "None yet. A campaign has all photos, or some, labelled anew"),
    ],
)
def test_an_empty_list_says_so(operator: Client, path: str, said: str) -> None:
    assert said in text_of(operator.get(path))


# --- How the pipeline is ---


def test_the_page_counts_what_waits_and_names_the_oldest(operator: Client, aws: Any, me: Any) -> None:
    ready(aws, me, "Cat")
    make_photo(me, file_name="young.jpg")
    make_photo(me, file_name="old.jpg", age=timedelta(hours=3))
    page = text_of(operator.get(PIPELINE))
    assert page.index("old.jpg") < page.index("young.jpg")
    assert "3\xa0hours ago" in page
    assert reports.count_statuses() == {"ready": 1, "uploading": 2}


def test_queues_that_do_not_answer_are_a_question_mark(operator: Client, aws: Any) -> None:
    assert "A question mark is a queue that does not answer." in text_of(operator.get(PIPELINE))


def test_queues_say_how_long_they_are(operator: Client, aws: Any, settings: Any) -> None:
    sqs = aws.client("sqs")
    for url, count in ((settings.TASKS_QUEUE_URL, 3), (settings.DEAD_LETTER_QUEUE_URL, 2)):
        assert sqs.create_queue(QueueName=url.rpartition("/")[2])["QueueUrl"] == url
        for _ in range(count):
            sqs.send_message(QueueUrl=url, MessageBody="{}")
    assert (reports.tasks_waiting(), reports.letters_waiting()) == (3, 2)
    assert dead_letters.count() == 2


def test_counts_of_each_hour_become_lines(operator: Client, me: Any) -> None:
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    for ago, count in ((60, 1), (2, 4), (1, 8)):
        Snapshot.objects.create(at=hour - timedelta(hours=ago), counts={"failed": count})
    make_photo(me)
    tasks.note_statuses()
    tasks.note_statuses()
    assert Snapshot.objects.count() == 4
    page = text_of(operator.get(PIPELINE))
    assert 'points="0.0,36.0 150.0,0.0 300.0,72.0"' in page, "the last two days"
    assert 'aria-label="Failed: now 0, at most 8"' in page
    Snapshot.objects.create(at=hour - timedelta(days=99))
    tasks.note_statuses()
    assert Snapshot.objects.count() == 4


def test_what_the_sweeps_did_is_kept_for_some_days(operator: Client, me: Any) -> None:
    long_ago = timezone.now() - timedelta(days=9)
    SweepReport.objects.create(began_at=long_ago, ended_at=long_ago)
    sweep(dry_run=True)
    assert SweepReport.objects.get().began_at == long_ago
    make_photo(me, age=timedelta(minutes=5))
    sweep()
    assert SweepReport.objects.get().done == {"photos not arrived yet": 1}
    assert "photos not arrived yet: 1" in text_of(operator.get(PIPELINE))


# --- Failures ---


def test_failures_are_grouped_by_cause_with_an_example(operator: Client, aws: Any, me: Any, keep_original: Any) -> None:
    for _ in range(2):
        failed(aws, me, keep_original)
    refused = failed(aws, me, keep_original, status="rejected")
    found = [(cause.code, cause.status, cause.count) for cause in failures.causes()]
    assert found == [("labels_failed", "Failed", 2), ("damaged", "Refused", 1)]
    page = text_of(operator.get(PIPELINE))
    assert f'href="{FAILURES}?cause=labels_failed"' in page
    assert refused.file_name in page


def test_the_ticked_are_tried_again_and_no_others(
    operator: Client, aws: Any, me: Any, keep_original: Any, states: Any
) -> None:
    first, second = failed(aws, me, keep_original), failed(aws, me, keep_original)
    other = failed(aws, me, keep_original, status="rejected")
    chosen = {"which": "chosen", "photo": [str(first.pk), str(other.pk), "nonsense"]}
    page = text_of(operator.post(f"{FAILURES}?cause=labels_failed", chosen, follow=True))
    assert "1 × It is being processed again." in page
    assert second.file_name in page
    assert [name[:36] for name in states.names()] == [str(first.pk)]
    assert "No photo was chosen." in text_of(operator.post(f"{FAILURES}?cause=labels_failed", follow=True))


@pytest.mark.parametrize("which", ["all", "chosen"])
def test_what_the_cap_has_stopped_is_not_tried_again_while_it_holds(
    operator: Client, aws: Any, me: Any, settings: Any, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    settings.MONTHLY_COST_CAP = 1
    now = timezone.now()
    Pause.objects.create(pk=1, since=now, until=now + timedelta(days=1), cap=1, spent=1)
    photo = make_photo(me, status="failed", reason_code=contract.Failure.PAUSED)
    tried: list[Any] = []
    monkeypatch.setattr(failures, "run_again", tried.append)
    monkeypatch.setattr(tasks.run_cause_again, "delay", lambda *each: tried.append(each))
    page = text_of(operator.post(f"{FAILURES}?cause=paused", {"which": which, "photo": str(photo.pk)}, follow=True))
    assert "The cap on costs would stop them again" in page
    assert not tried


def test_all_of_a_cause_are_tried_again_some_at_a_time_and_once(
    operator: Client, aws: Any, me: Any, keep_original: Any, states: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "TOGETHER", 2)
    photos = [failed(aws, me, keep_original) for _ in range(5)]
    refused = failed(aws, me, keep_original, status="rejected")
    operator.post(f"{FAILURES}?cause=labels_failed", {"which": "all"})
    assert sorted(name[:36] for name in states.names()) == sorted(str(photo.pk) for photo in photos)
    assert not any(catalog.get(photo).batch_id for photo in photos)
    assert catalog.get(refused).requested_run == ""


def test_what_failed_after_it_was_asked_for_is_not_tried_again(
    aws: Any, me: Any, keep_original: Any, states: Any
) -> None:
    failed(aws, me, keep_original)
    tasks.run_cause_again("labels_failed", (timezone.now() - timedelta(minutes=1)).isoformat())
    assert states.names() == []


# --- Label precision ---


def test_what_owners_deny_and_add_is_counted_the_worst_first(operator: Client, aws: Any, me: Any) -> None:
    photos = [ready(aws, me, "Cat", "Dog", "Bird") for _ in range(4)]
    other = ready(aws, make_user(), "Cat")
    for photo in photos[:3]:
        deny(photo=photo, name="Dog")
    deny(photo=other, name="Cat")
    add(photo=photos[0], name="Zebra")
    add(photo=photos[1], name="Bird")

    tasks.count_corrections()

    rows = {row.name: (row.found, row.denied, row.added) for row in LabelPrecision.objects.all()}
    assert rows == {"Dog": (4, 3, 0), "Cat": (5, 1, 0), "Bird": (4, 0, 0), "Zebra": (0, 0, 1)}
    page = text_of(operator.get(LABELS))
    assert page.index("Dog") < page.index("Cat") < page.index("Zebra")
    assert "Bird" not in page
    assert "25 %" in page
    assert "Dog: denied 3 of 4" in text_of(operator.get(PIPELINE))


# --- Campaigns ---


def test_a_campaign_is_planned_watched_and_taken_back_on_its_page(
    operator: Client, aws: Any, me: Any, states: Any
) -> None:
    photo = ready(aws, me, "Cat", "Animal")
    address = {"name": "Lower", "min_confidence": "40", "owner": me.email.upper()}
    page = text_of(operator.post(CAMPAIGNS, address, follow=True))
    campaign = Campaign.objects.get()
    path = campaign.get_absolute_url()
    assert (campaign.owner, campaign.min_confidence, campaign.asks_anew) == (me, 40, False)
    assert "1 photo," in page
    assert "less than $0.01" in page
    assert "Nothing has begun." in page

    assert "It begins within seconds." in text_of(operator.post(path, {"action": "start"}, follow=True))
    tasks.move_campaigns()
    answer(aws, states, "Cat", "Kitten")
    tasks.move_campaigns()
    tasks.move_campaigns()
    page = text_of(operator.get(path))
    assert "Finished" in page
    for words in ("<del>Animal</del>", "<ins>Kitten</ins>", "X-Amz-Signature", photo.file_name):
        assert words in page

    operator.post(path, {"action": "roll_back"})
    tasks.move_campaigns()
    page = text_of(operator.get(path))
    assert "Rolled back" in page
    assert "Taken back: 1 photo has its labels of before again." in page
    assert "What it had changed" in page
    assert '<h2 id="changed">What changed' not in page
    assert "<del>Animal</del>" in page, "what it did is kept to be looked at"
    assert "Rolled back" in text_of(operator.get(CAMPAIGNS))


def test_each_campaign_has_a_name_of_its_own_to_begin_with(operator: Client) -> None:
    names = []
    for _ in range(3):
        names.append(operator.get(CAMPAIGNS).context["form"]["name"].value())
        operator.post(CAMPAIGNS, {"name": names[-1], "asks_anew": "on"})
    assert names == [names[0], f"{names[0]}, no. 2", f"{names[0]}, no. 3"]


@pytest.mark.parametrize(
    ("wanted", "asks"),
    [({"asks_anew": "on"}, True), ({"min_confidence": "40"}, True), ({"min_confidence": "80"}, False),
     ({"min_confidence": "80", "asks_anew": "on"}, True)],
)  # fmt: skip
def test_an_estimate_knows_where_answers_that_are_kept_suffice(
    operator: Client, aws: Any, me: Any, settings: Any, wanted: dict[str, str], asks: bool
) -> None:
    settings.MIN_CONFIDENCE = 55
    ready(aws, me, "Cat")
    page = text_of(operator.post(CAMPAIGNS, {"name": "New", **wanted}, follow=True))
    estimate = Campaign.objects.get().estimate
    assert estimate["asks"] == asks
    assert (estimate["dollars"] >= 0.001) == asks
    assert ("of which no answer is kept" in page) != asks


@pytest.mark.parametrize(("dollars", "warns"), [(None, False), ("5", False), ("0.0001", True), ("0", True)])
def test_an_estimate_says_what_is_left_under_the_cap_and_warns_of_more(
    operator: Client, aws: Any, me: Any, settings: Any, dollars: str | None, warns: bool
) -> None:
    ready(aws, me, "Cat")
    settings.MONTHLY_COST_CAP = Decimal(dollars) if dollars else None
    page = text_of(operator.post(CAMPAIGNS, {"name": "New", "asks_anew": "on"}, follow=True))
    assert ("left this month" in page) == (dollars is not None)
    assert ("more than is left under the cap" in page) == warns


def test_a_campaign_shows_no_picture_of_what_is_withheld(operator: Client, aws: Any, me: Any, states: Any) -> None:
    photo = ready(aws, me, "Cat")
    operator.post(CAMPAIGNS, {"name": "Lower", "min_confidence": "40"})
    campaign = Campaign.objects.get()
    operator.post(campaign.get_absolute_url(), {"action": "start"})
    finish(aws, states, campaign, "Kitten")
    Photo.objects.filter(pk=photo.pk).update(cleared=False, review=Review.QUARANTINED)
    page = text_of(operator.get(campaign.get_absolute_url()))
    assert "<ins>Kitten</ins>" in page
    assert "X-Amz-Signature" not in page


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "Say what is to be different"),
        ({"min_confidence": "0"}, "greater than or equal to 1"),
        ({"min_confidence": "101"}, "less than or equal to 100"),
        ({"asks_anew": "on", "owner": "nobody@example.org"}, "Nobody here has this address"),
        ({"asks_anew": "on", "uploaded_from": "2026-02-02", "uploaded_until": "2026-01-01"}, "before the first day"),
        ({"asks_anew": "on", "name": ""}, "This field is required"),
    ],
)
def test_a_plan_that_makes_no_sense_is_sent_back_with_what_to_do(
    operator: Client, wrong: dict[str, str], said: str
) -> None:
    response = operator.post(CAMPAIGNS, {"name": "New", **wrong})
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not Campaign.objects.exists()


def test_what_comes_too_late_is_said_and_does_nothing(operator: Client, states: Any) -> None:
    campaign = campaigns.plan(by=make_staff(), name="One", asks_anew=True)
    path = campaign.get_absolute_url()
    assert "not in that state any more" in text_of(operator.post(path, {"action": "resume"}, follow=True))
    operator.post(path, {"action": "nonsense"})
    campaigns.start(campaign)
    other = campaigns.plan(by=make_staff(), name="Two", asks_anew=True)
    refused = text_of(operator.post(other.get_absolute_url(), {"action": "start"}, follow=True))
    assert "Another campaign is under way." in refused
    operator.post(other.get_absolute_url(), {"action": "discard"})
    assert Campaign.objects.get().name == "One"


def test_where_aws_does_not_answer_nothing_is_planned(operator: Client, aws: Any, me: Any, breaks: Any) -> None:
    ready(aws, me, "Cat")
    breaks("dynamodb", "BatchGetItem")
    response = operator.post(CAMPAIGNS, {"name": "New", "asks_anew": "on", "label_model": "Old 1"})
    assert "AWS did not answer, and nothing was noted." in response.content.decode()
    assert not Campaign.objects.exists()


def test_a_campaign_goes_with_the_person_whose_photos_it_was_about(aws: Any, states: Any) -> None:
    person, planner = make_user(), make_staff()
    campaign = campaigns.plan(by=planner, name="One", asks_anew=True)
    campaigns.plan(by=planner, name="Theirs", asks_anew=True, owner=person)
    finish(aws, states, campaign)
    person.delete()
    planner.delete()
    assert [(each.name, each.created_by) for each in Campaign.objects.all()] == [("One", None)]
