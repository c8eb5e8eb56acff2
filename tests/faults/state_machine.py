"""A stand-in for Step Functions: reads infra/state_machine.asl.yaml itself, and runs it here without waiting.

It knows what that file uses, and nothing else: a word that it does not know is an error, never passed over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

DEFINITION = Path(__file__).parents[2] / "infra" / "state_machine.asl.yaml"
MOST_BYTES = 262_144
MOST_STATES = 50

_WORDS = {
    "Task": {"Type", "Comment", "Resource", "TimeoutSeconds", "Parameters", "ResultPath", "Retry", "Catch", "Next",
             "End"},
    "Choice": {"Type", "Comment", "Choices", "Default"},
    "Pass": {"Type", "Comment", "Next", "End"},
    "Succeed": {"Type", "Comment"},
}  # fmt: skip
_RETRY = {"ErrorEquals", "IntervalSeconds", "BackoffRate", "MaxAttempts", "MaxDelaySeconds", "JitterStrategy"}
_CATCH = {"ErrorEquals", "ResultPath", "Next"}
_CHOICE = {"Variable", "Next", "StringEquals", "BooleanEquals"}

_TERMINAL = {"States.Runtime", "States.DataLimitExceeded"}

Invoke = Callable[[str, Any], Any]  # the substituted name of a Task's resource, and its input, to its result


class TaskFailed(Exception):
    """A Task ended in an error, by the name that Step Functions gets to see."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error, cause)
        self.error, self.cause = error, cause


@dataclass
class Execution:
    """How an execution ended, SUCCEEDED or FAILED; the states it went through, retries of them included; its size."""

    status: str = "RUNNING"
    state: Any = None
    visited: list[str] = field(default_factory=list)
    largest: int = 0


def load(path: Path = DEFINITION) -> dict[str, Any]:
    """The definition. Raises NotImplementedError at a word that is not known here."""
    definition = yaml.safe_load(path.read_text())
    _know("the machine", definition, {"Comment", "StartAt", "States"})
    for name, state in definition["States"].items():
        _know(name, state, _WORDS.get(state["Type"], set()))
        for words, known in (("Retry", _RETRY), ("Catch", _CATCH), ("Choices", _CHOICE)):
            for rule in state.get(words, []):
                _know(f"{words} of {name}", rule, known)
    return definition


def _know(where: str, words: Mapping[str, Any], known: set[str]) -> None:
    if unknown := words.keys() - known:
        raise NotImplementedError(f"{where}: {', '.join(sorted(unknown))}")


def run(definition: Mapping[str, Any], given: Any, invoke: Invoke) -> Execution:
    """Run an execution of `definition` to its end. `invoke` raises TaskFailed."""
    execution, name = Execution(state=given), definition["StartAt"]
    while name and len(execution.visited) < MOST_STATES:
        execution.state = _through_json(execution)
        state = definition["States"][name]
        try:
            name = _STEPS[state["Type"]](name, state, execution, invoke)
        except TaskFailed:
            execution.status = "FAILED"
            return execution
    assert not name, f"it does not end: {execution.visited}"
    execution.status = "SUCCEEDED"
    return execution


def _through_json(execution: Execution) -> Any:
    carried = json.dumps(execution.state)
    execution.largest = max(execution.largest, len(carried.encode()))
    assert execution.largest <= MOST_BYTES
    return json.loads(carried)


def _task(name: str, state: Mapping[str, Any], execution: Execution, invoke: Invoke) -> str | None:
    tried, entered = [0] * len(state.get("Retry", [])), len(execution.visited)
    while True:
        execution.visited.append(name)
        try:
            given = _parameters(state, execution.state, retries=execution.visited[entered:].count(name) - 1)
            result = invoke(_resource(state["Resource"]), given)
        except TaskFailed as failed:
            if _may_retry(state, failed.error, tried):
                continue
            return _catch(state, failed, execution)
        execution.state = _put(execution.state, state.get("ResultPath", "$"), result)
        return _next(state)


def _may_retry(state: Mapping[str, Any], error: str, tried: list[int]) -> bool:
    """As Step Functions does: the first retrier that names the error counts, each up to its own number."""
    for at, retrier in enumerate(state.get("Retry", [])):
        if names(retrier["ErrorEquals"], error):
            tried[at] += 1
            return tried[at] <= retrier.get("MaxAttempts", 3)
    return False


def _catch(state: Mapping[str, Any], failed: TaskFailed, execution: Execution) -> str:
    for catcher in state.get("Catch", []):
        if names(catcher["ErrorEquals"], failed.error):
            told = {"Error": failed.error, "Cause": failed.cause}
            execution.state = _put(execution.state, catcher.get("ResultPath", "$"), told)
            return catcher["Next"]
    raise failed


def names(wanted: list[str], error: str) -> bool:
    """Whether ErrorEquals means an error: States.TaskFailed leaves timeouts out, States.ALL what the runtime raises."""
    if error in wanted:
        return True
    if error in _TERMINAL:
        return False
    return "States.ALL" in wanted or ("States.TaskFailed" in wanted and error != "States.Timeout")


def _choice(name: str, state: Mapping[str, Any], execution: Execution, _invoke: Invoke) -> str:
    execution.visited.append(name)
    for rule in state["Choices"]:
        (wanted,) = (rule[test] for test in ("StringEquals", "BooleanEquals") if test in rule)
        if _at(execution.state, rule["Variable"]) == wanted:
            return rule["Next"]
    return state["Default"]


def _pass(name: str, state: Mapping[str, Any], execution: Execution, _invoke: Invoke) -> str | None:
    execution.visited.append(name)
    return _next(state)


def _succeed(name: str, _state: Mapping[str, Any], execution: Execution, _invoke: Invoke) -> None:
    execution.visited.append(name)


_STEPS: dict[str, Callable[[str, Mapping[str, Any], Execution, Invoke], str | None]] = {
    "Task": _task, "Choice": _choice, "Pass": _pass, "Succeed": _succeed,
}  # fmt: skip


def _next(state: Mapping[str, Any]) -> str | None:
    return None if state.get("End") else state["Next"]


def _resource(reference: str) -> str:
    return reference.removeprefix("${").removesuffix("}")


def _parameters(state: Mapping[str, Any], given: Any, *, retries: int) -> Any:
    if "Parameters" not in state:
        return given
    context = {"$$.State.RetryCount": retries}
    return {
        name.removesuffix(".$"): context[part] if part in context else _at(given, part)
        for name, part in state["Parameters"].items()
    }


def _at(given: Any, path: str) -> Any:
    """What is at `$.a.b`. Raises TaskFailed with States.Runtime, as the path of nothing does."""
    for part in path.removeprefix("$").split(".")[1:]:
        if not isinstance(given, dict) or part not in given:
            raise TaskFailed("States.Runtime", f"nothing is at {path}")
        given = given[part]
    return given


def _put(given: Any, path: str, result: Any) -> Any:
    if path == "$":
        return result
    (name,) = path.removeprefix("$.").split(".")
    return {**given, name: result}
