from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.rekognition import sources
from infra.local.rekognition.server import WORKERS
from tests.conftest import RENDITIONS

from .conftest import make_image, photo

ROOT = Path(__file__).parents[4]
CAT, ASTRONAUT = {"Bytes": photo("chelsea.jpg")}, {"Bytes": photo("astronaut.jpg")}


def names(answer: dict[str, Any]) -> list[str]:
    return [label["Name"] for label in answer["Labels"]]


def refusal(client: Any, operation: str = "detect_labels", **request: Any) -> tuple[str, int]:
    """The error code and HTTP status that a request is refused with."""
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**request)
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def post(url: str, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    """A request made by hand: status and answer."""
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


CREDENTIAL = "testing/20260101/eu-west-1/rekognition/aws4_request"
SIGNED = {
    "Authorization": f"AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=host, Signature={64 * '0'}",
    "X-Amz-Target": "RekognitionService.DetectLabels",
}


def test_an_answer_has_the_shape_of_rekognitions(rekognition: Any) -> None:
    answer = rekognition.detect_labels(Image=CAT)
    cat = next(label for label in answer["Labels"] if label["Name"] == "Cat")
    assert cat["Confidence"] > 80
    assert {"Name": "Animal"} in cat["Parents"]
    assert cat["Categories"] == [{"Name": "Animals and Pets"}]
    assert (cat["Instances"], cat["Aliases"]) == ([], [])
    assert answer["LabelModelVersion"]
    assert "OrientationCorrection" not in answer


def test_a_label_has_its_other_names(rekognition: Any) -> None:
    answer = rekognition.detect_labels(Image={"Bytes": photo("coffee.jpg")})
    beverage = next(label for label in answer["Labels"] if label["Name"] == "Beverage")
    assert beverage["Aliases"] == [{"Name": "Drink"}]


def test_a_face_is_answered_with_its_box_and_nothing_about_the_person(rekognition: Any) -> None:
    (face,) = rekognition.detect_faces(Image=ASTRONAUT)["FaceDetails"]
    assert face.keys() == {"BoundingBox", "Confidence"}
    assert face["Confidence"] > 85
    assert face["BoundingBox"] == pytest.approx({"Left": 0.35, "Top": 0.11, "Width": 0.18, "Height": 0.23}, abs=0.02)


def test_a_photo_without_people_has_no_faces(rekognition: Any) -> None:
    assert rekognition.detect_faces(Image=CAT, Attributes=["DEFAULT"])["FaceDetails"] == []


def test_a_face_is_read_from_s3(rekognition: Any, aws: SimpleNamespace) -> None:
    aws.s3.put_object(Bucket=RENDITIONS, Key="a.jpg", Body=photo("astronaut.jpg"))
    answer = rekognition.detect_faces(Image={"S3Object": {"Bucket": RENDITIONS, "Name": "a.jpg"}})
    assert len(answer["FaceDetails"]) == 1


def test_a_face_is_the_labels_person_and_face_with_its_box(rekognition: Any) -> None:
    labels = {label["Name"]: label for label in rekognition.detect_labels(Image=ASTRONAUT)["Labels"]}
    (face,) = rekognition.detect_faces(Image=ASTRONAUT)["FaceDetails"]
    assert labels["Person"]["Instances"] == labels["Face"]["Instances"] == [face]
    assert labels["Face"]["Parents"] == [{"Name": "Head"}, {"Name": "Person"}]
    assert labels["Face"]["Categories"] == [{"Name": "Person Description"}]


def test_filters_choose_face_labels_too(rekognition: Any) -> None:
    settings = {"GeneralLabels": {"LabelCategoryExclusionFilters": ["Person Description"]}}
    assert not {"Person", "Head", "Face"} & set(names(rekognition.detect_labels(Image=ASTRONAUT, Settings=settings)))


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"Image": {"Bytes": b"GIF89a"}}, "InvalidImageFormatException"),
        ({"Image": {"Bytes": make_image((10_001, 80))}}, "ImageTooLargeException"),
        ({}, "InvalidParameterException"),
        ({"Image": CAT, "Attributes": ["ALL"]}, "InvalidParameterException"),
        ({"Image": CAT, "Attributes": "DEFAULT"}, "InvalidParameterException"),
        ({"Image": {"S3Object": {"Bucket": RENDITIONS, "Name": "no.jpg"}}}, "InvalidS3ObjectException"),
    ],
)
def test_a_bad_request_for_faces_is_refused(
    rekognition: Any, aws: SimpleNamespace, request_: dict[str, Any], code: str
) -> None:
    assert refusal(rekognition, "detect_faces", **request_) == (code, 400)


