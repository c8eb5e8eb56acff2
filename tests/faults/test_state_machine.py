"""The stand-in for Step Functions does what the definition says, and nothing that it does not know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.faults.state_machine import TaskFailed, load, names, run


def make_invoke(*errors: str, **answers: Any) -> Any:
    """Answers by resource; ResizeImage raises `errors` first."""
    left = list(errors)

    def invoke(resource: str, _given: Any) -> Any:
        if resource == "ResizeImageArn" and left:
            raise TaskFailed(left.pop(0), "told so")
        return answers.get(resource, {"outcome": "resized", "batch_due": False, "batch_id": ""})

    return invoke


def test_a_step_is_tried_again_and_its_result_put_where_the_definition_says() -> None:
    ran = run(load(), {"run": {}}, make_invoke("ClientError", "States.Timeout"))
    assert ran.visited[:4] == ["ResizeImage"] * 3 + ["IsItAPhoto"]
    assert (ran.status, ran.visited[-1], set(ran.state)) == (
        "SUCCEEDED",
        "Stored",
        {"run", "resize", "analysis", "stored"},
    )


def test_a_step_that_breaks_too_often_is_caught_with_its_error() -> None:
    ran = run(load(), {"run": {}}, make_invoke(*["ClientError"] * 5))
    assert ran.visited == ["ResizeImage"] * 5 + ["StoreFailure", "IsTheBatchDone", "Stored"]
    assert ran.state["error"] == {"Error": "ClientError", "Cause": "told so"}


def test_an_error_that_nothing_names_fails_the_execution() -> None:
    assert run(load(), {"run": {}}, make_invoke("States.DataLimitExceeded")).status == "FAILED"


def test_a_step_is_told_how_many_tries_were_before() -> None:
    told: list[int] = []

    def invoke(resource: str, given: Any) -> Any:
        if resource == "ResizeImageArn":
            told.append(given["retries"])
            if len(told) < 3:
                raise TaskFailed("ClientError")
        return {"outcome": "resized", "batch_due": False, "batch_id": ""}

    run(load(), {"run": {}}, invoke)
    assert told == [0, 1, 2]


def test_notify_user_gets_the_batch_alone() -> None:
    given: list[Any] = []

    def invoke(resource: str, state: Any) -> Any:
        given.append((resource, state))
        return {"outcome": "rejected", "batch_due": True, "batch_id": "b1"}

    run(load(), {"run": {}}, invoke)
    assert given[-1] == ("NotifyUserArn", {"batch_id": "b1", "retries": 0})


@pytest.mark.parametrize(("breaks", "last"), [(3, "NotifyUser"), (4, "NoticeNotSent")])
def test_a_notice_is_tried_again_and_spoils_nothing_when_it_breaks_too_often(breaks: int, last: str) -> None:
    left = ["States.Timeout", *["Runtime.ExitError"] * (breaks - 1)]

    def invoke(resource: str, _given: Any) -> Any:
        if resource == "NotifyUserArn" and left:
            raise TaskFailed(left.pop(), "told so")
        return {"outcome": "rejected", "batch_due": True, "batch_id": "b1"}

    ran = run(load(), {"run": {}}, invoke)
    assert (ran.status, ran.visited.count("NotifyUser"), ran.visited[-1]) == ("SUCCEEDED", 4, last)


@pytest.mark.parametrize(
    ("wanted", "error", "named"),
    [
        ("States.ALL", "ClientError", True),
        ("States.ALL", "States.Runtime", False),
        ("States.TaskFailed", "Runtime.ExitError", True),
        ("States.TaskFailed", "States.Timeout", False),
        ("Lambda.ServiceException", "ClientError", False),
    ],
)
def test_error_equals_means_what_it_means_to_step_functions(wanted: str, error: str, named: bool) -> None:
    assert names([wanted], error) is named


@pytest.mark.parametrize("word", ["Type: Map", "Type: Pass\n    Result: 1"])
def test_a_word_that_the_stand_in_does_not_know_is_an_error(tmp_path: Path, word: str) -> None:
    (tmp_path / "asl.yaml").write_text(f"StartAt: A\nStates:\n  A:\n    {word}\n    End: true\n")
    with pytest.raises(NotImplementedError):
        load(tmp_path / "asl.yaml")
