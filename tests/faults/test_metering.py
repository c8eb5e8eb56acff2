"""What is metered is what was sent: a hundred photos, against a recount at the wire."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from django.conf import settings

from pipeline_lambdas.photo_pipeline import aws as pipeline_aws
from pipeline_lambdas.photo_pipeline import contract, deadline
from pipeline_lambdas.photo_pipeline.calls import Fault
from tests import photo_files
from tests.conftest import TABLE, fake_aws
from tests.faults import state_machine
from tests.faults.injection import Injector
from tests.faults.moto_table import light
from tests.faults.pipeline import Pipeline
from tests.pipeline_lambdas.records import make_batch, make_photo
from tests.pipeline_lambdas.rekognition import FACES, LABELS, MODERATION, recorded
from tests.pipeline_lambdas.wire import NOWHERE, spoil

ANSWERS = {LABELS: "detect_labels_street", FACES: "detect_faces", MODERATION: "detect_moderation_labels"}
BATCH, BATCHES, DUPLICATES = 50, 2, 10
PAID = [f"Rekognition.{name}" for name in (LABELS, FACES, MODERATION)]


class Wire:
    """Counts in `sent` what leaves the pipeline's clients, and answers for Rekognition there."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        for client in (pipeline_aws.s3(), pipeline_aws.table(TABLE).meta.client, pipeline_aws.step_functions(),
                       pipeline_aws.mail(), pipeline_aws.sms(), pipeline_aws.rekognition()):  # fmt: skip
            self._watch(client)

    def _watch(self, client: Any) -> None:
        service = client.meta.service_model.service_id  # with botocore's name for its events

        def count(request: Any, event_name: str, **_: Any) -> AWSResponse | None:
            operation = event_name.rpartition(".")[2]
            self.sent[f"{service}.{operation}"] += 1
            if service != "Rekognition":
                return None
            request.url = NOWHERE
            return _answer(operation)

        client.meta.events.register_first(f"before-send.{service.hyphenize()}", count)


def _answer(operation: str) -> AWSResponse:
    body = json.dumps(recorded(ANSWERS[operation])).encode()
    return AWSResponse(NOWHERE, 200, {}, SimpleNamespace(stream=lambda **_: iter([body])))


@pytest.fixture(scope="module")
def cloud() -> Iterator[SimpleNamespace]:
    with pytest.MonkeyPatch.context() as monkeypatch, fake_aws(monkeypatch) as aws, light():
        for name in ("DETECT_FACES", "DETECT_MODERATION_LABELS"):
            monkeypatch.setenv(name, "on")
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769")
        aws.client("sesv2").create_email_identity(EmailIdentity="shoebox@example.org")
        aws.client("stepfunctions").create_state_machine(
            name=settings.STATE_MACHINE_ARN.rpartition(":")[2],
            definition=json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}),
            roleArn="arn:aws:iam::123456789012:role/states",
        )
        injector = Injector()
        yield SimpleNamespace(aws=aws, injector=injector, pipeline=Pipeline(injector), wire=Wire())


@pytest.fixture
def wire(cloud: SimpleNamespace) -> Counter[str]:
    cloud.wire.sent.clear()
    return cloud.wire.sent


def send(cloud: SimpleNamespace, data: bytes, *, batch: contract.Batch | None = None) -> contract.Photo:
    """A photo that arrives, and whatever follows; without a batch it is somebody's who is not told."""
    facts = {"batch_id": batch.batch_id, "owner_id": batch.owner_id} if batch else {}
    photo = make_photo(cloud.aws, data=data, **facts)
    cloud.pipeline.arrive(photo.key, cloud.aws.s3.head_object(Bucket="originals-test", Key=photo.key)["ETag"])
    return read(cloud, photo)


def read(cloud: SimpleNamespace, photo: contract.Photo) -> contract.Photo:
    key = contract.photo_item_key(photo.owner_id, photo.photo_id)
    return contract.from_item(contract.Photo, cloud.aws.table.get_item(Key=key)["Item"])


def read_batch(cloud: SimpleNamespace, batch: contract.Batch) -> contract.Batch:
    return contract.from_item(
        contract.Batch, cloud.aws.table.get_item(Key=contract.batch_item_key(batch.batch_id))["Item"]
    )


def begin(cloud: SimpleNamespace, *, expected: int) -> contract.Batch:
    owner = str(uuid.uuid4())
    wishes = contract.Preferences(owner_id=owner, email=f"{owner}@example.org")
    cloud.aws.table.put_item(Item=contract.to_item(wishes))
    return make_batch(cloud.aws, owner, expected=expected)


def total(*usages: contract.Usage | None) -> contract.Usage:
    return sum(filter(None, usages), contract.Usage())


def test_the_metered_requests_of_a_hundred_photos_equal_a_recount_and_duplicates_pay_nothing(
    cloud: SimpleNamespace, wire: Counter[str], small_photo: bytes
) -> None:
    batches = [begin(cloud, expected=BATCH) for _ in range(BATCHES)]
    photos = [
        send(cloud, small_photo + bytes([at % (BATCH - DUPLICATES)]), batch=batch)
        for batch in batches
        for at in range(BATCH)
    ]

    assert {photo.status for photo in photos} == {"ready"}
    told = [read_batch(cloud, batch) for batch in batches]
    metered = total(*(photo.usage[0] for photo in photos), *(batch.usage for batch in told))
    assert metered.requests == dict(wire)
    assert {name: metered.requests[name] for name in PAID} == dict.fromkeys(PAID, BATCHES * (BATCH - DUPLICATES))
    assert metered.requests["SESv2.SendEmail"] == BATCHES
    paid = [any(name in photo.usage[0].requests for name in PAID) for photo in photos]
    assert paid == ([True] * (BATCH - DUPLICATES) + [False] * DUPLICATES) * BATCHES


