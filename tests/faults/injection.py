"""A hook into botocore that names every call of AWS, and lets one of them go wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from botocore.httpchecksum import apply_request_checksum

Answer = tuple[AWSResponse, dict[str, Any]]


class Fault(StrEnum):
    """What can happen to a call. The first two are what is left when botocore has tried as often as it may."""

    THROTTLE = "throttle"
    SERVER_ERROR = "5xx"
    TIMEOUT = "timeout"  # the effect is made and its answer lost; botocore asks again where it may
    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"


class Crash(BaseException):
    """The process is gone. Nothing that it would still do reaches AWS."""


@dataclass(frozen=True, order=True)
class CallSite:
    """The so-maniest call of an operation in one invocation of a function."""

    function: str
    operation: str
    number: int = 1

    def __str__(self) -> str:
        return f"{self.function} {self.operation} {self.number}"


_THROTTLES = {"S3": (503, "SlowDown"), "SESv2": (429, "TooManyRequestsException")}


class Injector:
    """Records in `seen` every call between the clients that it watches and AWS; `arm` spoils one of them, once."""

    def __init__(self) -> None:
        self.seen: list[CallSite] = []
        self.struck: CallSite | None = None
        self._armed: tuple[CallSite, Fault] | None = None
        self._function, self._dead = "", False
        self._numbers: dict[str, int] = {}
        self._lock = threading.Lock()

    def watch(self, client: Any, answer: Callable[..., Answer] | None = None) -> None:
        """Look at each call of `client`; `answer` says what the service answers where moto does not know it."""

        def look(model: Any, params: Mapping[str, Any], **_: Any) -> Answer | None:
            return self._look(client, model, params, answer)

        client.meta.events.register_last("before-call", look)

    def arm(self, site: CallSite, fault: Fault) -> None:
        self._armed, self.struck = (site, fault), None

    def reset(self) -> None:
        self._armed, self.struck, self.seen = None, None, []

    @property
    def function(self) -> str:
        """The function that is at work, if one is."""
        return self._function

    @contextmanager
    def invocation(self, function: str) -> Iterator[None]:
        """One call of a Lambda function: its calls are numbered anew, and a crash ends it alone."""
        self._function, self._dead, self._numbers = function, False, {}
        try:
            yield
        finally:
            self._function = ""

    def _look(self, client: Any, model: Any, params: Mapping[str, Any], answer: Any) -> Answer | None:
        if not self._function:
            return answer(model) if answer else None
        with self._lock:
            fault = self._note(model)
        if fault is not None:
            self._strike(client, model, params, answer, fault)
            if fault in _REFUSALS:
                return _REFUSALS[fault](model)
        return answer(model) if answer else None

    def _note(self, model: Any) -> Fault | None:
        """Name the call, and take what is to befall it."""
        if self._dead:
            raise Crash
        operation = f"{model.service_model.service_id}.{model.name}"
        self._numbers[operation] = self._numbers.get(operation, 0) + 1
        site = CallSite(self._function, operation, self._numbers[operation])
        self.seen.append(site)
        if self._armed is None or self._armed[0] != site:
            return None
        (self.struck, fault), self._armed = self._armed, None
        self._dead = fault in (Fault.CRASH_BEFORE, Fault.CRASH_AFTER)
        return fault

    def _strike(self, client: Any, model: Any, params: Mapping[str, Any], answer: Any, fault: Fault) -> None:
        if fault in (Fault.TIMEOUT, Fault.CRASH_AFTER):
            _have_effect(client, model, params, answer)
        if fault in (Fault.CRASH_BEFORE, Fault.CRASH_AFTER):
            raise Crash
        if fault == Fault.TIMEOUT and client.meta.config.retries["total_max_attempts"] == 1:
            raise ReadTimeoutError(endpoint_url=client.meta.endpoint_url)


def _have_effect(client: Any, model: Any, params: Mapping[str, Any], answer: Any) -> None:
    if answer:
        answer(model)
        return
    sent = {**params, "headers": dict(params["headers"]), "context": dict(params["context"])}
    apply_request_checksum(sent)  # as botocore does after this hook; a second time would wrap the body twice
    client._endpoint.make_request(model, sent)
    if hasattr(params["body"], "seek"):
        params["body"].seek(0)


def _throttled(model: Any) -> Answer:
    return _refuse(*_THROTTLES.get(model.service_model.service_id, (400, "ThrottlingException")))


def _broken(_model: Any) -> Answer:
    return _refuse(500, "InternalServerError")


def _refuse(status: int, code: str) -> Answer:
    error = {"Code": code, "Message": "as told"}
    return AWSResponse("", status, {}, None), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}}


_REFUSALS = {Fault.THROTTLE: _throttled, Fault.SERVER_ERROR: _broken}
