"""A local Rekognition: its JSON 1.1 protocol on 127.0.0.1, answered by the models in this folder.

    python -m infra.local.rekognition.server --port 4567

Images in S3 are read with the endpoint and credentials of the AWS_* environment, for callers who may read them
themselves: SHOEBOX_PERMISSIONS_URL is asked, where it is set, what the access key of a request may do.
SHOEBOX_REKOGNITION_CALLS_A_SECOND, where it is set, is how many calls of each operation are taken in a second.
GET /healthz answers 200 once the models are loaded. SIGTERM and Ctrl-C finish the requests under way and stop, with
a line an operation about how many calls were answered and how many refused.
"""

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .detect_faces import DetectFaces
from .detect_labels import DetectLabels
from .detect_moderation_labels import DetectModerationLabels
from .detectors import LabelDetector
from .errors import (
    ImageTooLargeException,
    InternalServerError,
    RekognitionError,
    SerializationException,
    UnknownOperationException,
)
from .faces import FaceDetector
from .model_files import DamagedModelError
from .moderation import ModerationDetector
from .permissions import Permissions, read_access_key
from .quota import Quota, Tally, read_quota
from .service_model import check_request
from .sources import ImageSource, make_s3_client

HOST = "127.0.0.1"
TARGET_PREFIX = "RekognitionService."
CONTENT_TYPE = "application/x-amz-json-1.1"
# Five megabytes of image are seven in base64.
MOST_BODY_BYTES = 8 * 1024 * 1024
# Decoding and inference keep a core busy; more at once would only make each slower.
AT_ONCE = 2
# These have a photo in memory; some are still fetching it. All other callers wait, connected.
WORKERS = 8

Operation = Callable[[Mapping[str, Any]], dict[str, Any]]

log = logging.getLogger("rekognition")


class RekognitionServer(ThreadingHTTPServer):
    """Serves the operations given, by name."""

    # The kernel drops or resets what it cannot keep waiting, and its default here is five.
    request_queue_size = 128

    def __init__(
        self, port: int, operations: Mapping[str, Operation], permissions: Permissions, quota: Quota | None = None
    ) -> None:
        self.tally = Tally()
        self._operations, self._permissions, self._quota = operations, permissions, quota or Quota()
        self._workers = ThreadPoolExecutor(WORKERS)
        super().__init__((HOST, port), RekognitionHandler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._workers.submit(self.process_request_thread, request, client_address)

    def server_close(self) -> None:
        """Waits for the requests under way, and drops the others."""
        super().server_close()
        self._workers.shutdown(cancel_futures=True)

    def perform(self, name: str, request: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Raises RekognitionError, and nothing else."""
        if name not in self._operations:
            raise UnknownOperationException(f"{name or 'A request without X-Amz-Target'} is not offered here")
        try:
            self._quota.take(name)
            check_request(name, request)
            self._permissions.require(key, name, request)
            return self._operations[name](request)
        except RekognitionError:
            raise
        except Exception as error:
            log.exception("%s failed", name)
            raise InternalServerError("Internal server error") from error

    def handle_error(self, *connection: Any) -> None:
        """A connection that broke is the client's business: one line, no traceback."""
        if isinstance(sys.exception(), ConnectionError):
            log.info("A client went away: %s", sys.exception())
        else:
            super().handle_error(*connection)


class RekognitionHandler(BaseHTTPRequestHandler):
    """One connection: one request, then closed, so that stopping never waits for an idle client."""

    server: RekognitionServer
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        found = self.path == "/healthz"
        self._answer(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND, {"status": "ok"} if found else {})

    def do_POST(self) -> None:
        start = time.perf_counter()
        name = self.headers.get("X-Amz-Target", "").removeprefix(TARGET_PREFIX)
        try:
            status, answer = HTTPStatus.OK, self.server.perform(name, *self._read_request())
        except RekognitionError as error:
            code = type(error).__name__
            status, answer = error.status, {"__type": code, "Code": code, "Message": str(error)}
        self.server.tally.count(name, answered=status == HTTPStatus.OK)
        self._answer(status, answer)
        milliseconds = (time.perf_counter() - start) * 1000
        log.info("%s %d %s %.0f ms", name or "-", status, answer.get("__type", "ok"), milliseconds)

    def _read_request(self) -> tuple[dict[str, Any], str]:
        """The request, and the access key of who sent it."""
        body = self._read_body()
        key = read_access_key(self.headers.get("Authorization", ""))
        try:
            request = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise SerializationException("The body is not JSON") from error
        if not isinstance(request, dict):
            raise SerializationException("The body is not a JSON object")
        return request, key

    def _read_body(self) -> bytes:
        length = self._read_length()
        if length <= MOST_BODY_BYTES:
            return self.rfile.read(length)
        # A client that is still sending would see a broken connection instead of the answer.
        while length > 0 and (chunk := self.rfile.read(min(length, 65536))):
            length -= len(chunk)
        raise ImageTooLargeException("Image.Bytes is more than 5 MB")

    def _read_length(self) -> int:
        try:
            return max(0, int(self.headers.get("Content-Length", "0")))
        except ValueError as error:
            raise SerializationException("Content-Length is not a number") from error

    def _answer(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: do_POST writes one line a request, with its time."""


def make_server(port: int) -> RekognitionServer:
    """Load the models and listen. Raises DamagedModelError, or OSError when the port is taken."""
    permissions = Permissions(os.environ.get("SHOEBOX_PERMISSIONS_URL", ""))
    quota = read_quota(os.environ.get("SHOEBOX_REKOGNITION_CALLS_A_SECOND", ""))
    return RekognitionServer(port, make_operations(ImageSource(make_s3_client())), permissions, quota)


def make_operations(source: ImageSource) -> dict[str, Operation]:
    """What the server offers, by name. Raises DamagedModelError."""
    slots, faces = threading.BoundedSemaphore(AT_ONCE), FaceDetector.load()
    return {
        "DetectLabels": DetectLabels(LabelDetector.load(), faces, source, slots),
        "DetectFaces": DetectFaces(faces, source, slots),
        "DetectModerationLabels": DetectModerationLabels(ModerationDetector.load(), source, slots),
    }


def serve_until_stopped(server: RekognitionServer) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    log.info("Rekognition is ready on http://%s:%d", HOST, server.server_port)
    stop.wait()
    server.shutdown()
    server.server_close()
    thread.join()
    for line in server.tally.lines():
        log.info("%s", line)


def main() -> None:
    parser = argparse.ArgumentParser(description="A local Rekognition.")
    parser.add_argument("--port", type=int, default=4567)
    port = parser.parse_args().port
    logging.basicConfig(format="%(message)s", stream=sys.stdout)
    log.setLevel(logging.INFO)
    try:
        serve_until_stopped(make_server(port))
    except DamagedModelError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"Rekognition cannot listen on {HOST}:{port}: {error.strerror}")


if __name__ == "__main__":
    main()
