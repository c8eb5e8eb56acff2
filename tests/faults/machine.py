"""Everything that can happen to photos, in any order, beside a plain model of what must come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.contrib.auth import get_user_model
from django.test import TestCase
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pipeline_lambdas.photo_pipeline import contract
from tests.conftest import ORIGINALS, RENDITIONS
from tests.faults.executions import Death
from tests.faults.uploads import Upload, make_keeper, orphans
from tests.faults.world import (
    World,
    assert_counts_agree,
    assert_index_agrees,
    assert_nobody_is_told_twice,
    made_of,
    mails,
    store,
)
from webapp.photos import catalog, corrections, deletion, reruns, tasks
from webapp.photos.models import Batch, LabelCount, Photo, Status, SweepCursor

ONE = st.integers(0, 999)  # one of those that there are, by its number modulo how many
NAMES = ["Beach", "Friends"]
LONGER_THAN_ANYTHING_WAITS = timedelta(minutes=61)  # webapp.photos.conf.orphaned_after


@dataclass
class Kept:
    """What the model knows of a photo: what its owner did. Its end is the pipeline's to find."""

    upload: Upload
    arrives: bool
    is_deleted: bool = False
    is_asked_again: bool = False
    denied: set[str] = field(default_factory=set)
    added: set[str] = field(default_factory=set)

    @property
    def photo(self) -> Photo:
        return self.upload.photo


