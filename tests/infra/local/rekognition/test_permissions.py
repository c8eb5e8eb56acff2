from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from infra.local.rekognition.errors import (
    AccessDeniedException,
    IncompleteSignatureException,
    InvalidS3ObjectException,
    InvalidSignatureException,
    MissingAuthenticationTokenException,
)
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


def make_authorization(service: str = "rekognition", signature: str = "0" * 64) -> str:
    scope = f"AKIA1/20260101/eu-west-1/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={signature}"


def test_the_access_key_of_a_signature_is_read() -> None:
    assert read_access_key(make_authorization()) == "AKIA1"


def test_a_signature_that_a_client_makes_is_read() -> None:
    request = AWSRequest("POST", "http://127.0.0.1:4567/", data=b"{}")
    SigV4Auth(Credentials("AKIA1", "secret"), "rekognition", "eu-west-1").add_auth(request)
    assert read_access_key(request.headers["Authorization"]) == "AKIA1"


def test_a_request_without_a_signature_is_refused() -> None:
    with pytest.raises(MissingAuthenticationTokenException):
        read_access_key("")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer x",
        "AWS4-HMAC-SHA256 Signature=x",
        "AWS4-HMAC-SHA256 Credential=AKIA1/20260101/eu-west-1/rekognition/aws4_request",
        make_authorization(signature="x"),
        make_authorization().replace("20260101/", ""),
    ],
)
def test_what_is_no_signature_is_refused(header: str) -> None:
    with pytest.raises(IncompleteSignatureException):
        read_access_key(header)


def test_a_signature_for_another_service_is_refused() -> None:
    with pytest.raises(InvalidSignatureException, match="'rekognition'"):
        read_access_key(make_authorization(service="s3"))
