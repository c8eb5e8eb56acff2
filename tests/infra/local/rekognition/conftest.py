"""The models, loaded once a test run, and the server around it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from PIL import Image

from infra.local.rekognition.detect_faces import DetectFaces
from infra.local.rekognition.detect_labels import DetectLabels
from infra.local.rekognition.detect_moderation_labels import DetectModerationLabels
from infra.local.rekognition.detectors import LabelDetector
from infra.local.rekognition.faces import Face, FaceDetector
from infra.local.rekognition.images import decode_image
from infra.local.rekognition.label_table import LabelTable, load_label_table
from infra.local.rekognition.moderation import ModerationDetector
from infra.local.rekognition.permissions import Permissions
from infra.local.rekognition.server import Operation, RekognitionServer
from infra.local.rekognition.sources import ImageSource
from tests.conftest import REGION

PHOTOS = Path(__file__).parents[3] / "photos"


@pytest.fixture(scope="session")
def detector() -> LabelDetector:
    return LabelDetector.load()


@pytest.fixture(scope="session")
def faces() -> FaceDetector:
    return FaceDetector.load()


@pytest.fixture(scope="session")
def moderation() -> ModerationDetector:
    return ModerationDetector.load()


@pytest.fixture(scope="session")
def table() -> LabelTable:
    return load_label_table()


# Made once a run: a fake AWS, where a test asks for one, answers clients that exist already.
KEYS = {"region_name": REGION, "aws_access_key_id": "testing", "aws_secret_access_key": "testing"}


@pytest.fixture(scope="session")
def server(detector: LabelDetector, faces: FaceDetector, moderation: ModerationDetector) -> Iterator[RekognitionServer]:
    """Listening on a free port."""
    source, slots = ImageSource(boto3.client("s3", **KEYS)), threading.BoundedSemaphore(1)
    operations: dict[str, Operation] = {
        "DetectLabels": DetectLabels(detector, faces, source, slots),
        "DetectFaces": DetectFaces(faces, source, slots),
        "DetectModerationLabels": DetectModerationLabels(moderation, source, slots),
    }
    server = RekognitionServer(0, operations, Permissions())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def url(server: RekognitionServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"


@pytest.fixture(scope="session")
def rekognition(url: str) -> Any:
    """A real client, which checks each answer against Rekognition's own service model."""
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    return boto3.client("rekognition", endpoint_url=url, config=config, **KEYS)


def photo(name: str) -> bytes:
    return (PHOTOS / name).read_bytes()


def opened(name: str) -> Image.Image:
    return decode_image(photo(name))


def make_face(left: float = 0.1, confidence: float = 90) -> Face:
    return Face(left=left, top=0.1, width=0.2, height=0.2, confidence=confidence)


def make_image(
    size: tuple[int, int] = (100, 100), file_format: str = "PNG", mode: str = "RGB", **options: Any
) -> bytes:
    """A plain image file."""
    buffer = BytesIO()
    Image.new(mode, size).save(buffer, file_format, **options)
    return buffer.getvalue()