class Shoebox(RuleBasedStateMachine):
    """`cloud` and `files` (good, and one that is refused) are set on a subclass by the test."""

    cloud: SimpleNamespace
    files: tuple[bytes, bytes]

    def __init__(self) -> None:
        super().__init__()
        empty(self.cloud.aws)
        self.model: list[Kept] = []
        self._made = made_of(self.cloud)
        self.world: World = self._made.__enter__()
        self.owner = make_keeper()

    # --- What people do ----------------------------------------------------------------------------------------------

    @initialize()
    def send_and_tell(self) -> None:
        """There is something to do from the start."""
        self.send(["good", "good"])
        for kept in self.model:
            self.world.tell(kept.upload)

    @precondition(lambda self: len(self.model) < 6)
    @rule(kinds=st.lists(st.sampled_from(["good", "good", "refused", "never arrives"]), min_size=1, max_size=3))
    def send(self, kinds: list[str]) -> None:
        data = {"good": self.files[0], "refused": self.files[1], "never arrives": b""}
        uploads = store(self.world.aws, self.owner, [data[kind] for kind in kinds])
        self.model += [Kept(upload, arrives=bool(upload.etag)) for upload in uploads]

    @precondition(lambda self: self._shown(Status.READY))
    @rule(which=ONE, name=st.sampled_from([*NAMES, "first found"]), how=st.sampled_from(["deny", "add", "take_back"]))
    def correct(self, which: int, name: str, how: str) -> None:
        kept = one_of(self._shown(Status.READY), which)
        record = catalog.get(kept.photo)
        found = [label.name for label in record.labels] if record else []
        name = found[0] if name == "first found" and found else name
        answer = getattr(corrections, how)(photo=kept.photo, name=name)
        if answer == corrections.Correction.DONE:
            note_correction(kept, how, name, is_found=name in found)

    @precondition(lambda self: self._shown(*contract.TERMINAL))
    @rule(which=ONE)
    def try_again(self, which: int) -> None:
        kept = one_of(self._shown(*contract.TERMINAL), which)
        if reruns.rerun(kept.photo) == reruns.Rerun.ASKED:
            kept.is_asked_again = True

    @precondition(lambda self: self.model)
    @rule(which=ONE, worker_lives=st.booleans())
    def delete(self, which: int, worker_lives: bool) -> None:
        kept = one_of(self.model, which)
        kept.is_deleted = True
        if not worker_lives:
            deletion.mark(kept.photo)
            return
        with TestCase.captureOnCommitCallbacks(execute=True):
            deletion.begin([kept.photo])

    # --- What AWS does -----------------------------------------------------------------------------------------------

    @precondition(lambda self: self._arrived())
    @rule(which=ONE)
    def tell(self, which: int) -> None:
        """For the first time, once more, or long after."""
        self.world.tell(one_of(self._arrived(), which).upload)

    @precondition(lambda self: self.world.executions.running())
    @rule(which=ONE, steps=st.integers(1, 4))
    def step(self, which: int, steps: int) -> None:
        execution = one_of(self.world.executions.running(), which)
        for _ in range(steps):
            if execution.status == "RUNNING":
                self.world.executions.step(execution)

    @precondition(lambda self: self.world.executions.running())
    @rule()
    def run_all(self) -> None:
        """All goes well, and somebody looks at it."""
        self.world.executions.run_all()
        tasks.index_photos()

    @precondition(lambda self: self.world.executions.running())
    @rule(which=ONE, how=st.sampled_from(Death))
    def kill(self, which: int, how: Death) -> None:
        self.world.executions.kill(one_of(self.world.executions.running(), which), how)

    @precondition(lambda self: self.world.executions.stragglers(self.world.clock.now))
    @rule(which=ONE)
    def straggle(self, which: int) -> None:
        self.world.executions.straggle(one_of(self.world.executions.stragglers(self.world.clock.now), which))

    # --- What the site does by itself --------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([0.2, 1, 3, 20, 61]))
    def wait(self, minutes: float) -> None:
        self.world.clock.advance(minutes=minutes)

    @precondition(lambda self: self.model)
    @rule()
    def sweep(self) -> None:
        tasks.sweep()

    @precondition(lambda self: self.model)
    @rule()
    def index(self) -> None:
        tasks.index_photos()

    # --- What holds at any time --------------------------------------------------------------------------------------

    @invariant()
    def no_write_is_wrong(self) -> None:
        assert self.world.witness.wrong == []

    @invariant()
    def nobody_is_told_twice(self) -> None:
        assert_nobody_is_told_twice(self.world.witness)

    @invariant()
    def what_was_deleted_stays_away_and_all_else_stays(self) -> None:
        assert set(Photo.objects.kept().values_list("pk", flat=True)) == {kept.photo.pk for kept in self._kept()}

    @invariant()
    def corrections_are_kept(self) -> None:
        records = catalog.get_many([kept.photo for kept in self._kept()], consistent=True)
        for kept in self._kept():
            record = records[kept.photo.pk]
            assert (record.denied_labels, record.added_labels) == (kept.denied, kept.added)

    @invariant()
    def counts_agree_with_labels(self) -> None:
        assert_counts_agree([self.owner])

    # --- And in the end ----------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            self._come_to_an_end()
            self._check_the_end()
        finally:
            self._made.__exit__(None, None, None)

    def _come_to_an_end(self) -> None:
        """Nothing is killed any more. The first sweep stops and sets going, the second erases what has stopped."""
        for _ in range(2):
            self.world.executions.run_all()
            self.world.clock.advance(minutes=LONGER_THAN_ANYTHING_WAITS // timedelta(minutes=1))
            tasks.sweep()
        self.world.executions.run_all()
        while tasks.index_photos():
            pass

    def _check_the_end(self) -> None:
        for check in (self.no_write_is_wrong, self.nobody_is_told_twice, self.corrections_are_kept):
            check()
        kept = self._kept()
        assert set(Photo.objects.values_list("pk", flat=True)) == {each.photo.pk for each in kept}
        records = assert_index_agrees([each.photo for each in kept])
        assert {record.status for record in records.values()} <= set(contract.TERMINAL)
        self._check_all_batches_are_told()
        owner_id = str(self.owner.pk)
        assert orphans(self.world.aws, owner_id) == []
        listed = self.world.aws.s3.list_objects_v2(Bucket=ORIGINALS).get("Contents", [])
        assert {each["Key"] for each in listed} == {each.photo.key for each in kept if each.arrives}
        assert records_of(self.world.aws) == {str(each.photo.pk) for each in kept}

    def _check_all_batches_are_told(self) -> None:
        """All that somebody still waits for: a photo of them is there, and was not run again on its own."""
        waiting = {str(each.upload.batch.pk) for each in self._kept() if not each.is_asked_again}
        assert waiting <= self.world.witness.claims.keys()
        assert len(mails()) == len(self.world.witness.claims)

    def _kept(self) -> list[Kept]:
        return [kept for kept in self.model if not kept.is_deleted]

    def _shown(self, *statuses: str) -> list[Kept]:
        """What its owner sees at one of these."""
        ids = set(Photo.objects.filter(status__in=statuses).values_list("pk", flat=True))
        return [kept for kept in self.model if kept.photo.pk in ids]

    def _arrived(self) -> list[Kept]:
        return [kept for kept in self.model if kept.arrives]


def one_of(some: list[Any], which: int) -> Any:
    return some[which % len(some)]


def note_correction(kept: Kept, how: str, name: str, *, is_found: bool) -> None:
    """What an owner said of a label, as the model keeps it."""
    if how == "add":
        kept.added.add(name)
        kept.denied.discard(name)
    elif how == "deny" and is_found:
        kept.denied.add(name)
        kept.added.discard(name)
    elif how == "take_back" or name in kept.added:
        kept.added.discard(name)
        kept.denied.discard(name)


def records_of(aws: SimpleNamespace) -> set[str]:
    """The photo ids of all records."""
    return {item["photo_id"] for item in aws.table.scan()["Items"] if item["sk"].startswith("PHOTO#")}


def empty(aws: SimpleNamespace) -> None:
    """Leave nothing of an earlier run."""
    for model in (LabelCount, Photo, Batch, SweepCursor, get_user_model()):
        model.objects.all().delete()
    for item in aws.table.scan()["Items"]:
        aws.table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
    for bucket in (ORIGINALS, RENDITIONS):
        for each in aws.s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            aws.s3.delete_object(Bucket=bucket, Key=each["Key"])


def make_machine(cloud: SimpleNamespace, good: bytes, refused: bytes) -> Any:
    return type("Shoebox", (Shoebox,), {"cloud": cloud, "files": (good, refused)})
