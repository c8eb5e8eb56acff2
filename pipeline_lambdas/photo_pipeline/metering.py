"""What one invocation of a function uses, counted where its requests leave the process.

Each client that `aws.py` makes is watched. Requests are counted when botocore makes them, so one that it sends again
counts again. Units are what DynamoDB says that it has consumed; of a write that its condition refused it says nothing,
and takes the units of the item all the same: one is counted for each item. Time is the handler's own, without the start
of its process, and so an estimate of what is charged.

Who is being metered is a context variable: other threads work for an invocation in a copy of its context.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from .config import memory_megabytes
from .contract import Usage

READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"})
# Units of a write that a condition refused.
REFUSED_UNITS = {"ConditionalCheckFailedException": 1.0, "TransactionCanceledException": 4.0}
UNIT_BYTES = 1024


class Meter:
    """Counts what the invocation that made it uses, and the transitions of tries that came before it and raised."""

    def __init__(self, retries: int) -> None:
        self._retries = retries
        self._from = time.monotonic()
        self._requests: Counter[str] = Counter()
        self._read_units = self._write_units = 0.0

    def count_request(self, name: str) -> None:
        self._requests[name] += 1

    def count_units(self, operation: str, units: float) -> None:
        if operation in READS:
            self._read_units += units
        else:
            self._write_units += units

    def read(self) -> Usage:
        """All that was used up to now."""
        seconds = time.monotonic() - self._from
        return Usage(
            requests=dict(self._requests),
            read_units=self._read_units,
            write_units=self._write_units,
            invocations=1,
            gb_seconds=round(seconds * memory_megabytes() / 1024, 6),
            transitions=self._retries,
        )


_meter: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered(event: Mapping[str, Any]) -> Iterator[Meter]:
    """One invocation, by `event`: a step's says how many tries there were before this one (`retries`)."""
    meter = Meter(event.get("retries", 0))
    token = _meter.set(meter)
    try:
        yield meter
    finally:
        _meter.reset(token)


def count(name: str) -> None:
    """Count a request, such as `S3.GetObject`, for the invocation that is being metered, if one is."""
    if meter := _meter.get():
        meter.count_request(name)


def update_units(values: Any, *, beside: int = 0) -> int:
    """Units of a write of `values` into an item that holds about `beside` bytes besides, where they must be known
    before DynamoDB says so: one for each 1,024 bytes begun, as its developer guide sizes an item."""
    return math.ceil((size(values) + beside) / UNIT_BYTES)


def size(value: Any) -> int:
    """About how many bytes an attribute takes: those of names, texts and digits, and what keeps lists and maps."""
    if isinstance(value, Mapping):
        return 3 + sum(1 + len(name.encode()) + size(part) for name, part in value.items())
    if isinstance(value, list | set):
        return 3 + sum(1 + size(part) for part in value)
    return len(str(value).encode()) if isinstance(value, str) else 1 + len(str(value)) // 2


# --- The clients ------------------------------------------------------------------------------------------------------


def watch(client: Any) -> Any:
    """Have the requests of a client metered, and DynamoDB tell what they consume. Returns the client."""
    service, events = client.meta.service_model.service_id, client.meta.events
    events.register("request-created", partial(_count_request, service))
    if service == "DynamoDB":
        events.register("before-parameter-build.dynamodb", _ask_for_units)
        events.register("after-call.dynamodb", _count_units)
    return client


def _count_request(service: str, operation_name: str, **_: Any) -> None:
    count(f"{service}.{operation_name}")


def _ask_for_units(params: dict[str, Any], **_: Any) -> None:
    params["ReturnConsumedCapacity"] = "TOTAL"


def _count_units(parsed: Mapping[str, Any], model: Any, **_: Any) -> None:
    if meter := _meter.get():
        meter.count_units(model.name, _consumed(parsed))


def _consumed(parsed: Mapping[str, Any]) -> float:
    if "Error" in parsed:
        return REFUSED_UNITS.get(parsed["Error"].get("Code", ""), 0.0)
    told = parsed.get("ConsumedCapacity") or []
    return sum(each["CapacityUnits"] for each in (told if isinstance(told, list) else [told]))
