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
        self._denied: set[tuple[str, str]] = set()
        self._meanwhile: dict[CallSite, Callable[[], object]] = {}
        self._function, self._dead = "", False
        self._numbers: dict[str, int] = {}
        self._lock = threading.Lock()

    def watch(self, client: Any, answer: Callable[..., Answer] | None = None) -> None:
        """Look at each call of `client`; `answer(model=, params=)` says what is answered where moto cannot."""

        def look(model: Any, params: Mapping[str, Any], **_: Any) -> Answer | None:
            return self._look(client, model, params, answer)

        client.meta.events.register_last("before-call", look)

    def arm(self, site: CallSite, fault: Fault) -> None:
        self._armed, self.struck = (site, fault), None

    def deny(self, function: str, operation: str) -> None:
        """Let AWS refuse an operation to a function, whenever it asks, until `reset`."""
        self._denied.add((function, operation))

    def meanwhile(self, site: CallSite, act: Callable[[], object]) -> None:
        """Let something else happen, once, right before a call."""
        self._meanwhile[site] = act

    def reset(self) -> None:
        self._armed, self.struck, self.seen = None, None, []
        self._denied, self._meanwhile = set(), {}

    @property
    def function(self) -> str:
        """The function that is at work, if one is."""
        return self._function

    @contextmanager
    def invocation(self, function: str) -> Iterator[None]:
        """One call of a Lambda function, or one process of the site: its calls are numbered anew, and a crash ends it
        alone, not who called it."""
        caller = self._function, self._dead, self._numbers
        self._function, self._dead, self._numbers = function, False, {}
        try:
            yield
        finally:
            self._function, self._dead, self._numbers = caller

    def _look(self, client: Any, model: Any, params: Mapping[str, Any], answer: Any) -> Answer | None:
        if self._function:
            with self._lock:
                site = self._note(model)
            self._let_happen(site)
            if refusal := self._go_wrong(site, client, model, params, answer):
                return refusal
        return answer(model=model, params=params) if answer else None

    def _note(self, model: Any) -> CallSite:
        if self._dead:
            raise Crash
        operation = name_operation(model)
        self._numbers[operation] = self._numbers.get(operation, 0) + 1
        site = CallSite(self._function, operation, self._numbers[operation])
        self.seen.append(site)
        return site

    def _let_happen(self, site: CallSite) -> None:
        if act := self._meanwhile.pop(site, None):
            with self.invocation(""):
                act()

    def _go_wrong(
        self, site: CallSite, client: Any, model: Any, params: Mapping[str, Any], answer: Any
    ) -> Answer | None:
        """Do what is to befall a call, and return what AWS answers if it is refused."""
        with self._lock:
            fault = self._take(site)
        if fault is not None:
            self._strike(client, model, params, answer, fault)
        if fault in _REFUSALS:
            return _REFUSALS[fault](model)
        denied = (site.function, site.operation) in self._denied
        return _refuse(403, "AccessDenied") if denied else None

    def _take(self, site: CallSite) -> Fault | None:
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


def name_operation(model: Any) -> str:
    return f"{model.service_model.service_id}.{model.name}"


def _have_effect(client: Any, model: Any, params: Mapping[str, Any], answer: Any) -> None:
    if answer:
        answer(model=model, params=params)
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
