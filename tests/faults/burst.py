"""Many photos at once against the quotas of an AWS account, simulated: the definition's own retries, the function's own
waiting (`ask_patiently`), and a clock that jumps from one wait to the next.

    python -m tests.faults.burst --photos 1000 --calls 5 --at-once 10
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any
from unittest import mock

from botocore.exceptions import ClientError

from infra.local.rekognition.errors import ProvisionedThroughputExceededException
from infra.local.rekognition.quota import Quota, Tally
from pipeline_lambdas.photo_pipeline import deadline
from pipeline_lambdas.photo_pipeline.calls import CLIENTS
from pipeline_lambdas.photo_pipeline.contract import FacesAnswer
from pipeline_lambdas.photo_pipeline.deadline import Deadline
from pipeline_lambdas.photo_pipeline.errors import OutOfTime
from pipeline_lambdas.photo_pipeline.questions import ask_patiently
from tests.cloudformation import resources
from tests.faults import state_machine
from tests.faults.moved_clock import MovedClock

OPERATIONS = ("DetectLabels", "DetectFaces", "DetectModerationLabels")
RESIZE_SECONDS, ANSWER_SECONDS, REFUSAL_SECONDS, STORE_SECONDS = 1.5, 0.5, 0.05, 0.1
THROTTLED, BROKEN = "Lambda.TooManyRequestsException", "OutOfTime"
# Of Step Functions' history: a state is entered and left; a task is scheduled, started and ended each time it is tried.
PLAIN_RUN_EVENTS, TRY_EVENTS = 26, 3


@dataclass
class Burst:
    """How it went: photos by their end, Rekognition's answers and refusals, and what was tried again for each photo."""

    tally: Tally = field(default_factory=Tally)
    ends: Counter[str] = field(default_factory=Counter)
    tries: list[int] = field(default_factory=list)
    throttles: list[int] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def most_events(self) -> int:
        again = [tries + throttles for tries, throttles in zip(self.tries, self.throttles, strict=True)]
        return PLAIN_RUN_EVENTS + TRY_EVENTS * max(again)


class Account:
    """An AWS account: so many calls a second of each of Rekognition's operations, so many functions at once, of which
    `labels_at_once`, if it is not 0, are kept for RekognitionLabels alone, as the template's LabelsAtOnce does."""

    def __init__(self, calls_a_second: float, at_once: int, labels_at_once: int, definition: Mapping[str, Any]) -> None:
        self.clock, self.burst = MovedClock(), Burst()
        self._quota = Quota(calls_a_second, lambda: self.clock.now)
        self._states = definition["States"]
        self._free = {"": at_once - labels_at_once}
        if labels_at_once:
            self._free["RekognitionLabels"] = labels_at_once
        self._timeout = resources("AWS::Serverless::Function")["RekognitionLabels"]["Timeout"]

    def run_photo(self, arrives: float) -> None:
        self.clock.sleep(arrives)
        unanswered, again = set(OPERATIONS), Counter[str]()
        steps: dict[str, Callable[[], None]] = {
            "ResizeImage": partial(self.clock.sleep, RESIZE_SECONDS),
            "RekognitionLabels": partial(self._analyse, unanswered),
            "StoreMetadata": partial(self.clock.sleep, STORE_SECONDS),
        }
        try:
            for name, work in steps.items():
                self._run_task(name, work, again)
            self.burst.ends["ready"] += 1
        except state_machine.TaskFailed as failed:
            self.burst.ends[f"failed: {failed.error}"] += 1
        self.burst.tries.append(again[BROKEN])
        self.burst.throttles.append(again[THROTTLED])
        self.burst.seconds = max(self.burst.seconds, self.clock.now)

    def _run_task(self, name: str, work: Callable[[], None], again: Counter[str]) -> None:
        state = self._states[name]
        tried = [0] * len(state["Retry"])
        while True:
            try:
                return self._invoke(name if name in self._free else "", work)
            except state_machine.TaskFailed as failed:
                self.clock.sleep(_retry_seconds(state, failed, tried))
                again[failed.error] += 1

    def _invoke(self, pool: str, work: Callable[[], None]) -> None:
        if not self._free[pool]:
            raise state_machine.TaskFailed(THROTTLED)
        self._free[pool] -= 1
        try:
            work()
        except OutOfTime as error:
            raise state_machine.TaskFailed(BROKEN) from error
        finally:
            self._free[pool] += 1

    def _analyse(self, unanswered: set[str]) -> None:
        ends = self.clock.now + self._timeout
        left = SimpleNamespace(get_remaining_time_in_millis=lambda: int(1000 * (ends - self.clock.now)))
        self.clock.run([partial(self._ask, name, unanswered, Deadline(left)) for name in sorted(unanswered)])
        if unanswered:
            raise OutOfTime

    def _ask(self, operation: str, unanswered: set[str], limit: Deadline) -> None:
        try:
            ask_patiently(partial(self._call, operation), limit)
        except OutOfTime:
            return
        unanswered.remove(operation)

    def _call(self, operation: str) -> FacesAnswer:
        """As botocore calls in its standard mode: what is refused is tried again, soon and a few times."""
        for tried in range(CLIENTS["rekognition"].attempts):
            if tried:
                self.clock.sleep(random.uniform(0, 2 ** (tried - 1)))
            try:
                self._quota.take(operation)
            except ProvisionedThroughputExceededException:
                self.burst.tally.count(operation, answered=False)
                self.clock.sleep(REFUSAL_SECONDS)
                continue
            self.burst.tally.count(operation, answered=True)
            self.clock.sleep(ANSWER_SECONDS)
            return FacesAnswer()
        raise ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, operation)


