"""Who looks at which photo: never two at one."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from tests.factories import make_staff
from tests.webapp.review.cases import held, make_case, make_reviewer, on_disk, pass_time
from webapp.review import decisions, queue
from webapp.review.models import Case, Urgency


@pytest.mark.django_db
def test_a_reviewer_holds_the_most_urgent_photo_and_the_next_one() -> None:
    flagged, withheld = make_case(), make_case(review="quarantined", urgency=Urgency.WITHHELD)
    last = make_case()
    ann, ben = make_reviewer(), make_reviewer()
    assert queue.hold(reviewer=ann) == [withheld, flagged]
    assert queue.hold(reviewer=ben) == [last]
    assert queue.hold(reviewer=ann) == [withheld, flagged], "who asks again gets the same"


@pytest.mark.django_db
def test_a_lease_ends_by_itself_and_is_renewed_by_who_goes_on() -> None:
    case, ann, ben = make_case(), make_reviewer(), make_reviewer()
    assert queue.hold(reviewer=ann) == [case]
    pass_time(case, minutes=4)
    assert queue.hold(reviewer=ann) == [case]
    pass_time(case, minutes=4)
    assert queue.hold(reviewer=ben) == [], "four minutes after she went on"
    pass_time(case, minutes=2)
    assert queue.hold(reviewer=ben) == [case]
    assert not decisions.approve(reviewer=ann, case_id=case.pk)
    assert decisions.approve(reviewer=ben, case_id=case.pk)


@pytest.mark.django_db
def test_who_comes_back_late_may_decide_if_nobody_else_has_looked_meanwhile() -> None:
    case, ann = make_case(), make_reviewer()
    queue.hold(reviewer=ann)
    pass_time(case, hours=2)
    assert decisions.approve(reviewer=ann, case_id=case.pk)


@pytest.mark.django_db
def test_nobody_is_asked_about_a_photo_of_their_own() -> None:
    owner = make_staff()
    case = make_case(owner)
    assert queue.hold(reviewer=owner) == []
    assert not queue.take(case_id=case.pk, reviewer=owner, now=timezone.now())
    assert queue.standing(owner)["for_others"] == 1


@pytest.mark.django_db
def test_what_is_put_off_comes_back_in_an_hour_for_whoever_is_there() -> None:
    case, ann, ben = make_case(), make_reviewer(), make_reviewer()
    assert decisions.put_off(reviewer=ann, case_id=held(case, ann).pk)
    assert queue.hold(reviewer=ann) == queue.hold(reviewer=ben) == []
    assert queue.standing(ann)["later"] == 1
    pass_time(case, hours=1)
    assert queue.hold(reviewer=ben) == [case]


@pytest.mark.django_db
def test_of_two_who_take_the_same_photo_between_look_and_grasp_one_gets_it() -> None:
    case, ann, ben = make_case(), make_reviewer(), make_reviewer()
    now = timezone.now()
    both_saw_it = [Case.objects.free(now).get(), Case.objects.free(now).get()]
    took = [
        queue.take(case_id=seen.pk, reviewer=who, now=now) for seen, who in zip(both_saw_it, (ann, ben), strict=True)
    ]
    assert took == [True, False]
    assert queue.take(case_id=case.pk, reviewer=ben, now=now + queue.LEASE + timedelta(seconds=1))


@pytest.mark.django_db(transaction=True)
def test_reviewers_at_once_never_meet_and_leave_nothing_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = {make_case().pk for _ in range(24)}
    reviewers = [make_reviewer() for _ in range(3)]
    seen: list[tuple[Any, Any]] = []
    start, trouble = threading.Barrier(len(reviewers)), []
    on_disk(tmp_path, monkeypatch)

    def work(reviewer: Any) -> None:
        try:
            start.wait()
            while some := queue.hold(reviewer=reviewer):
                seen.extend((case.pk, reviewer.pk) for case in some)
                assert decisions.approve(reviewer=reviewer, case_id=some[0].pk)
        except Exception as error:
            trouble.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=[reviewer]) for reviewer in reviewers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []
    assert {case for case, _who in seen} == cases
    assert len(set(seen)) == len(cases), "nobody looked at what somebody else looked at"
    assert {who for _case, who in seen} == {reviewer.pk for reviewer in reviewers}
