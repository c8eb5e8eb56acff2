from __future__ import annotations

import base64
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.rekognition.detect_moderation_labels import DetectModerationLabels
from infra.local.rekognition.moderation import ModerationDetector
from infra.local.rekognition.sources import ImageSource
from tests.conftest import RENDITIONS

from .conftest import make_image, photo
from .test_moderation import FixedSession

CAT = {"Bytes": photo("chelsea.jpg")}
ADAPTER = "arn:aws:rekognition:eu-west-1:123456789012:project/a/version/b/1"
REVIEW = {"HumanLoopName": "n", "FlowDefinitionArn": "arn:aws:sagemaker:eu-west-1:123456789012:flow-definition/f"}


def labels_at(score: float, **request: Any) -> list[dict[str, Any]]:
    """The answer about a photo of which the model is this sure, 0 to 1, that it is explicit."""
    source = ImageSource(SimpleNamespace())
    operation = DetectModerationLabels(ModerationDetector(FixedSession(score)), source, threading.Semaphore())
    image = {"Bytes": base64.b64encode(make_image()).decode()}
    return operation({"Image": image} | request)["ModerationLabels"]


def test_a_harmless_photo_has_no_moderation_labels(rekognition: Any) -> None:
    answer = rekognition.detect_moderation_labels(Image=CAT)
    assert answer["ModerationLabels"] == []
    assert answer["ModerationModelVersion"]


def test_an_answer_has_the_shape_of_rekognitions(rekognition: Any) -> None:
    (label,) = rekognition.detect_moderation_labels(Image=CAT, MinConfidence=0)["ModerationLabels"]
    assert 0 <= label.pop("Confidence") < 5
    assert label == {"Name": "Explicit", "ParentName": "", "TaxonomyLevel": 1}


def test_an_explicit_photo_is_labelled_with_its_confidence() -> None:
    (label,) = labels_at(0.9)
    assert label["Name"] == "Explicit"
    assert label["Confidence"] == pytest.approx(90)


@pytest.mark.parametrize(
    ("score", "request_", "count"),
    [(0.51, {}, 1), (0.49, {}, 0), (0.9, {"MinConfidence": 91}, 0), (0.31, {"MinConfidence": 30}, 1)],
)
def test_the_default_confidence_is_50_and_can_be_changed(score: float, request_: dict[str, Any], count: int) -> None:
    assert len(labels_at(score, **request_)) == count


def test_a_photo_in_s3_is_moderated(rekognition: Any, aws: SimpleNamespace) -> None:
    aws.s3.put_object(Bucket=RENDITIONS, Key="a.jpg", Body=photo("chelsea.jpg"))
    image = {"S3Object": {"Bucket": RENDITIONS, "Name": "a.jpg"}}
    assert len(rekognition.detect_moderation_labels(Image=image, MinConfidence=0)["ModerationLabels"]) == 1


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"Image": {"Bytes": b"GIF89a"}}, "InvalidImageFormatException"),
        ({"Image": {"Bytes": make_image((10_001, 80))}}, "ImageTooLargeException"),
        ({}, "InvalidParameterException"),
        ({"Image": CAT, "MinConfidence": 101}, "InvalidParameterException"),
        ({"Image": CAT, "ProjectVersion": "arn:aws:rekognition:v"}, "InvalidParameterException"),
        ({"Image": CAT, "HumanLoopConfig": {"HumanLoopName": "n"}}, "InvalidParameterException"),
        ({"Image": CAT, "ProjectVersion": ADAPTER}, "ResourceNotFoundException"),
        ({"Image": CAT, "HumanLoopConfig": REVIEW}, "ResourceNotFoundException"),
        ({"Image": {"S3Object": {"Bucket": RENDITIONS, "Name": "no.jpg"}}}, "InvalidS3ObjectException"),
    ],
)
def test_a_bad_request_is_refused_with_rekognitions_code(
    rekognition: Any, aws: SimpleNamespace, request_: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as caught:
        rekognition.detect_moderation_labels(**request_)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
