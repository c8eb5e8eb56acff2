"""What two do at once comes out as if one had done it after the other, whoever was first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_photo, make_user, put_record
from tests.webapp.review.cases import SURE, UNSURE, found, held, make_reviewer, on_disk, pass_time
from webapp.photos import deletion
from webapp.photos.index import index
from webapp.photos.models import Photo
from webapp.review import asking, decisions, queue
from webapp.review.models import Case, Entry

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 5
Verb = Callable[[], Any]


class World:
    """Photos, each of an owner of its own, that a reviewer is asked about; and what was answered by whom of two."""

    def __init__(self, aws: Any) -> None:
        self.aws = aws
        self.ann, self.ben = make_reviewer(), make_reviewer()
        self.photos = [found(aws, make_photo(sha256=f"{at:064x}"), UNSURE) for at in range(ROUNDS)]
        self.cases = [photo.case for photo in self.photos]

    def hold(self) -> None:
        for case in self.cases:
            held(case, self.ann)

    def decide(self, verb: Callable[..., bool], **fields: str) -> list[Any]:
        """On each photo, by a reviewer of its own."""
        reviewers = [make_reviewer() for _ in self.cases]
        for case, reviewer in zip(self.cases, reviewers, strict=True):
            assert verb(reviewer=reviewer, case_id=held(case, reviewer).pk, **fields)
        return reviewers

    def approve(self, at: int, by: Any) -> bool:
        return decisions.approve(reviewer=by, case_id=self.cases[at].pk)

    def run_again(self, at: int) -> None:
        found_more = [contract.ModerationLabel("Explicit", SURE)]
        put_record(self.aws.table, self.photos[at], moderation=found_more)
        index([self.photos[at].pk])


@pytest.fixture
def world(aws: Any) -> World:
    return World(aws)


@pytest.fixture
def at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Do two things to each of the photos in two threads that start together; what came of each, by photo."""

    def run(*verbs: Callable[[int], Any]) -> list[tuple[Any, ...]]:
        on_disk(tmp_path, monkeypatch)
        return [tuple(_in_threads(*[_bound(verb, at) for verb in verbs])) for at in range(ROUNDS)]

    return run


def _bound(verb: Callable[[int], Any], at: int) -> Verb:
    return lambda: verb(at)


