from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from infra.local.rekognition.errors import AccessDeniedException, InvalidS3ObjectException
from infra.local.rekognition.permissions import Permissions, read_access_key

DETECT, READ = ("rekognition:DetectLabels", "*"), ("s3:GetObject", "arn:aws:s3:::b/k é")
IN_S3 = {"Image": {"S3Object": {"Bucket": "b", "Name": "k é"}}}
INLINE = {"Image": {"Bytes": "/9j/"}}


class Iam(BaseHTTPRequestHandler):
    """Answers that ASIA1 may do what is in `allowed`."""

    allowed: set[tuple[str, str]] = set()

    def do_GET(self) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        may = asked["key"] == "ASIA1" and (asked["action"], asked["resource"]) in self.allowed
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(may).encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def permissions() -> Iterator[Permissions]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Iam)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Permissions(f"http://127.0.0.1:{server.server_port}/may")
    server.shutdown()
    server.server_close()
    thread.join()


def test_caller_with_both_permissions_is_let_through(permissions: Permissions) -> None:
    Iam.allowed = {DETECT, READ}
    permissions.require("ASIA1", "DetectLabels", IN_S3)


@pytest.mark.parametrize("key", ["ASIA1", "ASIA2"])
def test_caller_who_may_not_detect_is_refused(permissions: Permissions, key: str) -> None:
    Iam.allowed = {READ} if key == "ASIA1" else {DETECT, READ}
    with pytest.raises(AccessDeniedException, match="rekognition:DetectLabels"):
        permissions.require(key, "DetectLabels", IN_S3)


def test_caller_who_may_not_read_the_object_cannot_have_it_read(permissions: Permissions) -> None:
    Iam.allowed = {DETECT}
    with pytest.raises(InvalidS3ObjectException, match="access permissions"):
        permissions.require("ASIA1", "DetectLabels", IN_S3)


def test_an_image_in_the_request_needs_no_permission_to_read(permissions: Permissions) -> None:
    Iam.allowed = {DETECT}
    permissions.require("ASIA1", "DetectLabels", INLINE)


@pytest.mark.parametrize("operation", ["DetectFaces", "DetectModerationLabels"])
def test_each_operation_has_its_own_permission(permissions: Permissions, operation: str) -> None:
    Iam.allowed = {DETECT}
    with pytest.raises(AccessDeniedException, match=f"rekognition:{operation}$"):
        permissions.require("ASIA1", operation, INLINE)
    Iam.allowed = {(f"rekognition:{operation}", "*")}
    permissions.require("ASIA1", operation, INLINE)


@pytest.mark.parametrize("header", ["", "Bearer x", "AWS4-HMAC-SHA256 Signature=x"])
def test_a_request_that_names_no_access_key_is_refused(header: str) -> None:
    with pytest.raises(AccessDeniedException, match="not signed"):
        read_access_key(header)
