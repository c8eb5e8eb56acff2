"""The calls of the pipeline's rarer paths: each can go wrong as well, and the photo comes to the same end.

The photos of one call, one for each fault, share a sweep.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends

from pipeline_lambdas.photo_pipeline import contract
from tests import factories
from tests.conftest import REGION
from tests.faults import site, state_machine
from tests.faults.injection import CallSite, Fault
from tests.faults.uploads import Upload, make_keeper, what_is_told
from webapp.accounts import preferences
from webapp.photos import catalog, originals
from webapp.photos.models import Batch, Photo
from webapp.photos.reruns import rerun

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nothing_else")]
GET, UPDATE, TRANSACT = "DynamoDB.GetItem", "DynamoDB.UpdateItem", "DynamoDB.TransactWriteItems"
READ, WRITE, ERASE = "S3.GetObject", "S3.PutObject", "S3.DeleteObject"
MAIL, SMS, START = "SESv2.SendEmail", "SNS.Publish", "SFN.StartExecution"
_numbers = itertools.count(1_000_000)

Do = Callable[[], Any]
Calls = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Path:
    """`prepare` makes a photo and returns what happens to it; `calls` by function; `end` is the photo's. `of` are the
    functions whose calls are let go wrong here: those of the others are in the matrix of the clean run."""

    prepare: Callable[[SimpleNamespace, Any, bytes], Do]
    calls: Calls
    end: str = "ready"
    of: tuple[str, ...] = ()


def _arrive(cloud: SimpleNamespace, photo: Photo) -> Do:
    original = originals.find(photo.key)
    assert original is not None
    return partial(cloud.pipeline.arrive, photo.key, original.etag)


def _upload(cloud: SimpleNamespace, owner: Any, data: bytes) -> Photo:
    photo = site.make_row(owner, data)
    site.put_uploading(cloud, photo, data)
    return photo


def _without_place(cloud: SimpleNamespace, owner: Any, data: bytes) -> Do:
    preferences.choose_place(user=owner, keep=False)
    preferences.copy(str(owner.pk))
    return _arrive(cloud, _upload(cloud, owner, data))


def _alike(cloud: SimpleNamespace, owner: Any, data: bytes) -> Do:
    """The same bytes were analysed before."""
    first = site.make_row(owner, data)
    site.put_uploading(cloud, first, data)
    _arrive(cloud, first)()
    return _arrive(cloud, _upload(cloud, owner, data))


def _by_sms(cloud: SimpleNamespace, owner: Any, data: bytes) -> Do:
    """A batch that is complete, and its notice."""
    phone = f"+35386{next(_numbers)}"
    wanted = contract.Preferences(str(owner.pk), channel=contract.Channel.SMS, email=owner.email, phone=phone)
    cloud.aws.table.put_item(Item=contract.to_item(wanted))
    photo = site.make_ended(cloud, owner, data)
    assert photo.batch is not None
    factories.put_batch(cloud.aws.table, photo.batch, ready={str(photo.pk)})
    Batch.objects.filter(photos=photo).update(told=False)
    state = {"stored": {"outcome": "ready", "batch_id": str(photo.batch_id), "batch_due": True}}
    return partial(_go_on, cloud, "NotifyUser", state)


def _go_on(cloud: SimpleNamespace, name: str, state: dict[str, Any]) -> None:
    """What is left of an execution from one of its states on."""
    definition = {**state_machine.load(), "StartAt": name}
    state_machine.run(definition, state, cloud.pipeline.run_task)


def _broken(function: str, operation: str) -> Callable[[SimpleNamespace, Any, bytes], Do]:
    """A step that cannot do one thing, however often it is tried."""

    def prepare(cloud: SimpleNamespace, owner: Any, data: bytes) -> Do:
        cloud.injector.deny(function, operation)
        return _arrive(cloud, _upload(cloud, owner, data))

    return prepare


def _second_attempt(cloud: SimpleNamespace, owner: Any, data: bytes) -> Do:
    """A failed photo that the site asks to be run again."""
    rerun(site.make_ended(cloud, owner, data, status="failed"))
    return cloud.pipeline.run_executions


def _overtaken(cloud: SimpleNamespace, owner: Any, data: bytes, *, before: str) -> Do:
    """A run that has drawn its pictures, when another takes the photo before the state named."""
    photo = _upload(cloud, owner, data)
    original = originals.find(photo.key)
    assert original is not None
    ids: dict[str, Any] = {"owner_id": str(owner.pk), "photo_id": str(photo.pk), "key": photo.key}
    ids["etag"] = original.etag
    state: dict[str, Any] = {"run": vars(contract.new_run(**ids))}
    for step, result in (("ResizeImage", "resize"), ("RekognitionLabels", "analysis")):
        if before != step or step == "ResizeImage":
            state[result] = cloud.pipeline.invoke(step, state)
    seen = catalog.get(photo)
    assert seen is not None
    catalog.request_run(seen, contract.new_run(**ids, attempt=2))
    other = contract.new_run(**ids, attempt=2)
    state_machine.run(state_machine.load(), {"run": vars(other)}, cloud.pipeline.run_task)
    return partial(_go_on, cloud, before, state)


RESIZE = {UPDATE: 2, READ: 1, GET: 1, WRITE: 3}
ANALYSE = {
    GET: 3, TRANSACT: 1, UPDATE: 4,
    "Rekognition.DetectLabels": 1, "Rekognition.DetectFaces": 1, "Rekognition.DetectModerationLabels": 1,
}  # fmt: skip
JOIN = {GET: 1, TRANSACT: 1}
STORE = {GET: 1, UPDATE: 2}
TELL = {GET: 3, READ: 1, UPDATE: 2, MAIL: 1}
TELL_WHY = {GET: 3, UPDATE: 2, MAIL: 1}  # of a photo that failed
TRIGGER, RESIZING, LABELLING = "TriggerStepFunction", "ResizeImage", "RekognitionLabels"
STORING, TELLING = "StoreMetadata", "NotifyUser"
FIRST = {TRIGGER: {START: 1}, RESIZING: RESIZE, LABELLING: ANALYSE, STORING: STORE, TELLING: TELL}
PATHS = {
    "no place": Path(_without_place, FIRST | {RESIZING: RESIZE | {UPDATE: 1}}, of=(RESIZING,)),
    "alike": Path(_alike, FIRST | {LABELLING: JOIN}, of=(LABELLING,)),
    "by SMS": Path(_by_sms, {TELLING: {GET: 2, UPDATE: 4, SMS: 1}}),  # two of them count it
    "unreadable": Path(
        _broken(RESIZING, READ),
        {TRIGGER: {START: 1}, RESIZING: {UPDATE: 1, READ: 1}, STORING: {UPDATE: 2}, TELLING: TELL_WHY},
        end="failed",
        of=(RESIZING, STORING),
    ),
    "unclaimed": Path(
        _broken(RESIZING, UPDATE),
        {TRIGGER: {START: 1}, RESIZING: {UPDATE: 1}, STORING: {GET: 1, UPDATE: 4}, TELLING: TELL_WHY},
        end="failed",
        of=(RESIZING, STORING),
    ),
    "second attempt": Path(
        _second_attempt,
        {RESIZING: RESIZE, LABELLING: ANALYSE, STORING: {GET: 1, UPDATE: 1}},
        of=(RESIZING, STORING),
    ),
    "overtaken at resizing": Path(partial(_overtaken, before=RESIZING), {RESIZING: {UPDATE: 1}}),
    "overtaken at labels": Path(partial(_overtaken, before=LABELLING), {LABELLING: JOIN, STORING: {GET: 1, ERASE: 3}}),
    "overtaken at storing": Path(partial(_overtaken, before=STORING), {STORING: {GET: 3, UPDATE: 1, ERASE: 3}}),
}
SITES = [
    (name, CallSite(function, operation, number + 1))
    for name, path in PATHS.items()
    for function, operations in path.calls.items()
    if function in (path.of or path.calls)
    for operation, count in operations.items()
    for number in range(count)
]


@pytest.fixture(autouse=True)
def _an_hour_goes_by(settings: Any) -> None:
    for name, seconds in site.AN_HOUR_GOES_BY.items():
        setattr(settings, name, seconds)


@pytest.fixture(scope="module")
def clean_runs() -> dict[str, Any]:
    """What is told of a photo that nothing happened to, by path, once it was run."""
    return {}


def _run(cloud: SimpleNamespace, name: str, data: bytes, *, wrong: tuple[CallSite, Fault] | None = None) -> Any:
    """The owner of a photo to whom a path has happened."""
    owner = make_keeper()
    do = PATHS[name].prepare(cloud, owner, data)
    cloud.injector.seen.clear()
    if wrong:
        cloud.injector.arm(*wrong)
    do()
    return owner


def _told(owner: Any) -> dict[str, Any]:
    photo = Photo.objects.filter(owner=owner).latest("pk")
    return what_is_told(Upload(photo, owner.batches.latest("pk"), etag=""))


def _assert_good_end(cloud: SimpleNamespace, owner: Any, name: str, what: str) -> None:
    left = site.what_is_left(cloud, owner)
    assert left.wrong == [], what
    assert set(left.ends.values()) <= {PATHS[name].end, "ready"}, what
    assert left.ends[max(left.ends)] == PATHS[name].end, what


@pytest.mark.parametrize("name", PATHS)
def test_a_path_has_every_call_that_it_makes(cloud: SimpleNamespace, small_photo: bytes, name: str) -> None:
    owner = _run(cloud, name, small_photo)
    made: dict[str, dict[str, int]] = {}
    for each in cloud.injector.seen:
        calls = made.setdefault(each.function, {})
        calls[each.operation] = max(calls.get(each.operation, 0), each.number)
    assert made == PATHS[name].calls
    site.settle(cloud)
    _assert_good_end(cloud, owner, name, "nothing went wrong")


@pytest.mark.parametrize(("name", "call"), SITES, ids=str)
def test_a_call_of_a_rare_path_that_goes_wrong_changes_nothing_in_the_end(
    cloud: SimpleNamespace, small_photo: bytes, clean_runs: dict[str, Any], name: str, call: CallSite
) -> None:
    clean = None if name in clean_runs else _run(cloud, name, small_photo)
    owners = {}
    for fault in Fault:
        owners[fault] = _run(cloud, name, small_photo, wrong=(call, fault))
        assert cloud.injector.struck == call, fault
    site.settle(cloud)
    if clean:
        clean_runs[name] = _told(clean)
    for fault, owner in owners.items():
        _assert_good_end(cloud, owner, name, fault)
        assert _told(owner) == clean_runs[name], fault
    assert all(count == 1 for count in _texts().values())


def _texts() -> Counter[str]:
    """How many messages were sent to each number. Every one has its own."""
    return Counter(number for number, _ in sns_backends[DEFAULT_ACCOUNT_ID][REGION].sms_messages.values())