def _in_threads(*verbs: Verb) -> list[Any]:
    start, came = threading.Barrier(len(verbs)), [None] * len(verbs)

    def work(place: int) -> None:
        try:
            start.wait()
            came[place] = verbs[place]()
        except Exception as error:
            came[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=[place]) for place in range(len(verbs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    trouble = [each for each in came if isinstance(each, Exception)]
    if trouble:
        raise trouble[0]
    return came


def states() -> list[tuple[str, bool]]:
    """(review, whether a person is asked) of every photo; and of each the log tells one story without a gap."""
    (found_states,) = _in_threads(_states)
    return list(found_states)


def _states() -> list[tuple[str, bool]]:
    return [_state(photo) for photo in Photo.objects.order_by("pk")]


def _state(photo: Photo) -> tuple[str, bool]:
    case = Case.objects.get(photo=photo)
    story = list(Entry.objects.filter(case=case.pk).order_by("pk").values_list("before", "after"))
    befores, afters = zip(*story, strict=True)
    assert befores == ("none", *afters[:-1]), story
    assert afters[-1] == photo.review, story
    assert photo.cleared == photo.may_be_cleared
    assert not (case.is_open and case.decided_at and case.decided_at > case.opened_at), "decided, and asked about still"
    return photo.review, case.is_open


def test_who_comes_back_late_and_who_takes_over_never_both_decide(world: World, at_once: Any) -> None:
    world.hold()
    for case in world.cases:
        pass_time(case, minutes=10)

    def take_over(at: int) -> bool:
        is_hers = queue.take(case_id=world.cases[at].pk, reviewer=world.ben, now=timezone.now())
        return is_hers and decisions.reject(reviewer=world.ben, case_id=world.cases[at].pk, reason="hate")

    came = at_once(lambda at: world.approve(at, world.ann), take_over)

    assert {sum(each) for each in came} == {1}
    assert states() == [("approved" if late else "rejected", False) for late, _early in came]


def test_two_windows_of_one_reviewer_decide_once(world: World, at_once: Any) -> None:
    world.hold()
    came = at_once(
        lambda at: world.approve(at, world.ann),
        lambda at: decisions.reject(reviewer=world.ann, case_id=world.cases[at].pk, reason="hate"),
    )
    assert {sum(each) for each in came} == {1}
    assert states() == [("approved" if approved else "rejected", False) for approved, _ in came]


def test_an_appeal_and_an_undoing_never_both_count(world: World, at_once: Any) -> None:
    reviewers = world.decide(decisions.reject, reason="hate")
    came = at_once(
        lambda at: asking.appeal(photo=world.photos[at], words="Please."),
        lambda at: decisions.undo(reviewer=reviewers[at]),
    )
    assert [appealed != bool(undone) for appealed, undone in came] == [True] * ROUNDS
    assert states() == [("rejected" if appealed else "flagged", True) for appealed, _ in came]


def test_what_is_reported_while_it_is_undone_waits_for_a_person(world: World, at_once: Any) -> None:
    reviewers = world.decide(decisions.approve)

    def report_and_take(at: int) -> bool:
        asking.report(photo=world.photos[at], reason="private")
        return queue.take(case_id=world.cases[at].pk, reviewer=world.ben, now=timezone.now())

    came = at_once(lambda at: decisions.undo(reviewer=reviewers[at]), report_and_take)

    assert [bool(undone) != is_bens for undone, is_bens in came] == [True] * ROUNDS, "one of them has it"
    assert states() == [("flagged" if undone else "approved", True) for undone, _ in came]


def test_a_report_beside_a_decision_is_not_lost(world: World, at_once: Any) -> None:
    world.hold()
    came = at_once(
        lambda at: world.approve(at, world.ann), lambda at: asking.report(photo=world.photos[at], reason="private")
    )
    assert came == [(True, True)] * ROUNDS
    (actions,) = _in_threads(
        lambda: [
            list(Entry.objects.filter(case=case.pk).order_by("pk").values_list("action", flat=True)[1:])
            for case in world.cases
        ]
    )
    # Where the report came first, she has seen what she decided on; where it came after, somebody is asked again.
    assert states() == [("approved", story == ["approved", "reported"]) for story in actions]


def test_a_photo_that_is_deleted_while_it_is_decided_is_gone(world: World, at_once: Any) -> None:
    world.hold()
    at_once(lambda at: world.approve(at, world.ann), lambda at: deletion.mark(world.photos[at]))
    for review, _is_open in states():
        assert review in ("flagged", "approved")
    (left,) = _in_threads(lambda: set(Photo.objects.values_list("status", "cleared")))
    assert left == {("deleting", False)}


def test_what_a_person_decides_holds_beside_a_run_that_finds_more(world: World, at_once: Any) -> None:
    world.hold()
    came = at_once(lambda at: world.approve(at, world.ann), world.run_again)
    assert [approved for approved, _ in came] == [True] * ROUNDS
    assert states() == [("approved", False)] * ROUNDS


@pytest.mark.parametrize("is_undone", [False, True])
def test_a_copy_that_comes_in_beside_a_decision_follows_it(world: World, at_once: Any, is_undone: bool) -> None:
    if is_undone:
        reviewers = world.decide(decisions.reject, reason="hate")
    else:
        world.hold()
    copies = [make_photo(photo.owner) for photo in world.photos]
    for photo, copy in zip(world.photos, copies, strict=True):
        original = contract.Original(bytes=copy.bytes, width=4000, height=3000, format="JPEG", sha256=photo.sha256)
        put_record(world.aws.table, copy, moderation=[contract.ModerationLabel("Explicit", SURE)], original=original)

    def decide(at: int) -> Any:
        if is_undone:
            return decisions.undo(reviewer=reviewers[at])
        return decisions.reject(reviewer=world.ann, case_id=world.cases[at].pk, reason="hate")

    came = at_once(decide, lambda at: index([copies[at].pk]))

    assert all(done for done, _ in came)
    of_these, of_copies = states()[:ROUNDS], states()[ROUNDS:]
    if is_undone:
        assert (of_these, of_copies) == ([("flagged", True)] * ROUNDS, [("quarantined", True)] * ROUNDS)
    else:
        assert of_these == of_copies == [("rejected", False)] * ROUNDS


def test_two_who_decide_on_two_copies_at_once_leave_both_as_the_last_one_said(aws: Any, at_once: Any) -> None:
    owners, ann, ben = [make_user() for _ in range(ROUNDS)], make_reviewer(), make_reviewer()
    first, second = ([found(aws, make_photo(owner, sha256="b" * 64), UNSURE).case for owner in owners] for _ in "ab")
    for one, other in zip(first, second, strict=True):
        held(one, ann)
        held(other, ben)
    came = at_once(
        lambda at: decisions.approve(reviewer=ann, case_id=first[at].pk),
        lambda at: decisions.reject(reviewer=ben, case_id=second[at].pk, reason="hate"),
    )
    assert all(any(each) for each in came)
    both = states()
    assert both[:ROUNDS] == both[ROUNDS:]
    assert {is_open for _review, is_open in both} == {False}
