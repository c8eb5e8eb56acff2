"""Relabelling many photos as one job, in a fake AWS."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_photo, make_staff, make_user, put_record
from tests.webapp.photos.pages import ready, text_of
from webapp.costs.models import Pause, Use
from webapp.operations import campaigns, moving
from webapp.operations.models import Campaign, CampaignLabel, CampaignStatus
from webapp.operations.moving import move_on, step
from webapp.photos import catalog
from webapp.photos.corrections import deny
from webapp.photos.history import history
from webapp.photos.index import index, recount
from webapp.photos.models import Photo
from webapp.photos.reruns import rerun

from .worlds import MODEL, answer, counts, fail, finish, shown, store, under_way

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_once(settings: Any) -> None:
    settings.CAMPAIGN_PAUSE_SECONDS = 0
    settings.CAMPAIGN_STEP_SECONDS = 0


def plan(**wanted: Any) -> Campaign:
    return campaigns.plan(by=make_staff(), **{"name": "Better labels", **wanted})


def started(**wanted: Any) -> Campaign:
    campaign = plan(**wanted)
    campaigns.start(campaign)
    return campaign


def stands(campaign: Campaign) -> dict[str, int]:
    return {status: count for status, count in campaign.counts().items() if count}


# --- From the estimate to the end ---


def test_a_campaign_relabels_every_ready_photo_and_says_what_changed(aws: Any, states: Any, me: Any) -> None:
    photos = [ready(aws, me, "Cat", "Animal") for _ in range(6)]
    make_photo(me)
    campaign = plan(min_confidence=55, asks_anew=True)
    assert (campaign.estimate["photos"], campaign.status) == (6, "estimated")
    assert campaign.estimate["dollars"] > 0

    campaigns.start(campaign)
    step(campaign)
    assert len(under_way(states)) == 4, "a few at a time"
    relabel = states.run_of(under_way(states)[0]).relabel
    assert (relabel.min_confidence, relabel.anew) == (55, campaign.tag)
    assert shown(photos[0]) == ["Animal", "Cat"], "the old labels stay until new ones are there"
    assert Photo.objects.filter(status="ready", cleared=True).count() == 6

    answer(aws, states, "Cat", "Kitten")
    finish(aws, states, campaign, "Cat", "Kitten")

    assert (campaign.status, campaign.turn, stands(campaign)) == ("finished", None, {"done": 6})
    assert [shown(photo) for photo in photos] == [["Cat", "Kitten"]] * 6
    assert counts(me) == {"Cat": 6, "Kitten": 6}
    tallies = CampaignLabel.objects.order_by("name").values_list("name", "gained", "lost")
    assert list(tallies) == [("Animal", 0, 6), ("Kitten", 6, 0)]
    row = campaign.photos.first()
    assert [name for name, _ in row.shown_before] == ["Animal", "Cat"]
    assert row.changes == 2


def test_a_part_is_chosen_by_owner_label_model_and_day(aws: Any, states: Any, me: Any) -> None:
    mine, other = ready(aws, me, "Cat"), ready(aws, make_user(), "Dog")
    old = ready(aws, me, "Cat", uploaded_at=timezone.now() - timedelta(days=40))
    put_record(aws.table, old, labels=["Cat"], label_model="Old 1")
    today = timezone.now().date()
    assert list(plan(owner=me).scope()) == [old, mine] or set(plan(owner=me).scope()) == {old, mine}
    assert set(plan(label="Dog").scope()) == {other}
    assert set(plan(uploaded_from=today - timedelta(days=1)).scope()) == {mine, other}
    assert set(plan(uploaded_until=today - timedelta(days=1)).scope()) == {old}

    campaign = started(label_model="Old 1")
    assert campaign.estimate["photos"] == 1
    finish(aws, states, campaign, "Lion")
    assert [row.photo for row in campaign.photos.all()] == [old]
    assert (shown(old), shown(mine)) == (["Lion"], ["Cat"])


def test_no_photo_is_enough_for_an_end(aws: Any, states: Any) -> None:
    campaign = started()
    finish(aws, states, campaign)
    assert (campaign.status, stands(campaign)) == ("finished", {})


def test_what_the_owner_said_of_labels_holds_before_and_behind_it(aws: Any, states: Any, me: Any) -> None:
    photo = ready(aws, me, "Cat", "Animal")
    deny(photo=photo, name="Animal")
    campaign = started()
    finish(aws, states, campaign, "Animal", "Pet")
    assert shown(photo) == ["Pet"]
    campaigns.roll_back(campaign)
    finish(aws, states, campaign)
    assert shown(photo) == ["Cat"]
    assert catalog.get(photo).denied_labels == {"Animal"}


# --- Pause, resume, cancel ---


def test_a_paused_campaign_begins_nothing_and_ends_what_was_begun(aws: Any, states: Any, me: Any) -> None:
    for _ in range(6):
        ready(aws, me, "Cat")
    campaign = started()
    step(campaign)
    campaigns.pause(campaign)
    answer(aws, states, "Dog")
    finish(aws, states, campaign, "Dog")
    assert (campaign.status, stands(campaign)) == ("paused", {"waiting": 2, "done": 4})
    assert not Campaign.objects.moving().exists()

    campaigns.resume(campaign)
    finish(aws, states, campaign, "Dog")
    assert (campaign.status, counts(me)) == ("finished", {"Dog": 6})


def test_a_cancelled_campaign_keeps_what_it_did_and_can_be_rolled_back(aws: Any, states: Any, me: Any) -> None:
    for _ in range(6):
        ready(aws, me, "Cat")
    campaign = started()
    step(campaign)
    campaigns.cancel(campaign)
    finish(aws, states, campaign, "Dog")
    assert (campaign.status, counts(me)) == ("cancelled", {"Cat": 2, "Dog": 4})
    assert stands(campaign)["waiting"] == 2
    campaigns.roll_back(campaign)
    finish(aws, states, campaign)
    assert (campaign.status, counts(me)) == ("rolled_back", {"Cat": 6})


def test_one_campaign_is_under_way_at_a_time(aws: Any, states: Any) -> None:
    first, second = started(), plan()
    with pytest.raises(campaigns.Refused, match="Another campaign is under way"):
        campaigns.start(second)
    finish(aws, states, first)
    campaigns.start(second)
    with pytest.raises(campaigns.Refused, match="Another campaign"):
        campaigns.roll_back(first)


@pytest.mark.parametrize("verb", [campaigns.pause, campaigns.resume, campaigns.cancel, campaigns.roll_back])
def test_a_verb_that_comes_too_late_changes_nothing(verb: Any) -> None:
    campaign = plan()
    with pytest.raises(campaigns.Refused):
        verb(campaign)
    assert Campaign.objects.get().status == "estimated"


def test_a_campaign_that_was_never_started_can_be_forgotten() -> None:
    campaigns.discard(plan())
    assert not Campaign.objects.exists()
    with pytest.raises(campaigns.Refused):
        campaigns.discard(started())


# --- What goes wrong ---


def test_a_run_that_finds_no_labels_leaves_the_photo_as_it_was(aws: Any, states: Any, me: Any) -> None:
    photo = ready(aws, me, "Cat")
    campaign = started()
    step(campaign)
    (name,) = under_way(states)
    fail(aws, states.run_of(name))
    states.end(name)
    finish(aws, states, campaign)
    row = campaign.photos.get()
    assert (row.status, shown(photo), Photo.objects.get().status) == ("failed", ["Cat"], "ready")
    assert "InvalidImageFormatException" in row.why


def test_a_run_that_dies_is_begun_again_under_another_name_and_not_for_ever(aws: Any, states: Any, me: Any) -> None:
    photo = ready(aws, me, "Cat")
    campaign = started()
    for _ in range(10):
        step(campaign)
        for name in under_way(states):
            dead = states.run_of(name)
            states.end(name)
    assert len(states.names()) == 3
    assert (stands(campaign), shown(photo)) == ({"failed": 1}, ["Cat"])
    with pytest.raises(Exception, match="-3"):
        store(aws, dead, "Too late")
    assert [label.name for label in catalog.get(photo).labels] == ["Cat"]


def test_a_run_that_stores_its_labels_as_it_is_given_up_can_be_taken_back(
    aws: Any, states: Any, me: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = ready(aws, me, "Cat")
    campaign = started()
    step(campaign)
    (name,) = under_way(states)
    states.end(name)
    end_relabel = catalog.end_relabel

    def store_before(*ended: Any) -> Any:
        monkeypatch.undo()
        store(aws, states.run_of(name), "Dog")
        return end_relabel(*ended)

    monkeypatch.setattr(catalog, "end_relabel", store_before)
    finish(aws, states, campaign, "Bird")
    assert (states.names(), shown(photo), stands(campaign)) == ([name], ["Dog"], {"done": 1})
    campaigns.roll_back(campaign)
    finish(aws, states, campaign)
    assert shown(photo) == ["Cat"]


@pytest.mark.parametrize("moment", ["UpdateItem", "StartExecution"])
def test_a_worker_that_is_killed_between_two_writes_is_followed_by_one_run(
    aws: Any, states: Any, me: Any, breaks: Any, moment: str
) -> None:
    photo = ready(aws, me, "Cat")
    campaign = started()
    breaks("dynamodb" if moment == "UpdateItem" else "stepfunctions", moment, times=1)
    with pytest.raises(Exception, match="ServiceUnavailable"):
        step(campaign)
    assert (stands(campaign), states.names()) == ({"running": 1}, [])

    finish(aws, states, campaign, "Dog")

    assert (len(states.names()), shown(photo), stands(campaign)) == (1, ["Dog"], {"done": 1})
    campaigns.roll_back(campaign)
    finish(aws, states, campaign)
    assert shown(photo) == ["Cat"], "what it was like is noted before anything is done"


def test_a_rollback_that_is_killed_half_way_is_ended_by_the_next(
    aws: Any, states: Any, me: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = [ready(aws, me, "Cat") for _ in range(3)]
    campaign = started()
    finish(aws, states, campaign, "Dog")
    campaigns.roll_back(campaign)
    catalog_restores = [catalog.restore_labels(_before(row), row.run_id) for row in campaign.photos.all()[:2]]
    assert all(catalog_restores)

    finish(aws, states, campaign)

    assert (campaign.status, stands(campaign)) == ("rolled_back", {"restored": 3})
    assert [shown(photo) for photo in photos] == [["Cat"]] * 3


def test_two_workers_that_roll_back_at_once_agree_on_what_came_back(
    aws: Any, states: Any, me: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(aws, me, "Cat")
    campaign = started()
    finish(aws, states, campaign, "Dog")
    campaigns.roll_back(campaign)
    restore_labels = catalog.restore_labels

    def restore_beside(*asked: Any) -> Any:
        restore_labels(*asked)
        return restore_labels(*asked)

    monkeypatch.setattr(catalog, "restore_labels", restore_beside)
    finish(aws, states, campaign)
    assert stands(campaign) == {"restored": 1}


def _before(row: Any) -> contract.Photo:
    from webapp.operations.forward import as_before

    return as_before(row, catalog.get(row.photo))


def test_a_worker_that_was_killed_leaves_its_lease_to_run_out(aws: Any, states: Any) -> None:
    campaign = started()
    later = timezone.now() + timedelta(seconds=30)
    Campaign.objects.update(leased_until=later)
    assert not move_on()
    Campaign.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert move_on()
    campaign.refresh_from_db()
    assert (campaign.status, campaign.leased_until) == (CampaignStatus.FINISHED, None)


def test_without_a_campaign_there_is_nothing_to_do() -> None:
    assert not moving.move_on()


def test_a_photo_that_nobody_can_make_sense_of_stops_no_other(aws: Any, states: Any, me: Any) -> None:
    odd, photo = ready(aws, me, "Cat"), ready(aws, me, "Cat")
    campaign = started()
    step(campaign)
    campaign.photos.filter(photo=odd).update(before={"of_run": catalog.get(odd).run_id})
    finish(aws, states, campaign, "Dog")
    assert (campaign.status, stands(campaign), shown(photo)) == ("finished", {"failed": 1, "done": 1}, ["Dog"])


def test_a_campaign_waits_while_the_cap_on_costs_pauses_analysis(
    aws: Any, states: Any, me: Any, settings: Any, client: Any
) -> None:
    settings.MONTHLY_COST_CAP = 1
    photo = ready(aws, me, "Cat")
    campaign = started()
    step(campaign)
    (name,) = under_way(states)
    fail(aws, states.run_of(name), contract.reason(contract.Failure.PAUSED, until="1 December 2026"))
    states.end(name)
    now = timezone.now()
    Pause.objects.create(pk=1, since=now, until=now + timedelta(days=1), cap=1, spent=1)
    settings.CAMPAIGN_STEP_SECONDS = 60
    assert move_on(), "and does not stay with it until the pause is over"
    assert (stands(campaign), under_way(states), shown(photo)) == ({"waiting": 1}, [], ["Cat"])
    client.force_login(make_staff())
    assert "It waits: the cap on costs" in text_of(client.get(campaign.get_absolute_url()))

    Pause.objects.all().delete()
    finish(aws, states, campaign, "Dog")
    assert (campaign.status, shown(photo)) == ("finished", ["Dog"])


def test_what_relabelling_used_is_noted_with_its_run(aws: Any, states: Any, me: Any) -> None:
    photo = ready(aws, me, "Cat")
    campaign = started()
    finish(aws, states, campaign, "Dog")
    (use,) = Use.objects.filter(photo=photo.pk)
    assert (use.key, use.lambda_requests, use.owner) == (campaign.photos.get().run_id, 3, me)


# --- Others at the same photo ---


def test_a_photo_that_is_deleted_meanwhile_is_left_out(aws: Any, states: Any, me: Any) -> None:
    photo, kept = ready(aws, me, "Cat"), ready(aws, me, "Cat")
    campaign = started()
    step(campaign)
    catalog.begin_delete(photo)
    finish(aws, states, campaign)
    assert campaign.photos.get(photo=kept).status == "done"
    assert campaign.photos.get(photo=photo).status == "skipped"


def test_a_run_of_the_whole_photo_wins_and_its_labels_are_asked_for_again(
    aws: Any, states: Any, me: Any, keep_original: Any
) -> None:
    photo = ready(aws, me, "Cat")
    keep_original(photo)
    campaign = started()
    step(campaign)
    (relabel,) = under_way(states)
    rerun(photo)
    seen = catalog.get(photo)
    put_record(aws.table, photo, labels=["Tiger"], run_id=seen.requested_run, attempt=2)
    with pytest.raises(Exception, match=relabel):
        store(aws, states.run_of(relabel), "Dog")
    for name in under_way(states):
        states.end(name)
    index([photo.pk])

    finish(aws, states, campaign, "Dog")
    assert (shown(photo), stands(campaign)) == (["Dog"], {"done": 1})
    campaigns.roll_back(campaign)
    finish(aws, states, campaign)
    assert shown(photo) == ["Tiger"]


def test_the_owner_is_told_that_labels_of_before_were_brought_back(aws: Any, states: Any, me: Any) -> None:
    photo = ready(aws, me, "Cat")
    campaign = started(asks_anew=True)
    finish(aws, states, campaign, "Dog")
    assert catalog.get(photo).asked_anew == campaign.tag
    campaigns.roll_back(campaign)
    finish(aws, states, campaign)
    record = catalog.get(photo)
    (attempt,) = history(photo, record).attempts
    assert [event.word for event in attempt.events[-2:]] == ["Labels looked for anew", "Labels of before brought back"]
    assert record.asked_anew == ""
    again = started()
    finish(aws, states, again, "Bird")
    assert shown(photo) == ["Bird"], "and it can be relabelled as before"


def test_a_rollback_leaves_alone_what_was_run_since(aws: Any, states: Any, me: Any) -> None:
    photo, other = ready(aws, me, "Cat"), ready(aws, me, "Cat")
    campaign = started()
    finish(aws, states, campaign, "Dog")
    put_record(aws.table, photo, labels=["Tiger"], attempt=2)
    index([photo.pk])
    campaigns.roll_back(campaign)
    finish(aws, states, campaign)
    assert (shown(photo), shown(other), stands(campaign)) == (["Tiger"], ["Cat"], {"restored": 1, "kept": 1})
    before = counts(me)
    recount(me.pk)
    assert counts(me) == before == {"Tiger": 1, "Cat": 1}


def test_campaigns_are_rolled_back_one_over_the_other(aws: Any, states: Any, me: Any) -> None:
    photo = ready(aws, me, "Cat")
    first = started()
    finish(aws, states, first, "Dog")
    second = started()
    finish(aws, states, second, "Bird")
    assert catalog.get(photo).label_model == MODEL
    campaigns.roll_back(first)
    finish(aws, states, first)
    assert (shown(photo), stands(first)) == (["Bird"], {"kept": 1})
    campaigns.roll_back(second)
    finish(aws, states, second)
    assert shown(photo) == ["Dog"]
