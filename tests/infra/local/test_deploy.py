from __future__ import annotations

from typing import Any

from infra.local.deploy import first_failure, local_parameters
from infra.local.stack import Stack


def make_event(**overrides: Any) -> dict[str, Any]:
    return {"LogicalResourceId": "Bucket", "ResourceStatus": "CREATE_COMPLETE"} | overrides


def test_first_failure_is_the_oldest_and_says_why() -> None:
    newest_first = [
        make_event(LogicalResourceId="shoebox", ResourceStatus="CREATE_FAILED", ResourceStatusReason="see the others"),
        make_event(LogicalResourceId="Table", ResourceStatus="CREATE_FAILED", ResourceStatusReason="cancelled"),
        make_event(LogicalResourceId="Queue", ResourceStatus="CREATE_FAILED", ResourceStatusReason="it exists"),
        make_event(),
    ]
    assert first_failure(newest_first) == "Queue: it exists"


def test_what_was_wrong_beforehand_comes_before_what_failed_by_it() -> None:
    events = [
        make_event(LogicalResourceId="shoebox", ResourceStatus="CREATE_FAILED", ResourceStatusReason="not valid"),
        {"LogicalResourceId": "Bucket", "EventType": "VALIDATION_ERROR", "ValidationStatusReason": "it is taken"},
    ]
    assert first_failure(events) == "Bucket: it is taken"


def test_nothing_failed_is_an_empty_reason() -> None:
    assert first_failure([make_event()]) == ""


def test_local_parameters_lead_to_this_stack() -> None:
    parameters = local_parameters(Stack(port=8100, rekognition_port=8102))
    assert parameters["Environment"] == "local"
    assert parameters["SiteUrl"] == "http://127.0.0.1:8100"
    assert parameters["RekognitionEndpoint"] == "http://127.0.0.1:8102"