def test_an_image_is_read_from_s3(rekognition: Any, aws: SimpleNamespace) -> None:
    aws.s3.put_object(Bucket=RENDITIONS, Key="cats/ä b.jpg", Body=photo("chelsea.jpg"))
    answer = rekognition.detect_labels(Image={"S3Object": {"Bucket": RENDITIONS, "Name": "cats/ä b.jpg"}})
    assert "Cat" in names(answer)


def test_a_version_in_s3_is_read(rekognition: Any, aws: SimpleNamespace) -> None:
    aws.s3.put_bucket_versioning(Bucket=RENDITIONS, VersioningConfiguration={"Status": "Enabled"})
    first = aws.s3.put_object(Bucket=RENDITIONS, Key="a.jpg", Body=photo("chelsea.jpg"))["VersionId"]
    aws.s3.put_object(Bucket=RENDITIONS, Key="a.jpg", Body=photo("coffee.jpg"))
    s3_object = {"Bucket": RENDITIONS, "Name": "a.jpg", "Version": first}
    assert "Cat" in names(rekognition.detect_labels(Image={"S3Object": s3_object}))


def test_the_default_confidence_is_55_and_can_be_lowered(rekognition: Any) -> None:
    usual = rekognition.detect_labels(Image=CAT)["Labels"]
    every = rekognition.detect_labels(Image=CAT, MinConfidence=1)["Labels"]
    assert min(label["Confidence"] for label in usual) >= 55
    assert len(every) > len(usual)


def test_max_labels_keeps_the_surest(rekognition: Any) -> None:
    every = rekognition.detect_labels(Image=CAT)
    assert names(rekognition.detect_labels(Image=CAT, MaxLabels=2)) == names(every)[:2]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"LabelInclusionFilters": ["Cat", "Zebra"]}, {"Cat"}),
        ({"LabelCategoryInclusionFilters": ["Food and Beverage"]}, set()),
        ({"LabelInclusionFilters": ["Cat"], "LabelCategoryInclusionFilters": ["Religion"]}, {"Cat"}),
        ({"LabelCategoryExclusionFilters": ["Animals and Pets"]}, set()),
        ({"LabelInclusionFilters": ["Cat", "Pet"], "LabelExclusionFilters": ["Pet"]}, {"Cat"}),
    ],
)
def test_filters_choose_labels(rekognition: Any, filters: dict[str, list[str]], expected: set[str]) -> None:
    assert set(names(rekognition.detect_labels(Image=CAT, Settings={"GeneralLabels": filters}))) == expected


