"""What the template and the state machine promise, read from their text: what no local AWS enforces."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest

from pipeline_lambdas.photo_pipeline.calls import CALLS, CLIENTS, CONFLICTS, longest_conflict
from tests import cloudformation

FUNCTIONS = cloudformation.resources("AWS::Serverless::Function")
STATES = cloudformation.state_machine()["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
WITHOUT_RESOURCE_TYPES = {
    "rekognition:DetectLabels",
    "rekognition:DetectFaces",
    "rekognition:DetectModerationLabels",
    "sns:Publish",  # to a phone number; topics are denied
}


def _all_statements() -> Iterator[dict[str, Any]]:
    for function in FUNCTIONS:
        yield from cloudformation.statements(function)
    for machine in cloudformation.resources("AWS::Serverless::StateMachine").values():
        for policy in machine["Policies"]:
            yield from policy["Statement"]
    for policy in cloudformation.resources("AWS::IAM::ManagedPolicy").values():
        yield from policy["PolicyDocument"]["Statement"]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_there_are_five_functions_with_a_handler_each() -> None:
    assert {function["Handler"].split(".")[2] for function in FUNCTIONS.values()} == {
        "trigger_step_function",
        "resize_image",
        "rekognition_labels",
        "store_metadata",
        "notify_user",
    }


def test_every_function_has_policies_of_its_own() -> None:
    for name, function in FUNCTIONS.items():
        assert function["Role"] == {"Fn::GetAtt": f"{name}Role.Arn"}
        role = cloudformation.resources("AWS::IAM::Role")[f"{name}Role"]
        assert "ManagedPolicyArns" not in role


def test_a_resource_is_a_star_only_where_aws_takes_no_other() -> None:
    starred = [statement for statement in _all_statements() if "*" in _list(statement["Resource"])]
    actions = {action for statement in starred for action in _list(statement["Action"])}
    assert actions == WITHOUT_RESOURCE_TYPES


def test_no_action_is_a_wildcard() -> None:
    assert not [action for each in _all_statements() for action in _list(each["Action"]) if "*" in action]


def test_notify_user_cannot_publish_to_topics() -> None:
    denied = [each for each in cloudformation.statements("NotifyUser") if each["Effect"] == "Deny"]
    assert [each["Action"] for each in denied] == ["sns:Publish"]
    pattern = denied[0]["Resource"]["Fn::Sub"].replace("${AWS::Partition}", "aws")
    assert fnmatch.fnmatch("arn:aws:sns:eu-west-1:123456789012:topic", pattern)


def test_the_site_cannot_publish_to_topics() -> None:
    site = cloudformation.resources("AWS::IAM::ManagedPolicy")["SitePolicy"]["PolicyDocument"]["Statement"]
    (denied,) = [each for each in site if each["Effect"] == "Deny"]
    assert denied["Action"] == "sns:Publish"
    assert denied["Resource"] == {"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"}


def test_the_policy_of_the_site_is_no_longer_than_iam_takes() -> None:
    site = cloudformation.resources("AWS::IAM::ManagedPolicy")["SitePolicy"]["PolicyDocument"]
    substituted = 60 * json.dumps(site).count("{")  # names that are put in for references
    assert len(json.dumps(site, separators=(",", ":"))) + substituted / 2 < 6144


def test_what_came_back_is_told_by_ses_through_our_topic_alone() -> None:
    (policy,) = cloudformation.resources("AWS::SNS::TopicPolicy").values()
    (publish,) = policy["PolicyDocument"]["Statement"]
    assert publish["Principal"] == {"Service": "ses.amazonaws.com"}
    assert set(publish["Condition"]["StringEquals"]) == {"AWS:SourceAccount", "AWS:SourceArn"}
    (policy,) = cloudformation.resources("AWS::SQS::QueuePolicy").values()
    (send,) = policy["PolicyDocument"]["Statement"]
    assert send["Action"] == "sqs:SendMessage"
    assert send["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": "FeedbackTopic"}}}
    (told,) = cloudformation.resources("AWS::SES::ConfigurationSetEventDestination").values()
    assert told["EventDestination"]["MatchingEventTypes"] == ["bounce", "complaint"]


def test_both_who_send_mail_may_do_so_under_the_configuration_set() -> None:
    sends = [each for each in _all_statements() if "ses:SendEmail" in _list(each["Action"])]
    assert len(sends) == 2
    assert all("configuration-set/${MailConfigurationSet}" in str(each["Resource"]) for each in sends)


def test_the_state_machine_may_invoke_just_the_functions_that_it_names() -> None:
    machine = cloudformation.resources("AWS::Serverless::StateMachine")["PhotoStateMachine"]
    (statement,) = machine["Policies"][0]["Statement"]
    named = {state["Resource"].removeprefix("${").removesuffix("}") for state in TASKS.values()}
    substituted = machine["DefinitionSubstitutions"]
    assert statement["Action"] == "lambda:InvokeFunction"
    assert named == set(substituted)
    assert sorted(map(str, statement["Resource"])) == sorted(str(substituted[name]) for name in named)


def _timeout(function: str) -> int:
    return FUNCTIONS[function].get("Timeout", cloudformation.template()["Globals"]["Function"]["Timeout"])


def _longest(operation: str) -> float:
    """Seconds that one call can last, its every attempt timing out, and its every conflict met as late as can be."""
    (service,) = (name for name in CLIENTS if operation.startswith(_service_id(name)))
    conflicts = sum(longest_conflict(attempt) for attempt in range(1, CONFLICTS)) if service == "dynamodb" else 0
    return CLIENTS[service].longest + conflicts


def _service_id(service: str) -> str:
    return botocore.session.get_session().get_service_model(service).service_id + "."


def test_every_function_has_its_calls_in_the_table() -> None:
    assert set(CALLS) == set(FUNCTIONS)


@pytest.mark.parametrize(("function", "operation"), [(name, each) for name in CALLS for each in CALLS[name]])
def test_every_call_ends_before_its_function(function: str, operation: str) -> None:
    assert _longest(operation) < _timeout(function)


EVENTS_OF_A_CLEAN_RUN = 26
LONGEST_START = 10  # seconds that Lambda gives a function to start, which its timeout leaves out


@pytest.mark.parametrize("name", TASKS)
def test_every_function_ends_before_its_task_which_tries_again_with_jitter(name: str) -> None:
    """A task that gave up first would be tried again beside the function that is still at work."""
    task = TASKS[name]
    assert task["TimeoutSeconds"] > _timeout(task["Resource"].removeprefix("${").removesuffix("Arn}")) + LONGEST_START
    for retry in task["Retry"]:
        assert retry["JitterStrategy"] == "FULL"
        assert retry["MaxDelaySeconds"] <= 300


@pytest.mark.parametrize("name", TASKS)
def test_too_many_requests_are_waited_out_for_minutes_in_few_tries(name: str) -> None:
    """Each is three events of a history that is to have a hundred, with two tasks turned away to the end."""
    (crowded,) = [retry for retry in TASKS[name]["Retry"] if "Lambda.TooManyRequestsException" in retry["ErrorEquals"]]
    waits = [
        min(crowded["IntervalSeconds"] * crowded["BackoffRate"] ** tried, crowded["MaxDelaySeconds"])
        for tried in range(crowded["MaxAttempts"])
    ]
    assert sum(waits) / 2 > 8 * 60, "jitter waits half of it on average"
    assert EVENTS_OF_A_CLEAN_RUN + 2 * 3 * crowded["MaxAttempts"] <= 100


@pytest.mark.parametrize("name", TASKS)
def test_whatever_a_step_raises_is_tried_again(name: str) -> None:
    """A call that AWS refused for a moment, or a process that died, is no reason to fail a photo or lose a notice."""
    (retry,) = [each for each in TASKS[name]["Retry"] if "States.TaskFailed" in each["ErrorEquals"]]
    assert "States.Timeout" in retry["ErrorEquals"]  # which States.TaskFailed leaves out
    assert retry["MaxAttempts"] >= 3


def test_what_the_labels_function_raises_is_tried_again_for_minutes() -> None:
    """It raises no more than what may pass; a throttle of all its quota takes its time."""
    (retry,) = [each for each in TASKS["RekognitionLabels"]["Retry"] if "States.TaskFailed" in each["ErrorEquals"]]
    assert "States.Timeout" in retry["ErrorEquals"]  # which States.TaskFailed leaves out
    assert retry["MaxAttempts"] == 6


def test_analyses_at_once_are_limited_only_when_asked_for() -> None:
    limit = FUNCTIONS["RekognitionLabels"]["ReservedConcurrentExecutions"]
    assert limit == {"Fn::If": ["HasLabelsAtOnce", {"Ref": "LabelsAtOnce"}, {"Ref": "AWS::NoValue"}]}
    assert cloudformation.template()["Parameters"]["LabelsAtOnce"]["Default"] == 0


def test_a_history_in_which_every_step_breaks_as_often_as_it_may_is_short() -> None:
    """But for what Lambda itself turns away: that costs an event or three each time, and is waited out for long."""

    def attempts(name: str) -> int:
        counted = [
            retry for retry in TASKS[name]["Retry"] if "Lambda.TooManyRequestsException" not in retry["ErrorEquals"]
        ]
        return 1 + sum(retry["MaxAttempts"] for retry in counted)

    scheduled_started_ended = 3 * sum(attempts(name) for name in TASKS)
    entered_and_exited = 2 * len({*TASKS, "IsItAPhoto", "IsTheBatchDone", "NoticeNotSent"})
    of_the_execution = 2
    assert scheduled_started_ended + entered_and_exited + of_the_execution <= 100


@pytest.mark.parametrize("name", ["ResizeImage", "RekognitionLabels", "StoreMetadata"])
def test_what_breaks_before_the_end_is_stored(name: str) -> None:
    (catch,) = TASKS[name]["Catch"]
    assert (catch["ErrorEquals"], catch["Next"], catch["ResultPath"]) == (["States.ALL"], "StoreFailure", "$.error")


def test_a_notice_that_breaks_spoils_nothing() -> None:
    (catch,) = TASKS["NotifyUser"]["Catch"]
    assert STATES[catch["Next"]]["Type"] == "Pass"
    assert STATES[catch["Next"]]["End"] is True


def test_no_retry_or_catch_names_a_python_class() -> None:
    names = {
        name
        for task in TASKS.values()
        for rule in task["Retry"] + task.get("Catch", [])
        for name in rule["ErrorEquals"]
    }
    assert all(name.startswith(("Lambda.", "States.", "Sandbox.")) for name in names)


def test_every_state_is_reached_and_every_next_exists() -> None:
    def following(state: dict[str, Any]) -> Iterator[str]:
        for rule in [state, *state.get("Choices", []), *state.get("Catch", [])]:
            yield from (rule[word] for word in ("Next", "Default") if word in rule)

    reached = {name for state in STATES.values() for name in following(state)} | {
        cloudformation.state_machine()["StartAt"]
    }
    assert reached == set(STATES)


@pytest.mark.parametrize("name", ["OriginalsBucket", "RenditionsBucket"])
def test_buckets_are_private_encrypted_and_kept(name: str) -> None:
    bucket = cloudformation.template()["Resources"][name]
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    assert "BucketEncryption" in bucket["Properties"]
    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
    (cors,) = bucket["Properties"]["CorsConfiguration"]["CorsRules"]
    assert cors["AllowedOrigins"] == [{"Ref": "SiteUrl"}]


def test_buckets_take_tls_only_in_production() -> None:
    policies = cloudformation.resources("AWS::S3::BucketPolicy")
    assert {policy["Bucket"]["Ref"] for policy in policies.values()} == {"OriginalsBucket", "RenditionsBucket"}
    for name, policy in policies.items():
        assert cloudformation.template()["Resources"][name]["Condition"] == "IsProduction"
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert statement["Effect"] == "Deny"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_libvips_opens_no_untrusted_format() -> None:
    assert FUNCTIONS["ResizeImage"]["Environment"]["Variables"]["VIPS_BLOCK_UNTRUSTED"] == "1"


def test_events_that_cannot_be_handled_go_to_the_dead_letters() -> None:
    trigger = FUNCTIONS["TriggerStepFunction"]["EventInvokeConfig"]
    assert trigger["MaximumRetryAttempts"] == 2
    assert trigger["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": "TriggerDeadLetters.Arn"}


def test_the_site_may_read_and_remove_dead_letters_and_write_none() -> None:
    queue = {"Fn::GetAtt": "TriggerDeadLetters.Arn"}
    site = cloudformation.resources("AWS::IAM::ManagedPolicy")["SitePolicy"]["PolicyDocument"]["Statement"]
    (statement,) = [each for each in site if queue in _list(each["Resource"])]
    assert (statement["Effect"], statement["Resource"]) == ("Allow", queue)
    assert set(statement["Action"]) == {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:ChangeMessageVisibility",
        "sqs:GetQueueAttributes",
    }


def test_exports_and_what_was_begun_of_them_end_by_themselves_after_the_site_has_had_its_time() -> None:
    bucket = cloudformation.resources("AWS::S3::Bucket")["RenditionsBucket"]
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    unfinished = rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
    assert rule["Prefix"] == "exports/", "renditions stay"
    assert rule["ExpirationInDays"] >= unfinished + 2, "two days from its end, which may be days behind its begin"
