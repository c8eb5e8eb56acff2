"""What is done about a call that goes wrong for long, at the wire: cell by cell what the pipeline's own table says."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.endpoint
import pytest
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from pipeline_lambdas.photo_pipeline import aws as pipeline_aws
from pipeline_lambdas.photo_pipeline import contract
from pipeline_lambdas.photo_pipeline.calls import CALLS, Fault, Then
from tests.conftest import ORIGINALS, REGION, RENDITIONS, TABLE
from tests.faults import state_machine
from tests.faults.injection import CallSite
from tests.faults.test_matrix import CALLS as MADE
from tests.faults.uploads import Upload, mails_to, make_upload
from tests.pipeline_lambdas.wire import spoil
from webapp.photos import catalog, tasks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("emptied", "calm")]

CELLS = [
    (function, operation, fault, then)
    for function, operations in CALLS.items()
    for operation, answers in operations.items()
    for fault, then in answers.items()
]
CLIENTS = {
    "S3": pipeline_aws.s3,
    "DynamoDB": lambda: pipeline_aws.table(TABLE).meta.client,
    "SFN": pipeline_aws.step_functions,
    "SESv2": pipeline_aws.mail,
    "SNS": pipeline_aws.sms,
}
PHONES = (f"+346{number:08}" for number in itertools.count())
STATES = state_machine.load()["States"]


@pytest.fixture
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore does not wait between its attempts."""
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _seconds: None))


@dataclass(frozen=True)
class Case:
    """An upload that met an outage: how often a function came to its call, and what is left of the photo."""

    cloud: SimpleNamespace
    upload: Upload
    phone: str
    function: str
    operation: str

    @property
    def record(self) -> contract.Photo:
        found = catalog.get(self.upload.photo)
        assert found is not None
        return found

    @property
    def batch(self) -> contract.Batch:
        return catalog.get_batches([self.upload.batch])[self.upload.batch.pk]

    @property
    def execution(self) -> state_machine.Execution:
        (ran,) = (ran for name, ran in self.cloud.pipeline.executions.items() if str(self.upload.photo.pk) in name)
        return ran

    @property
    def tries(self) -> int:
        return self.cloud.injector.seen.count(CallSite(self.function, self.operation))

    @property
    def notices(self) -> int:
        texts = sns_backends[DEFAULT_ACCOUNT_ID][REGION].sms_messages.values()
        return mails_to(self.upload.photo.owner.email) + sum(number == self.phone for number, *_ in texts)

    def most_tries(self, state: str) -> int:
        (retry,) = (each for each in STATES[state]["Retry"] if "States.TaskFailed" in each["ErrorEquals"])
        return 1 + retry["MaxAttempts"]

    def sweep(self) -> None:
        tasks.sweep()
        self.cloud.pipeline.run_executions()


# --- What the table says, as it is seen ---


def _event(case: Case) -> None:
    assert case.tries == 3
    case.sweep()
    assert case.record.status == "ready"


def _task(case: Case) -> None:
    assert case.tries == case.execution.visited.count(case.function) == case.most_tries(case.function)
    _is_failed(case)


def _wait(case: Case) -> None:
    assert CallSite(case.function, case.operation, 3) in case.cloud.injector.seen
    _task(case)


def _fail(case: Case) -> None:
    assert case.tries == case.execution.visited.count(case.function) == 1
    _is_failed(case)


def _is_failed(case: Case) -> None:
    assert (case.execution.status, case.record.status) == ("SUCCEEDED", "failed")
    assert case.record.reason is not None
    assert case.record.reason.code in set(contract.Failure)
    assert case.notices == 1


def _sweep(case: Case) -> None:
    assert case.tries == case.most_tries("StoreMetadata") + case.most_tries("StoreFailure")
    assert (case.execution.status, case.record.status) == ("FAILED", "processing")
    ended = set(case.cloud.pipeline.executions)
    case.sweep()
    (again,) = set(case.cloud.pipeline.executions) - ended
    assert (case.record.status, case.record.run_id, case.record.attempt) == ("ready", again, 2)


def _leave(case: Case) -> None:
    assert case.tries == case.most_tries("StoreMetadata") + case.most_tries("StoreFailure")
    assert (case.execution.status, case.record.status) == ("FAILED", "deleting")
    prefix = contract.photo_prefix(case.record.owner_id, case.record.photo_id)
    assert case.cloud.aws.s3.list_objects_v2(Bucket=RENDITIONS, Prefix=prefix)["KeyCount"] == 3


def _notice(case: Case) -> None:
    assert case.tries == case.most_tries("NotifyUser")
    assert case.execution.visited[-1] == "NoticeNotSent"
    assert (case.record.status, case.batch.is_due, case.batch.refusals, case.notices) == ("ready", True, 0, 0)
    case.sweep()
    assert case.notices == 1


def _refused(case: Case) -> None:
    assert case.tries == case.execution.visited.count("NotifyUser") == 1
    assert (case.record.status, case.batch.is_due, case.batch.refusals, case.notices) == ("ready", True, 1, 0)
    case.sweep()
    assert case.notices == 1


def _silence(case: Case) -> None:
    assert case.tries == 1
    assert case.execution.visited.count("NotifyUser") == 2, "tried again, and found the claim"
    assert (case.record.status, bool(case.batch.claimed_at), case.batch.refusals) == ("ready", True, 0)
    case.sweep()
    assert case.notices == 0