def test_a_category_filter_lets_its_labels_through(rekognition: Any) -> None:
    settings = {"GeneralLabels": {"LabelCategoryInclusionFilters": ["Animals and Pets"]}}
    assert names(rekognition.detect_labels(Image=CAT, Settings=settings)) == names(rekognition.detect_labels(Image=CAT))


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"Image": {"Bytes": b"GIF89a"}}, "InvalidImageFormatException"),
        ({"Image": {"Bytes": make_image((79, 90))}}, "InvalidParameterException"),
        ({"Image": {"Bytes": b"x" * (5 * 1024 * 1024 + 1)}}, "ImageTooLargeException"),
        ({"Image": {"Bytes": b"x" * (9 * 1024 * 1024)}}, "ImageTooLargeException"),
        ({"Image": {"Bytes": make_image((10_001, 80))}}, "ImageTooLargeException"),
        ({"Image": {}}, "InvalidParameterException"),
        ({}, "InvalidParameterException"),
        ({"Image": {"S3Object": {"Bucket": RENDITIONS}}}, "InvalidParameterException"),
        ({"Image": CAT | {"S3Object": {"Bucket": "b", "Name": "n"}}}, "InvalidParameterException"),
        ({"Image": CAT, "MinConfidence": 101}, "InvalidParameterException"),
        ({"Image": CAT, "MinConfidence": -0.1}, "InvalidParameterException"),
        ({"Image": CAT, "MaxLabels": -1}, "InvalidParameterException"),
        ({"Image": CAT, "Features": ["OTHER"]}, "InvalidParameterException"),
        ({"Image": CAT, "Settings": {"ImageProperties": {"MaxDominantColors": 5}}}, "InvalidParameterException"),
        ({"Image": {"Bytes": b""}}, "InvalidParameterException"),
        ({"Image": {"S3Object": {"Bucket": "b", "Name": "n"}}}, "InvalidParameterException"),
        ({"Image": {"S3Object": {"Bucket": RENDITIONS, "Name": "n" * 1025}}}, "InvalidParameterException"),
        ({"Image": CAT, "Features": ["IMAGE_PROPERTIES"]}, "InvalidParameterException"),
        (
            {"Image": CAT, "Settings": {"GeneralLabels": {"LabelInclusionFilters": ["a"] * 101}}},
            "InvalidParameterException",
        ),
    ],
)
def test_a_bad_request_is_refused_with_rekognitions_code(rekognition: Any, request_: dict[str, Any], code: str) -> None:
    assert refusal(rekognition, **request_) == (code, 400)


@pytest.mark.parametrize("bucket", [RENDITIONS, "no-such-bucket"])
def test_an_object_that_is_not_there_is_refused(rekognition: Any, aws: SimpleNamespace, bucket: str) -> None:
    image = {"S3Object": {"Bucket": bucket, "Name": "no.jpg"}}
    assert refusal(rekognition, Image=image) == ("InvalidS3ObjectException", 400)


def test_an_object_over_15_megabytes_is_refused(
    rekognition: Any, aws: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MOST_BYTES_S3", 1000)
    aws.s3.put_object(Bucket=RENDITIONS, Key="big.jpg", Body=photo("chelsea.jpg"))
    image = {"S3Object": {"Bucket": RENDITIONS, "Name": "big.jpg"}}
    assert refusal(rekognition, Image=image) == ("ImageTooLargeException", 400)


def test_another_operation_is_unknown(rekognition: Any) -> None:
    with pytest.raises(ClientError) as caught:
        rekognition.detect_text(Image=CAT)
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"


def test_an_unsigned_request_is_refused(url: str) -> None:
    status, answer = post(url, b"{}", **SIGNED | {"Authorization": ""})
    assert (status, answer["__type"]) == (400, "MissingAuthenticationTokenException")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b"9" * 5000])
