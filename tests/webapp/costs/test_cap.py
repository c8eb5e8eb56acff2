"""The monthly cap: when analysis is paused, when it goes on, and what becomes of photos meanwhile."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_photo, make_user, put_record
from tests.webapp.photos.pages import text_of
from webapp.costs import cap
from webapp.costs.models import Pause, Use
from webapp.photos import catalog
from webapp.photos.index import index
from webapp.photos.models import Photo
from webapp.settings.money import monthly_cap

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NEXT = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(settings: Any) -> Any:
    settings.MONTHLY_COST_CAP = Decimal(10)
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def started(aws: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """A Step Functions that takes runs; the counter has their photos."""
    runs: Counter[str] = Counter()
    monkeypatch.setattr("webapp.photos.runs.start", lambda run: bool(runs.update([run.photo_id])) or True)
    return runs


def spend(dollars: int, *, month: datetime = NOW) -> None:
    """A dollar is a thousand questions for labels."""
    Use.objects.create(key=f"spent {Use.objects.count()}", month=month.date().replace(day=1), labels=dollars * 1000)


def stored(aws: SimpleNamespace) -> contract.Pause | None:
    item = aws.table.get_item(Key=contract.pause_item_key()).get("Item")
    return contract.from_item(contract.Pause, item) if item else None


def stopped(aws: SimpleNamespace, owner: Any = None, **overrides: Any) -> Photo:
    """A photo whose analysis was paused, with its original."""
    photo = make_photo(owner, **overrides)
    why = contract.reason(contract.Failure.PAUSED, until="1 December 2026")
    put_record(aws.table, photo, status="failed", reason=why)
    aws.s3.put_object(Bucket="originals-test", Key=photo.key, Body=b"a photo")
    index([photo.pk])
    return Photo.objects.get(pk=photo.pk)


def test_below_the_cap_nothing_is_paused(aws: SimpleNamespace) -> None:
    spend(9)
    cap.keep()
    assert (cap.current(), stored(aws)) == (None, None)


def test_the_cap_pauses_analysis_until_the_next_month(aws: SimpleNamespace) -> None:
    spend(10)
    cap.keep()
    pause = cap.current()
    assert pause is not None
    assert (pause.until, pause.cap, pause.spent) == (NEXT, 10, 10)
    assert stored(aws) == contract.Pause("2026-12-01T00:00:00.000+00:00")


def test_what_is_under_way_counts(aws: SimpleNamespace, settings: Any) -> None:
    settings.MONTHLY_COST_CAP = cap.estimate(3)
    make_photo(), make_photo()
    cap.keep()
    assert cap.current() is None
    make_photo()
    cap.keep()
    assert cap.current() is not None


def test_what_other_months_cost_does_not_count(aws: SimpleNamespace) -> None:
    spend(50, month=datetime(2026, 10, 1, tzinfo=UTC))
    cap.keep()
    assert cap.current() is None


def test_a_pause_stays_when_the_photos_it_stopped_are_under_way_no_more(
    aws: SimpleNamespace, settings: Any, started: Counter[str]
) -> None:
    settings.MONTHLY_COST_CAP = cap.estimate(1).quantize(Decimal("0.001"), ROUND_DOWN)
    photo = make_photo()
    cap.keep()
    put_record(aws.table, photo, status="failed", reason=contract.reason(contract.Failure.PAUSED, until="then"))
    index([photo.pk])
    cap.keep()
    assert cap.current() is not None
    assert not started


def test_uploads_that_never_arrived_pause_nothing_for_the_rest_of_the_month(
    aws: SimpleNamespace, settings: Any, started: Counter[str]
) -> None:
    settings.MONTHLY_COST_CAP = cap.estimate(20)
    photo = stopped(aws)
    begun = [make_photo() for _ in range(20)]
    cap.keep()
    assert cap.current() is not None
    Photo.objects.filter(pk__in=[each.pk for each in begun[:2]]).update(status="failed")
    cap.keep()
    assert cap.current() is not None, "there is room for two photos, and it would be used up at once"
    Photo.objects.filter(pk__in=[each.pk for each in begun]).update(status="failed")
    cap.keep()
    assert (cap.current(), stored(aws)) == (None, None)
    assert started == {str(photo.pk): 1}


def test_a_pause_that_was_begun_half_stops_no_photo_again_and_again(
    aws: SimpleNamespace, settings: Any, started: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = stopped(aws)
    spend(10)
    with monkeypatch.context() as patch:
        patch.setattr(Pause.objects, "get_or_create", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            cap.keep()
    assert stored(aws) is not None
    settings.MONTHLY_COST_CAP = None
    cap.keep()
    assert stored(aws) is None
    assert started == {str(photo.pk): 1}


@pytest.mark.parametrize(
    ("changed", "goes_on"),
    [
        ({"at": NEXT}, True),
        ({"cap": Decimal(20)}, True),
        ({"cap": None}, True),
        ({"cap": Decimal(5)}, False),
        ({}, False),
    ],
)
def test_analysis_goes_on_in_a_new_month_or_when_the_cap_is_raised(
    aws: SimpleNamespace, settings: Any, clock: Any, started: Counter[str], changed: dict[str, Any], goes_on: bool
) -> None:
    photo = stopped(aws)
    spend(10)
    cap.keep()
    assert not started
    clock.move_to(changed.get("at", NOW))
    settings.MONTHLY_COST_CAP = changed.get("cap", settings.MONTHLY_COST_CAP)
    cap.keep()
    assert (Pause.objects.exists(), stored(aws) is not None) == (not goes_on, not goes_on)
    assert started == ({str(photo.pk): 1} if goes_on else {})
    record = catalog.get(photo)
    assert record is not None
    assert bool(catalog.awaited_run(record)) == goes_on


def test_a_cap_of_nothing_has_nothing_analysed_in_any_month(
    aws: SimpleNamespace, settings: Any, clock: Any, started: Counter[str]
) -> None:
    settings.MONTHLY_COST_CAP = Decimal(0)
    stopped(aws)
    cap.keep()
    assert (cap.current().until, cap.left()) == (NEXT, 0)
    clock.move_to(NEXT)
    cap.keep()
    assert cap.current().until == datetime(2027, 1, 1, tzinfo=UTC)
    assert stored(aws) == contract.Pause("2027-01-01T00:00:00.000+00:00")
    assert not started


@pytest.mark.parametrize(("told", "dollars"), [("", None), (" ", None), ("0", Decimal(0)), ("12.50", Decimal("12.5"))])
def test_the_cap_is_dollars_and_nothing_is_no_cap(told: str, dollars: Decimal | None) -> None:
    assert monthly_cap(told) == dollars


@pytest.mark.parametrize("told", ["-1", "10 dollars", "nan", "inf", "1,000"])
def test_a_cap_that_is_no_sum_is_refused_with_what_to_set(told: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="dollars a month, such as 25"):
        monthly_cap(told)


def test_what_is_left_is_without_what_is_under_way(aws: SimpleNamespace, settings: Any) -> None:
    spend(9)
    make_photo()
    assert cap.left() == 1 - cap.estimate(1)
    settings.MONTHLY_COST_CAP = None
    assert cap.left() is None


def test_a_cap_that_was_raised_too_little_pauses_still(aws: SimpleNamespace, settings: Any) -> None:
    spend(30)
    cap.keep()
    settings.MONTHLY_COST_CAP = Decimal(20)
    cap.keep()
    assert cap.current() is not None


def test_photos_go_on_some_at_a_beat_and_each_once(
    aws: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, started: Counter[str]
) -> None:
    monkeypatch.setattr(cap, "AT_ONCE", 2)
    photos = [stopped(aws) for _ in range(3)]
    assert [cap.keep(), cap.keep(), cap.keep()] == [2, 1, 0]
    assert started == {str(photo.pk): 1 for photo in photos}


def test_no_more_photos_go_on_than_the_cap_has_room_for(
    aws: SimpleNamespace, settings: Any, started: Counter[str]
) -> None:
    photos = [stopped(aws) for _ in range(4)]
    settings.MONTHLY_COST_CAP = cap.average() * Decimal("2.5")
    assert cap.keep() == 2
    assert len(started) == 2 < len(photos)


def test_photos_go_on_where_nothing_has_a_price(
    aws: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, started: Counter[str]
) -> None:
    stopped(aws)
    monkeypatch.setattr(cap, "average", Decimal)
    assert cap.keep() == 1


def test_a_photo_that_cannot_be_run_does_not_hold_up_the_others(
    aws: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, clock: Any, started: Counter[str]
) -> None:
    monkeypatch.setattr(cap, "AT_ONCE", 1)
    lost, other = stopped(aws), stopped(aws)
    aws.s3.delete_object(Bucket="originals-test", Key=lost.key)
    clock.shift(60)
    cap.keep()
    cap.keep()
    assert started == {str(other.pk): 1}


def test_what_is_in_the_trash_or_failed_otherwise_is_left_alone(aws: SimpleNamespace, started: Counter[str]) -> None:
    stopped(aws, trashed_at=NOW)
    failed = make_photo()
    put_record(aws.table, failed, status="failed", reason=contract.reason(contract.Failure.LABELS))
    index([failed.pk])
    assert cap.keep() == 0


@pytest.mark.parametrize("path", ["/gallery/", "/photos/{}/"])
def test_the_owner_of_a_stopped_photo_reads_why_and_need_not_ask_for_it(
    aws: SimpleNamespace, client: Client, path: str
) -> None:
    me = make_user()
    photo = stopped(aws, me)
    client.force_login(me)
    page = text_of(client.get(path.format(photo.pk)))
    assert "Analysis is paused until 1 December 2026" in page
    assert f"/photos/{photo.pk}/retry/" not in page


@pytest.mark.parametrize("path", ["/upload/", "/gallery/"])
def test_people_are_told_while_analysis_is_paused_and_not_after(
    aws: SimpleNamespace, client: Client, clock: Any, path: str
) -> None:
    client.force_login(make_user())
    assert "are paused" not in text_of(client.get(path))
    spend(10)
    cap.keep()
    page = text_of(client.get(path))
    assert "New labels are paused until 1 December 2026" in page
    clock.move_to(NEXT)
    assert "are paused" not in text_of(client.get(path))


def test_without_a_cap_no_page_asks_for_a_pause(settings: Any, django_assert_num_queries: Any) -> None:
    settings.MONTHLY_COST_CAP = None
    with django_assert_num_queries(0):
        assert cap.current() is None