def _retry_seconds(state: Mapping[str, Any], failed: state_machine.TaskFailed, tried: list[int]) -> float:
    """How long Step Functions waits with full jitter. Raises `failed` when it tries no more."""
    for at, retrier in enumerate(state["Retry"]):
        if state_machine.names(retrier["ErrorEquals"], failed.error):
            tried[at] += 1
            if tried[at] > retrier["MaxAttempts"]:
                break
            delay = retrier["IntervalSeconds"] * retrier["BackoffRate"] ** (tried[at] - 1)
            return random.uniform(0, min(delay, retrier["MaxDelaySeconds"]))
    raise failed


def simulate(
    photos: int,
    *,
    calls_a_second: float = 5,
    at_once: int = 1000,
    labels_at_once: int = 0,
    batches: int = 1,
    apart: float = 0,
    seed: int = 1,
    definition: Mapping[str, Any] | None = None,
) -> Burst:
    """`photos` in each of `batches` that come `apart` seconds after each other; each photo has all three questions."""
    random.seed(seed)
    account = Account(calls_a_second, at_once, labels_at_once, definition or state_machine.load())
    arrivals = [batch * apart + random.uniform(0, 5) for batch in range(batches) for _ in range(photos)]
    with mock.patch.object(deadline, "time", SimpleNamespace(sleep=account.clock.sleep)):
        account.clock.run([partial(account.run_photo, at) for at in arrivals])
    return account.burst


def main() -> None:
    parser = argparse.ArgumentParser(description="Simulates a burst of photos.")
    parser.add_argument("--photos", type=int, default=300)
    parser.add_argument("--batches", type=int, default=1)
    parser.add_argument("--apart", type=float, default=0, help="seconds between batches")
    parser.add_argument("--calls", type=float, default=5, help="calls a second of each operation")
    parser.add_argument("--at-once", type=int, default=1000, help="functions that run at once")
    parser.add_argument("--labels-at-once", type=int, default=0, help="as the template's LabelsAtOnce; 0: no limit")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    burst = simulate(
        given.photos,
        calls_a_second=given.calls,
        at_once=given.at_once,
        labels_at_once=given.labels_at_once,
        batches=given.batches,
        apart=given.apart,
        seed=given.seed,
    )
    print(*(f"{end}: {count}" for end, count in burst.ends.items()), sep="\n")
    print(*burst.tally.lines(), sep="\n")
    print(f"{burst.seconds:.0f} simulated seconds")
    print(f"tries again of a photo's tasks: {sorted(Counter(burst.tries).items())}")
    print(f"throttles of a photo's tasks by Lambda: {sorted(Counter(burst.throttles).items())}")
    print(f"longest history: {burst.most_events} events")


if __name__ == "__main__":
    main()