def _plain(case: Case) -> None:
    assert case.tries == case.execution.visited.count("NotifyUser") == 1
    assert (case.record.status, bool(case.batch.sent_at), case.notices) == ("ready", True, 1)


ENDS: dict[Then, Callable[[Case], None]] = {
    Then.EVENT: _event,
    Then.TASK: _task,
    Then.WAIT: _wait,
    Then.FAIL: _fail,
    Then.SWEEP: _sweep,
    Then.LEAVE: _leave,
    Then.NOTICE: _notice,
    Then.FREE: _notice,
    Then.REFUSED: _refused,
    Then.SILENCE: _silence,
    Then.PLAIN: _plain,
}


def test_the_table_has_every_call_of_a_clean_run() -> None:
    made = {(function, each) for runs in MADE.values() for function, calls in runs.items() for each in calls}
    rare = {("StoreMetadata", "S3.DeleteObject"), ("NotifyUser", "SNS.Publish")}  # a lost run; a person with a phone
    assert {(function, operation) for function, operation, _, _ in CELLS} == made | rare
    assert len(CELLS) == len(made | rare) * 5 == 95


@pytest.mark.parametrize(("function", "operation", "fault", "then"), CELLS, ids=lambda part: str(part))
def test_what_goes_wrong_for_long_ends_as_the_table_says(
    cloud: SimpleNamespace, small_photo: bytes, function: str, operation: str, fault: Fault, then: Then
) -> None:
    cloud.injector.reset()
    case = Case(cloud, make_upload(cloud.aws, small_photo), next(PHONES), function, operation)
    if operation == "SNS.Publish":
        _prefer_sms(case)
    with _meanwhile(cloud, case), _outage(cloud, function, operation, fault) as sent:
        cloud.pipeline.arrive(case.upload.photo.key, case.upload.etag)
    assert sent
    ENDS[then](case)


def _prefer_sms(case: Case) -> None:
    wishes = contract.Preferences(
        str(case.upload.photo.owner_id), channel=contract.Channel.SMS, phone=case.phone, keep_place=True
    )
    case.cloud.aws.table.put_item(Item=contract.to_item(wishes))


@contextmanager
def _meanwhile(cloud: SimpleNamespace, case: Case) -> Iterator[None]:
    """A run deletes renditions when it has lost its photo: here its owner deletes it while Rekognition is asked."""
    photo = case.upload.photo
    if case.operation == "S3.DeleteObject":
        delete = contract.deleting_update(str(photo.owner_id), str(photo.pk), now="2026-01-01T00:00:00.000+00:00")
        cloud.rekognition.meanwhile = lambda: cloud.aws.table.update_item(**delete)
    yield
    cloud.rekognition.meanwhile = lambda: None


@contextmanager
def _outage(cloud: SimpleNamespace, function: str, operation: str, fault: Fault) -> Iterator[list[str]]:
    """Every request of the operation that the function sends meets the fault."""
    service, _, name = operation.partition(".")
    made = (
        pipeline_aws.s3_briefly if (service, function) == ("S3", "NotifyUser") else CLIENTS.get(service, _rekognition)
    )
    client = made()
    with spoil(client, name, fault, when=lambda: cloud.injector.function == function) as sent:
        if service == "Rekognition":
            method, image = getattr(client, xform_name(name)), {"Bytes": b"any"}
            cloud.rekognition.instead[name] = lambda: method(Image=image)
        yield sent
    cloud.rekognition.instead.clear()


def _rekognition() -> Any:
    """A client of its own, made as the pipeline's: that one is answered before the wire, since moto knows no faces."""
    return boto3.client("rekognition", config=pipeline_aws.client_config("rekognition"))


# --- A body that breaks ---


class BrokenBody:
    """What urllib3 reads of an answer whose connection breaks half way."""

    def __init__(self, data: bytes, error: Exception | None) -> None:
        self._data, self._error = data, error

    def read(self, _amount: int | None = None) -> bytes:
        if self._error:
            raise self._error
        return self._data

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    "error", [None, ProtocolError("reset"), ReadTimeoutError(None, "/", "stalled")], ids=["short", "reset", "stalled"]
)
def test_an_original_that_breaks_off_while_it_is_read_is_read_again(
    cloud: SimpleNamespace, small_photo: bytes, error: Exception | None
) -> None:
    """botocore tries a request again, and never the body of its answer."""
    cloud.injector.reset()
    case = Case(cloud, make_upload(cloud.aws, small_photo), "", "ResizeImage", "S3.GetObject")
    half = BrokenBody(small_photo[: len(small_photo) // 2], error)
    answers = [AWSResponse("", 200, {"content-length": str(len(small_photo))}, half)]

    def break_once(request: Any, **_: Any) -> AWSResponse | None:
        if not answers or ORIGINALS not in request.url:
            return None
        request.url = "http://nowhere.invalid/"
        return answers.pop()

    events = pipeline_aws.s3().meta.events
    events.register_first("before-send.s3.GetObject", break_once)
    cloud.pipeline.arrive(case.upload.photo.key, case.upload.etag)
    events.unregister("before-send.s3.GetObject", break_once)

    assert case.execution.visited[:3] == ["ResizeImage", "ResizeImage", "IsItAPhoto"]
    assert (case.record.status, case.record.original.bytes) == ("ready", len(small_photo))