def test_a_body_that_is_no_json_object_is_refused(url: str, body: bytes) -> None:
    status, answer = post(url, body, **SIGNED)
    assert (status, answer["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize(
    "request_",
    [
        {"Image": {"Bytes": "not base64!"}},
        {"Image": {"Bytes": 7}},
        {"Image": "cat.jpg"},
        {"Image": {"Bytes": ""}, "Settings": 5},
        {"Image": {"Bytes": ""}, "Settings": {"GeneralLabels": {"LabelInclusionFilters": "Cat"}}},
        {"Image": {"Bytes": ""}, "MinConfidence": "high"},
        {"Image": {"Bytes": ""}, "MaxLabels": True},
        {"Image": {"Bytes": "AA=="}, "MaxLabels": 2.5},
        {"Image": {"S3Object": {"Bucket": "bucket", "Name": "\ud800"}}},
        {"Image": {"Bytes": "AA=="}, "Colour": "blue"},
        {"Image": {"Bytes": ""}, "MaxLabels": float("inf")},
        {"Image": {"Bytes": ""}, "MinConfidence": float("nan")},
        {"Image": {"Bytes": ""}, "Features": "GENERAL_LABELS"},
    ],
)
def test_a_parameter_of_the_wrong_type_is_refused(url: str, request_: dict[str, Any]) -> None:
    status, answer = post(url, json.dumps(request_).encode(), **SIGNED)
    assert (status, answer["__type"]) == (400, "InvalidParameterException")
    assert answer["Message"]


def test_several_requests_at_once_are_all_answered(rekognition: Any) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: rekognition.detect_labels(Image=CAT), range(8)))
    assert all("Cat" in names(answer) for answer in answers)


def test_no_caller_is_sent_away_when_more_ask_than_are_served(url: str) -> None:
    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: post(url, b"{}", **SIGNED), range(200)))
    assert {answer["__type"] for _, answer in answers} == {"InvalidParameterException"}


def test_only_so_many_are_served_at_once(url: str, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, full = threading.Semaphore(0), [], threading.Barrier(WORKERS)

    def busy(_request: object) -> dict[str, Any]:
        running.release()
        full.wait(timeout=20)
        most.append(running._value)
        full.wait(timeout=20)
        running.acquire()
        return {"Labels": []}

    monkeypatch.setitem(server._operations, "DetectLabels", busy)
    body = json.dumps({"Image": {"Bytes": "AA=="}}).encode()
    with ThreadPoolExecutor(3 * WORKERS) as pool:
        answers = list(pool.map(lambda _: post(url, body, **SIGNED)[0], range(3 * WORKERS)))
    assert answers == [200] * 3 * WORKERS
    assert max(most) == WORKERS


def test_every_answer_has_a_request_id_of_its_own(rekognition: Any) -> None:
    ids = {rekognition.detect_faces(Image=CAT)["ResponseMetadata"]["RequestId"] for _ in range(2)}
    assert len(ids) == 2


def test_an_error_of_our_own_is_a_500_without_its_details(
    url: str, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_request: object) -> dict[str, Any]:
        raise ZeroDivisionError("secret")

    monkeypatch.setitem(server._operations, "DetectLabels", broken)
    status, answer = post(url, b'{"Image": {"Bytes": "AA=="}}', **SIGNED)
    assert (status, answer["__type"]) == (500, "InternalServerError")
    assert "secret" not in answer["Message"]


def test_other_paths_are_not_found(url: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{url}/other")


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_and_stops_cleanly(stop: signal.Signals, free_port: int) -> None:
    process = start(free_port)
    try:
        assert process.stdout is not None
        assert "ready" in process.stdout.readline()
        with urllib.request.urlopen(f"http://127.0.0.1:{free_port}/healthz") as response:
            assert response.status == 200
        body = json.dumps({"Image": {"Bytes": base64.b64encode(photo("chelsea.jpg")).decode()}}).encode()
        assert post(f"http://127.0.0.1:{free_port}/", body, **SIGNED)[0] == 200
        process.send_signal(stop)
        output, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0
    assert output.startswith("DetectLabels 200 ok ")
    assert output.endswith("\nDetectLabels: 1 answered, 0 refused\n")


def test_a_taken_port_is_one_clear_line(server: Any) -> None:
    process = start(server.server_port)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert output == f"Rekognition cannot listen on 127.0.0.1:{server.server_port}: Address already in use\n"


@pytest.fixture
def free_port() -> int:
    with http.client.socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(port: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "infra.local.rekognition.server", "--port", str(port)]
    return subprocess.Popen(
        command, cwd=ROOT, env=os.environ.copy(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
