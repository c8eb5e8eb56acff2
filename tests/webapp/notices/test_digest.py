"""Digests, from the choice of a person to the mail they get: sent by the beat, across clock changes and kills."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email import message_from_string, policy
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from pipeline_lambdas.photo_pipeline.handlers import notify_user
from tests.factories import make_batch, make_photo, make_user, put_batch, put_record
from webapp.accounts import bounces, preferences, sms
from webapp.accounts.models import NotificationPreferences, User
from webapp.costs.models import Use
from webapp.notices import digest, tasks, telling
from webapp.notices.models import Gathered, Notice
from webapp.photos.models import Batch

pytestmark = pytest.mark.django_db


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(moment("2026-11-22T12:00:00"), tick=False) as traveller:
        yield traveller


def choose(user: User, **overrides: Any) -> NotificationPreferences:
    wishes = {"channel": "mail", "only_problems": False, "phone": "", "rhythm": "daily", "hour": 8,
              "time_zone": "Europe/Berlin", **overrides}  # fmt: skip
    chosen = preferences.choose(user=user, **wishes)
    preferences.copy(str(user.pk))
    return chosen


def upload(aws: SimpleNamespace, owner: Any, *, ready: int = 1, failed: int = 0, tell: bool = True) -> Batch:
    """A batch that ended now, and whose notice the pipeline looked at."""
    batch = make_batch(owner, expected=ready + failed)
    ends = {"ready": ready, "failed": failed}
    ids: dict[str, Any] = {status: set() for status in ends}
    for status, count in ends.items():
        for _ in range(count):
            photo = make_photo(owner, batch=batch, status=status)
            put_record(aws.table, photo, status=status)
            ids[status].add(str(photo.pk))
    put_batch(aws.table, batch, **{status: each for status, each in ids.items() if each})
    if tell:
        notify_user.handler({"batch_id": str(batch.pk)}, None)
    return batch


def run_beat(clock: time_machine.Traveller, *, until: str, step: timedelta = timedelta(minutes=20)) -> None:
    now, end = timezone.now(), moment(until)
    while now <= end:
        clock.move_to(now)
        tasks.send_digests()
        now += step


def subjects(pipeline: SimpleNamespace) -> list[str]:
    return [str(message_from_string(mail, policy=policy.default)["Subject"]) for mail in pipeline.mails()]


CHANGES = [
    # zone, the day before at noon, when a digest is due that day and the next
    ("Europe/Berlin", "2026-03-28T11:00:00", "2026-03-29T06:00:00", "2026-03-30T06:00:00"),
    ("Europe/Berlin", "2026-10-24T10:00:00", "2026-10-25T07:00:00", "2026-10-26T07:00:00"),
    ("America/New_York", "2026-03-07T17:00:00", "2026-03-08T12:00:00", "2026-03-09T12:00:00"),
    ("America/New_York", "2026-10-31T16:00:00", "2026-11-01T13:00:00", "2026-11-02T13:00:00"),
    ("Australia/Sydney", "2026-04-04T01:00:00", "2026-04-04T22:00:00", "2026-04-05T22:00:00"),
    ("Australia/Sydney", "2026-10-03T02:00:00", "2026-10-03T21:00:00", "2026-10-04T21:00:00"),
]


@pytest.mark.parametrize(("zone", "start", "due", "then"), CHANGES)
def test_three_batches_make_one_mail_at_the_persons_hour_across_a_clock_change(
    aws: SimpleNamespace, pipeline: SimpleNamespace, clock: Any, zone: str, start: str, due: str, then: str
) -> None:
    clock.move_to(moment(start))
    user = make_user()
    choose(user, time_zone=zone)
    for failed in (0, 1, 0):
        clock.shift(timedelta(hours=1))
        upload(aws, user, ready=2, failed=failed)
    assert subjects(pipeline) == [], "the pipeline itself tells nothing"

    run_beat(clock, until=f"{moment(due) - timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}")
    assert subjects(pipeline) == []
    clock.move_to(moment(due))
    run_beat(clock, until=then)
    assert subjects(pipeline) == ["Your day: 6 photos ready, 1 failed"]
    sent = Notice.objects.get()
    assert (sent.sent_at, sent.told, sent.kind) == (moment(due), True, "daily")

    upload(aws, user)
    run_beat(clock, until=f"{moment(then) + timedelta(days=1):%Y-%m-%dT%H:%M:%S}")
    assert subjects(pipeline) == ["Your day: 6 photos ready, 1 failed", "Your day: 1 photo ready"]


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_an_hour_that_the_clock_leaves_out_or_repeats_has_one_digest(
    aws: SimpleNamespace, pipeline: SimpleNamespace, clock: Any, day: str
) -> None:
    clock.move_to(moment(f"{day}T00:00:00") - timedelta(hours=4))
    user = make_user()
    choose(user, hour=2)
    for _ in range(8):
        upload(aws, user)
        run_beat(clock, until=f"{timezone.now() + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}")
    assert len(pipeline.mails()) == 1


def test_a_weekly_digest_gathers_its_week(aws: SimpleNamespace, pipeline: SimpleNamespace, clock: Any) -> None:
    user = make_user()
    choose(user, rhythm="weekly", weekday=4)
    for _ in range(5):
        upload(aws, user)
        clock.shift(timedelta(days=1))
        tasks.send_digests()
    assert subjects(pipeline) == ["Your week: 5 photos ready"]


def test_a_digest_with_nothing_to_tell_is_not_sent_and_the_next_one_is(
    aws: SimpleNamespace, pipeline: SimpleNamespace, clock: Any
) -> None:
    user = make_user()
    choose(user, only_problems=True)
    upload(aws, user)
    clock.shift(timedelta(days=1))
    tasks.send_digests()
    assert (pipeline.asked, Notice.objects.count()) == ([], 0)

    choose(user, only_problems=False)
    upload(aws, user, failed=1)
    clock.shift(timedelta(days=1))
    tasks.send_digests()
    assert subjects(pipeline) == ["Your day: 1 photo ready, 1 failed"], "what nobody wanted to know is not told later"


def test_what_was_told_before_the_choice_is_not_told_again(
    aws: SimpleNamespace, pipeline: SimpleNamespace, clock: Any
) -> None:
    user = make_user()
    choose(user, rhythm="batch")
    upload(aws, user)
    clock.shift(timedelta(hours=1))
    late = upload(aws, user, tell=False)
    choose(user)
    clock.shift(timedelta(hours=1))
    notify_user.handler({"batch_id": str(late.pk)}, None)  # it ended after the choice
    clock.shift(timedelta(days=1))
    tasks.send_digests()
    assert subjects(pipeline) == ["1 photo ready", "Your day: 1 photo ready"]


def test_who_goes_back_to_each_upload_is_told_of_those_until_then_at_once_and_once(
    aws: SimpleNamespace, pipeline: SimpleNamespace, clock: Any
) -> None:
    user = make_user()
    choose(user, rhythm="weekly")
    upload(aws, user, ready=2, failed=1)
    clock.shift(timedelta(hours=2))
    choose(user, rhythm="batch")
    clock.shift(timedelta(minutes=1))
    upload(aws, user)
    for _ in range(3):
        tasks.send_digests()
        clock.shift(timedelta(days=1))
    assert subjects(pipeline) == ["1 photo ready", "Your day: 2 photos ready, 1 failed"]
    chosen = NotificationPreferences.objects.get(user=user)
    assert (chosen.next_digest_at, chosen.digests_since) == (None, None)


def test_who_wants_no_notices_any_more_gets_no_last_summary(
    aws: SimpleNamespace, pipeline: SimpleNamespace, clock: Any
) -> None:
    user = make_user()
    choose(user)
    upload(aws, user)
    preferences.turn_off(user=user)
    preferences.copy(str(user.pk))
    choose(user, rhythm="batch")
    clock.shift(timedelta(days=2))
    tasks.send_digests()
    assert subjects(pipeline) == []


def test_a_person_without_digests_has_no_time_for_one(db: None) -> None:
    user = make_user()
    assert preferences.choose(user=user, channel="mail", only_problems=False, phone="").next_digest_at is None
    assert preferences.choose(user=user, channel="mail", only_problems=False, phone="", rhythm="daily").next_digest_at
    assert not preferences.choose(user=user, channel="none", only_problems=False, phone="").next_digest_at


def test_a_digest_that_is_due_stays_so_when_something_else_is_chosen(db: None, clock: Any) -> None:
    user = make_user()
    due = preferences.choose(user=user, channel="mail", only_problems=False, phone="", rhythm="daily").next_digest_at
    clock.shift(timedelta(days=2))
    assert preferences.choose(user=user, channel="mail", only_problems=True, phone="").next_digest_at == due
    changed = preferences.choose(user=user, channel="mail", only_problems=True, phone="", hour=9).next_digest_at
    assert changed is not None
    assert changed > timezone.now()


def test_who_is_due_is_one_query_over_an_index(db: None) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert digest.send_due() == 0
    (query,) = queries.captured_queries
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            first, *_joined = [row[-1] for row in cursor.fetchall()]
        assert "INDEX accounts_notificationpreferences_next_digest_at" in first


def test_what_a_summary_and_a_test_cost_is_counted_once_and_for_their_person(
    aws: SimpleNamespace, pipeline: SimpleNamespace, clock: Any
) -> None:
    user = make_user()
    choose(user)
    upload(aws, user)
    telling.begin_test(user=user)
    clock.shift(timedelta(days=1))
    for _ in range(3):
        tasks.send_digests()
    assert len(pipeline.mails()) == 2
    uses = Use.objects.filter(owner=user, mails=1, photos=0)
    assert {use.key for use in uses} == {f"batch-{notice.pk}" for notice in Notice.objects.all()}
    assert Use.objects.totals()[0].mails == 2


# --- While nothing reaches the person ---


def stop(user: User, *, because: Any = bounces.BOUNCE) -> None:
    bounces.stop(address=user.email, because=because, at=timezone.now())


def resume(user: User) -> None:
    assert bounces.resume(user=user)
    preferences.copy(str(user.pk))


@pytest.mark.parametrize("because", [bounces.BOUNCE, bounces.COMPLAINT])
def test_digests_that_pass_by_while_mail_is_stopped_are_told_by_the_next_one_at_its_hour(
    aws: SimpleNamespace, pipeline: SimpleNamespace, clock: Any, because: Any
) -> None:
    user = make_user()
    choose(user)
    stop(user, because=because)
    upload(aws, user, ready=2)
    run_beat(clock, until="2026-11-24T12:00:00")
    upload(aws, user, failed=1)
    run_beat(clock, until="2026-11-25T12:00:00")
    assert pipeline.asked == []
    resume(user)
    upload(aws, user)
    run_beat(clock, until="2026-11-26T06:40:00")
    assert subjects(pipeline) == []
    run_beat(clock, until="2026-11-28T12:00:00")
    assert subjects(pipeline) == ["Your day: 4 photos ready, 1 failed"]
    assert Notice.objects.exclude(kind=because).get().sent_at == moment("2026-11-26T07:00:00")


def test_what_was_missed_is_told_of_the_last_four_weeks(
    aws: SimpleNamespace, pipeline: SimpleNamespace, clock: Any
) -> None:
    user = make_user()
    choose(user)
    stop(user)
    for _ in range(3):
        upload(aws, user)
        run_beat(clock, until=f"{timezone.now() + timedelta(days=12):%Y-%m-%dT%H:%M:%S}", step=timedelta(days=1))
    resume(user)
    run_beat(clock, until=f"{timezone.now() + timedelta(days=2):%Y-%m-%dT%H:%M:%S}", step=timedelta(hours=4))
    assert subjects(pipeline) == ["Your day: 2 photos ready"]


def test_a_digest_that_was_begun_as_mail_was_stopped_is_told_by_the_next_one(
    aws: SimpleNamespace, pipeline: SimpleNamespace, clock: Any
) -> None:
    user = make_user()
    choose(user)
    upload(aws, user)
    clock.shift(timedelta(days=1))
    pipeline.dead = True
    tasks.send_digests()
    stop(user)
    pipeline.dead = False
    tasks.send_digests()
    tasks.send_digests()
    assert (pipeline.outcomes, Gathered.objects.count()) == (["not_wanted"], 0)
    resume(user)
    run_beat(clock, until=f"{timezone.now() + timedelta(days=1):%Y-%m-%dT%H:%M:%S}")
    assert subjects(pipeline) == ["Your day: 1 photo ready"]


def test_a_digest_that_found_no_room_in_the_day_for_a_text_message_is_told_by_the_next_one(
    aws: SimpleNamespace, pipeline: SimpleNamespace, clock: Any
) -> None:
    user = make_user()
    choose(user, channel="sms", phone="+4915112345678")
    NotificationPreferences.objects.filter(user=user).update(phone_confirmed_at=timezone.now())
    stop(user)
    upload(aws, user)
    clock.move_to(moment("2026-11-23T06:00:00"))
    for _ in range(contract.SMS_A_DAY_EACH):
        sms.count_one(user_id=user.pk)
    run_beat(clock, until="2026-11-23T12:00:00")
    assert pipeline.outcomes == ["not_wanted"]
    assert Notice.objects.get(kind="daily").told_by == "sms"
    run_beat(clock, until="2026-11-24T12:00:00")
    assert pipeline.outcomes == ["not_wanted", "sent"]


def test_who_goes_back_to_each_upload_while_mail_is_stopped_is_told_of_those_until_then(
    aws: SimpleNamespace, pipeline: SimpleNamespace, clock: Any
) -> None:
    user = make_user()
    choose(user)
    stop(user)
    upload(aws, user)
    clock.shift(timedelta(hours=1))
    choose(user, rhythm="batch")
    run_beat(clock, until="2026-11-24T12:00:00")
    resume(user)
    run_beat(clock, until="2026-11-26T12:00:00")
    assert subjects(pipeline) == ["Your day: 1 photo ready"]
    assert NotificationPreferences.objects.get(user=user).next_digest_at is None


# --- Two at once, and whoever is killed ---


@pytest.fixture
def due(aws: SimpleNamespace, pipeline: SimpleNamespace, clock: Any) -> NotificationPreferences:
    """Somebody whose digest is due, and tells of a photo."""
    user = make_user()
    choose(user)
    upload(aws, user)
    clock.shift(timedelta(days=1))
    return NotificationPreferences.objects.get(user=user)


def test_two_workers_that_see_the_same_digest_begin_one(due: NotificationPreferences, pipeline: Any) -> None:
    now = timezone.now()
    first, second = digest.begin(due, now=now), digest.begin(due, now=now)
    assert first is not None
    assert second is None
    telling.settle(first)
    telling.settle(first)
    tasks.send_digests()
    assert pipeline.outcomes == ["sent"]
    assert len(pipeline.mails()) == 1


class Killed(BaseException):
    pass


def _kill(*_: Any, **__: Any) -> Any:
    raise Killed


KILLS: list[tuple[Any, str]] = [
    (digest, "_take"),
    (Gathered.objects, "bulk_create"),
    (telling, "settle"),
    (telling, "_put"),
    (telling.notices, "ask"),
    (telling, "is_being_sent"),
]


@pytest.mark.parametrize(("place", "name"), KILLS, ids=lambda part: part if isinstance(part, str) else "")
def test_a_kill_anywhere_loses_and_repeats_no_digest(
    due: NotificationPreferences, pipeline: Any, clock: Any, place: Any, name: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, name, _kill)
        with pytest.raises(Killed):
            _until_killed()
    for _ in range(5):
        clock.shift(timedelta(minutes=3))
        tasks.send_digests()
    assert len(pipeline.mails()) == 1


def test_what_a_digest_told_that_was_lost_behind_its_claim_is_told_by_the_next_one_at_its_hour(
    due: NotificationPreferences, pipeline: Any, clock: Any
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notify_user, "_send", _kill)
        with pytest.raises(Killed):
            tasks.send_digests()
    run_beat(clock, until="2026-11-24T06:40:00")
    assert subjects(pipeline) == []
    run_beat(clock, until="2026-11-27T12:00:00")
    assert subjects(pipeline) == ["Your day: 1 photo ready"]
    assert [notice.sent_at for notice in Notice.objects.order_by("pk")] == [None, moment("2026-11-24T07:00:00")]


def _until_killed() -> None:
    for _ in range(3):
        tasks.send_digests()


def test_a_dynamodb_that_does_not_answer_leaves_the_digest_due(
    due: NotificationPreferences, pipeline: Any, breaks: Callable[..., None]
) -> None:
    breaks("dynamodb", "BatchGetItem", times=1)
    assert tasks.send_digests() == 0
    assert tasks.send_digests() == 1
    assert len(pipeline.mails()) == 1


def test_a_notice_that_nobody_took_is_asked_for_again(due: NotificationPreferences, pipeline: Any) -> None:
    pipeline.dead = True
    tasks.send_digests()
    pipeline.dead = False
    tasks.send_digests()
    tasks.send_digests()
    assert len(pipeline.asked) == 2
    assert len(pipeline.mails()) == 1
    assert Notice.objects.get().told


def test_one_that_breaks_stops_no_other(due: NotificationPreferences, aws: Any, pipeline: Any, clock: Any) -> None:
    clock.shift(timedelta(days=-1))
    other = make_user()
    choose(other)
    upload(aws, other)
    clock.shift(timedelta(days=1))
    broken = Batch.objects.get(owner=due.user)
    aws.table.update_item(
        Key=contract.batch_item_key(str(broken.pk)),
        UpdateExpression="SET more = :broken",
        ExpressionAttributeValues={":broken": {"ready": "many"}},
    )
    tasks.send_digests()
    assert len(pipeline.mails()) == 1


# --- What a digest shows ---


def test_the_list_on_the_site_says_when_a_summary_told_of_an_upload(
    due: NotificationPreferences, pipeline: Any, client: Client
) -> None:
    client.force_login(due.user)
    assert "in a summary" not in client.get("/notices/").content.decode()
    tasks.send_digests()
    tasks.send_digests()
    page = client.get("/notices/")
    assert "You were told in a summary:" in page.content.decode()
    assert [line.told_at for line in page.context["notices"] if line.is_upload] == [timezone.now()]


def test_a_digest_names_no_photo_in_the_trash_and_counts_it(
    aws: SimpleNamespace, pipeline: SimpleNamespace, clock: Any
) -> None:
    user = make_user()
    choose(user)
    batch = upload(aws, user, ready=2)
    hidden = batch.photos.first()
    assert hidden is not None
    batch.photos.filter(pk=hidden.pk).update(cleared=False, trashed_at=timezone.now())
    clock.shift(timedelta(days=1))
    tasks.send_digests()
    record = contract.from_item(
        contract.Batch, aws.table.get_item(Key=contract.batch_item_key(pipeline.asked[0]))["Item"]
    )
    assert str(hidden.pk) not in record.ready
    assert subjects(pipeline) == ["Your day: 2 photos ready"]


def test_a_digest_of_very_many_photos_has_a_small_record(
    aws: SimpleNamespace, pipeline: SimpleNamespace, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "SHOWN", 3)
    user = make_user()
    choose(user)
    upload(aws, user, ready=5)
    upload(aws, user, ready=2)
    clock.shift(timedelta(days=1))
    tasks.send_digests()
    record = contract.from_item(
        contract.Batch, aws.table.get_item(Key=contract.batch_item_key(pipeline.asked[0]))["Item"]
    )
    assert (len(record.ready), record.more) == (3, {"ready": 4})
    assert subjects(pipeline) == ["Your day: 7 photos ready"]
