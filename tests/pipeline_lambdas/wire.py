"""AWS's errors as they come over the wire, for clients that then parse them and try again as they do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError

from pipeline_lambdas.photo_pipeline.calls import Fault

NOWHERE = "http://nowhere.invalid/"  # moto, which looks at every request, answers none to there
# The status and the code of each service's own errors, where they are not those of most.
_MOST = {
    Fault.THROTTLE: (400, "ThrottlingException"),
    Fault.SERVER_ERROR: (500, "InternalServerError"),
    Fault.ACCESS_DENIED: (400, "AccessDeniedException"),
    Fault.VALIDATION: (400, "ValidationException"),
}
_OTHERS = {
    "S3": {
        Fault.THROTTLE: (503, "SlowDown"),
        Fault.ACCESS_DENIED: (403, "AccessDenied"),
        Fault.VALIDATION: (400, "InvalidRequest"),
    },
    "SESv2": {Fault.THROTTLE: (429, "TooManyRequestsException"), Fault.VALIDATION: (400, "BadRequestException")},
    "SNS": {
        Fault.THROTTLE: (429, "Throttled"),
        Fault.ACCESS_DENIED: (403, "AuthorizationError"),
        Fault.VALIDATION: (400, "InvalidParameter"),
    },
}


class _Body:
    def __init__(self, content: str) -> None:
        self._content = content.encode()

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._content


@contextmanager
def spoil(client: Any, operation: str, fault: Fault, *, when: Callable[[], bool] = lambda: True) -> Iterator[list[str]]:
    """Whenever `client` sends a request of `operation`, it meets `fault`; the list grows by each that it sent."""
    service, sent = client.meta.service_model, []

    def meet(request: Any, **_: Any) -> AWSResponse | None:
        if not when():
            return None
        sent.append(request.url)
        if fault == Fault.TIMEOUT:
            raise ReadTimeoutError(endpoint_url=request.url)
        request.url = NOWHERE
        status, code = (_MOST | _OTHERS.get(service.service_id, {}))[fault]
        return AWSResponse(request.url, status, {"x-amzn-errortype": code}, _Body(_write(service, code)))

    event = f"before-send.{service.service_id.hyphenize()}.{operation}"
    client.meta.events.register_first(event, meet)
    yield sent
    client.meta.events.unregister(event, meet)


def _write(service: Any, code: str) -> str:
    if service.resolved_protocol in ("json", "rest-json"):
        return json.dumps({"__type": code, "message": "as told"})
    error = f"<Error><Code>{code}</Code><Message>as told</Message></Error>"
    return error if service.resolved_protocol == "rest-xml" else f"<ErrorResponse>{error}</ErrorResponse>"