@pytest.mark.parametrize("kind", ["good", "refused"])
def test_transitions_are_the_states_that_the_execution_went_through(
    cloud: SimpleNamespace, small_photo: bytes, kind: str
) -> None:
    photo = send(cloud, small_photo if kind == "good" else photo_files.svg())
    execution = cloud.pipeline.executions[photo.run_id]
    assert photo.usage[0].transitions == len(execution.visited)
    assert (photo.usage[0].run_id, photo.usage[0].invocations) == (photo.run_id, 4 if kind == "good" else 3)


@pytest.mark.parametrize(
    ("function", "client", "operation"),
    [
        ("ResizeImage", pipeline_aws.s3, "PutObject"),
        ("RekognitionLabels", lambda: pipeline_aws.table(TABLE).meta.client, "TransactWriteItems"),
    ],
)
def test_a_run_that_breaks_tells_what_is_known_of_it(
    cloud: SimpleNamespace, small_photo: bytes, function: str, client: Any, operation: str
) -> None:
    with spoil(client(), operation, Fault.ACCESS_DENIED):
        photo = send(cloud, small_photo + function.encode())
    assert photo.status == "failed"
    (used,) = photo.usage
    assert used.requests["SFN.StartExecution"] == 1
    assert used.requests["DynamoDB.UpdateItem"] >= 1
    visited = cloud.pipeline.executions[photo.run_id].visited
    assert used.transitions == len([name for at, name in enumerate(visited) if visited[at - 1 : at] != [name]])


@pytest.mark.parametrize(
    ("step", "operation"),
    [("ResizeImage", "UpdateItem"), ("StoreMetadata", "GetItem"), ("StoreMetadata", "UpdateItem")],
)
def test_tries_of_a_step_that_raised_are_counted_as_transitions(
    cloud: SimpleNamespace, small_photo: bytes, step: str, operation: str
) -> None:
    twice = iter([True, True])

    def when() -> bool:
        return cloud.injector.function == step and next(twice, False)

    with spoil(pipeline_aws.table(TABLE).meta.client, operation, Fault.ACCESS_DENIED, when=when):
        photo = send(cloud, small_photo + step.encode() + operation.encode())
    visited = cloud.pipeline.executions[photo.run_id].visited
    assert (photo.status, visited.count(step)) == ("ready", 3)
    assert photo.usage[0].transitions == len(visited)


def test_requests_that_botocore_sends_again_are_counted_again(
    cloud: SimpleNamespace, wire: Counter[str], small_photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    twice = iter([True, True])
    with spoil(pipeline_aws.s3(), "GetObject", Fault.SERVER_ERROR, when=lambda: next(twice, False)) as spoilt:
        photo = send(cloud, small_photo + b"again")
    assert len(spoilt) == 2
    assert photo.usage[0].requests["S3.GetObject"] == 3


def test_what_a_try_has_paid_that_raised_is_counted_by_the_next_one(
    cloud: SimpleNamespace, wire: Counter[str], small_photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    monkeypatch.setattr(deadline, "time", SimpleNamespace(sleep=cloud.pipeline.sleep))
    throttled = iter([True] * 40)
    with spoil(pipeline_aws.rekognition(), FACES, Fault.THROTTLE, when=lambda: next(throttled, False)):
        photo = send(cloud, small_photo + b"paid")
    visited = cloud.pipeline.executions[photo.run_id].visited
    assert (photo.status, visited.count("RekognitionLabels") > 1) == ("ready", True)
    assert photo.usage[0].transitions == len(visited), "each try is one"
    paid = photo.usage[0].requests
    assert paid[f"Rekognition.{LABELS}"] == wire[f"Rekognition.{LABELS}"] == 1
    assert paid[f"Rekognition.{MODERATION}"] == wire[f"Rekognition.{MODERATION}"] == 1


def test_a_step_that_is_made_twice_adds_once_and_another_run_adds_its_own(
    cloud: SimpleNamespace, small_photo: bytes
) -> None:
    photo = send(cloud, small_photo + b"twice")
    state = cloud.pipeline.executions[photo.run_id].state
    cloud.pipeline.invoke("StoreMetadata", {name: state[name] for name in ("run", "trigger", "resize", "analysis")})
    assert read(cloud, photo).usage == photo.usage

    again = replace(contract.from_item(contract.Run, state["run"]), run_id=f"{photo.photo_id}-x-2", attempt=2)
    cloud.aws.table.update_item(**contract.request_run_update(photo, again, now=photo.updated_at))
    state_machine.run(state_machine.load(), {"run": vars(again)}, cloud.pipeline.run_task)
    first, second = read(cloud, photo).usage
    assert (first, second.run_id) == (photo.usage[0], again.run_id)
    assert not any(name in second.requests for name in [*PAID, "SFN.StartExecution"])


def test_what_an_execution_carries_stays_small(cloud: SimpleNamespace, small_photo: bytes) -> None:
    photo = send(cloud, small_photo + b"small")
    state = cloud.pipeline.executions[photo.run_id].state
    used = [state["trigger"], state["resize"]["usage"], state["analysis"]["usage"]]
    assert len(json.dumps(used)) < 1000
