from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local.rekognition.errors import ProvisionedThroughputExceededException
from infra.local.rekognition.permissions import Permissions
from infra.local.rekognition.quota import Quota, Tally, read_quota
from infra.local.rekognition.server import RekognitionServer

from .conftest import KEYS

CAT = {"Bytes": b"cat"}


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def taken(quota: Quota, calls: int, operation: str = "DetectLabels") -> int:
    """How many of so many calls are taken."""
    number = 0
    for _ in range(calls):
        try:
            quota.take(operation)
        except ProvisionedThroughputExceededException:
            continue
        number += 1
    return number


def test_a_seconds_calls_are_taken_at_once_and_no_more() -> None:
    assert taken(Quota(5, Clock()), 20) == 5


@pytest.mark.parametrize(("seconds", "more"), [(0.1, 0), (0.2, 1), (0.5, 2), (1, 5), (60, 5)])
def test_the_quota_fills_again_evenly_and_never_over(seconds: float, more: int) -> None:
    clock = Clock()
    quota = Quota(5, clock)
    taken(quota, 20)
    clock.seconds += seconds + 1e-6
    assert taken(quota, 20) == more


def test_a_refused_call_costs_nothing() -> None:
    clock = Clock()
    quota, number = Quota(5, clock), 0
    for _ in range(100):
        number += taken(quota, 3)
        clock.seconds += 0.1
    assert number == pytest.approx(5 + 10 * 5, abs=1)


def test_each_operation_has_a_quota_of_its_own() -> None:
    quota = Quota(5, Clock())
    assert [taken(quota, 9, name) for name in ("DetectLabels", "DetectFaces")] == [5, 5]


def test_less_than_one_call_a_second_is_one_call_in_some_seconds() -> None:
    clock = Clock()
    quota = Quota(0.5, clock)
    assert taken(quota, 3) == 1
    clock.seconds += 1
    assert taken(quota, 3) == 0
    clock.seconds += 1
    assert taken(quota, 3) == 1


def test_without_a_number_every_call_is_taken() -> None:
    assert taken(read_quota(""), 1000) == 1000
    assert taken(read_quota("2"), 1000) == 2


def test_a_tally_tells_answered_and_refused_calls_by_operation() -> None:
    tally = Tally()
    for answered in (True, True, False):
        tally.count("DetectLabels", answered=answered)
    tally.count("DetectFaces", answered=False)
    assert tally.lines() == ["DetectFaces: 0 answered, 1 refused", "DetectLabels: 2 answered, 1 refused"]


@pytest.fixture
def limited() -> Iterator[RekognitionServer]:
    """A server whose account may make two calls a second, and whose time stands still."""
    operations = {"DetectLabels": lambda _: {"Labels": []}, "DetectFaces": lambda _: {"FaceDetails": []}}
    server = RekognitionServer(0, operations, Permissions(), Quota(2, Clock()))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def make_client(server: RekognitionServer, attempts: int = 1) -> Any:
    config = Config(retries={"mode": "standard", "total_max_attempts": attempts})
    return boto3.client("rekognition", endpoint_url=f"http://127.0.0.1:{server.server_port}", config=config, **KEYS)


def test_calls_beyond_the_quota_are_refused_as_rekognition_refuses_them(limited: RekognitionServer) -> None:
    client = make_client(limited)
    for _ in range(2):
        client.detect_labels(Image=CAT)
    with pytest.raises(client.exceptions.ProvisionedThroughputExceededException) as caught:
        client.detect_labels(Image=CAT)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert caught.value.response["Error"]["Message"] == "Provisioned rate exceeded"
    client.detect_faces(Image=CAT)
    assert (limited.tally.answered, limited.tally.refused) == (
        {"DetectLabels": 2, "DetectFaces": 1},
        {"DetectLabels": 1},
    )


def test_every_try_of_a_client_that_tries_again_counts_as_refused(
    limited: RekognitionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    client = make_client(limited, attempts=3)
    client.detect_labels(Image=CAT)
    client.detect_labels(Image=CAT)
    with pytest.raises(ClientError):
        client.detect_labels(Image=CAT)
    assert limited.tally.lines() == ["DetectLabels: 2 answered, 3 refused"]
