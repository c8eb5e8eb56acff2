from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.rekognition.errors import InvalidParameterException, RekognitionError
from infra.local.rekognition.service_model import check_request

from .conftest import KEYS, photo
from .service_shapes import MODEL, violations

IN_S3 = {"S3Object": {"Bucket": "bucket", "Name": "name"}}
OPERATIONS = ["DetectLabels", "DetectFaces", "DetectModerationLabels"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_request_within_the_model_passes(operation: str) -> None:
    check_request(operation, {"Image": {"Bytes": "AA=="}})
    check_request(
        operation, {"Image": IN_S3, "MinConfidence": None} if operation != "DetectFaces" else {"Image": IN_S3}
    )


@pytest.mark.parametrize(
    ("operation", "request_", "named"),
    [
        ("DetectLabels", {}, "Image"),
        ("DetectLabels", {"Image": None}, "Image"),
        ("DetectLabels", {"Image": IN_S3, "Attributes": ["ALL"]}, "'Attributes'"),
        ("DetectLabels", {"Image": {"Url": "http://x"}}, "'Url'"),
        ("DetectLabels", {"Image": IN_S3, "MinConfidence": 100.1}, "MinConfidence"),
        ("DetectLabels", {"Image": IN_S3, "MaxLabels": 1.0}, "MaxLabels"),
        ("DetectLabels", {"Image": IN_S3, "MaxLabels": 2**31}, "MaxLabels"),
        ("DetectLabels", {"Image": IN_S3, "Features": ["GENERAL_LABELS"] * 3}, "Features"),
        ("DetectLabels", {"Image": IN_S3, "Features": [None]}, "Features[0]"),
        ("DetectFaces", {"Image": IN_S3, "Attributes": ["EARS"]}, "Attributes[0]"),
        ("DetectModerationLabels", {"Image": IN_S3, "ProjectVersion": "arn:aws:rekognition:eu:1:x"}, "ProjectVersion"),
        ("DetectModerationLabels", {"Image": {"S3Object": {"Bucket": "a b c", "Name": "n"}}}, "Image.S3Object.Bucket"),
    ],
)
def test_what_the_model_does_not_allow_is_refused_by_name(operation: str, request_: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidParameterException) as caught:
        check_request(operation, request_)
    assert named in str(caught.value)


def filtered(*names: str) -> dict[str, Any]:
    return {"Image": IN_S3, "Settings": {"GeneralLabels": {"LabelInclusionFilters": list(names)}}}


@pytest.mark.parametrize("name", ["Cat", "Kite (Bird)", "Jack-O'-Lantern", "", "ñ" * 50])
def test_a_filter_takes_the_names_that_the_model_allows(name: str) -> None:
    check_request("DetectLabels", filtered(name))


@pytest.mark.parametrize("names", [["x" * 51], ["Cat\n"], ["猫"], ["a"] * 101])
def test_a_filter_refuses_the_names_that_the_model_does_not_allow(names: list[str]) -> None:
    with pytest.raises(InvalidParameterException, match="LabelInclusionFilters"):
        check_request("DetectLabels", filtered(*names))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
members = {
    "Image": st.just(IN_S3) | json_values,
    "MinConfidence": st.floats(-10, 110) | json_values,
    "MaxLabels": st.integers(-10, 2000) | json_values,
    "Features": st.lists(st.sampled_from(["GENERAL_LABELS", "IMAGE_PROPERTIES", "X"]), max_size=3) | json_values,
    "Settings": st.dictionaries(st.sampled_from(["GeneralLabels", "ImageProperties"]), json_values) | json_values,
    "Attributes": st.lists(st.sampled_from(["DEFAULT", "ALL", "X"]), max_size=3) | json_values,
}
requests = st.fixed_dictionaries({}, optional=members) | st.dictionaries(st.text(max_size=12), json_values, max_size=4)


@settings(max_examples=300)
@given(st.sampled_from(OPERATIONS), requests)
def test_what_passes_would_pass_botocores_own_check_of_a_client(operation: str, request_: dict[str, Any]) -> None:
    if refusal_of(lambda: check_request(operation, request_)) is None:
        report = ParamValidator().validate(without_null(request_), MODEL.operation_model(operation).input_shape)
        assert not report.has_errors(), report.generate_report()


def refusal_of(ask: Callable[[], object]) -> RekognitionError | None:
    try:
        ask()
    except RekognitionError as error:
        return error
    return None


def without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_null(member) for name, member in value.items() if member is not None}
    return value


@settings(max_examples=60)
@given(st.sampled_from(OPERATIONS), requests)
def test_any_request_about_what_is_no_image_is_refused_with_an_error_that_the_model_declares(
    server: Any, operation: str, request_: dict[str, Any]
) -> None:
    no_image = {"Image": {"Bytes": "AA=="}}
    refusal = refusal_of(lambda: server.perform(operation, request_ | no_image, "key"))
    assert refusal is not None
    assert str(refusal)
    assert refusal.status == 400
    assert type(refusal).__name__ in {shape.name for shape in MODEL.operation_model(operation).error_shapes}


@pytest.fixture(scope="module")
def answers(url: str) -> dict[str, dict[str, Any]]:
    """What botocore's own parser makes of the answers about one photo, by operation."""
    client = boto3.client("rekognition", endpoint_url=url, **KEYS)
    image = {"Bytes": photo("astronaut.jpg")}
    return {
        "DetectLabels": client.detect_labels(Image=image),
        "DetectFaces": client.detect_faces(Image=image),
        "DetectModerationLabels": client.detect_moderation_labels(Image=image, MinConfidence=0),
    }


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_answer_parses_under_the_service_model_and_breaks_none_of_its_rules(
    answers: dict[str, dict[str, Any]], operation: str
) -> None:
    answer = {name: value for name, value in answers[operation].items() if name != "ResponseMetadata"}
    assert answer
    assert list(violations(operation, answer)) == []


@pytest.mark.parametrize(
    "answer",
    [
        {"Labels": [{"Name": "Cat", "Confidence": 101}]},
        {"Labels": [{"Name": 5}]},
        {"Labels": {}},
        {"Label": []},
        {"OrientationCorrection": "ROTATE_45"},
    ],
)
def test_the_judge_of_answers_sees_what_breaks_a_rule(answer: dict[str, Any]) -> None:
    assert list(violations("DetectLabels", answer))
