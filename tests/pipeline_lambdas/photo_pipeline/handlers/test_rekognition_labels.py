"""Paying Rekognition once for each content and question, whatever happens on the way."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from pipeline_lambdas.photo_pipeline import aws as pipeline_aws
from pipeline_lambdas.photo_pipeline import config
from pipeline_lambdas.photo_pipeline.calls import HOPELESS, THROTTLES
from pipeline_lambdas.photo_pipeline.contract import (
    Analysis,
    Original,
    Pause,
    Photo,
    Rendition,
    Run,
    analysis_item_key,
    deleting_update,
    from_item,
    photo_item_key,
    to_item,
)
from pipeline_lambdas.photo_pipeline.deadline import MARGIN_SECONDS
from pipeline_lambdas.photo_pipeline.errors import LeaseLost, OutOfTime
from pipeline_lambdas.photo_pipeline.handlers import rekognition_labels
from pipeline_lambdas.photo_pipeline.questions import PERMANENT
from pipeline_lambdas.photo_pipeline.results import RESIZED, ResizeResult, to_state
from tests.conftest import TABLE
from tests.pipeline_lambdas.invocation import Invocation
from tests.pipeline_lambdas.records import NOW, make_photo, make_run
from tests.pipeline_lambdas.rekognition import FACES, LABELS, MODERATION, FakeRekognition

SHA256 = "5f" * 32
PARAMETERS = "labels-70-25"
ONCE_EACH = {LABELS: 1, FACES: 1, MODERATION: 1}

pytestmark = pytest.mark.usefixtures("all_questions")


@pytest.fixture
def all_questions(aws: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    switch(monkeypatch, DETECT_FACES="on", DETECT_MODERATION_LABELS="on")


def switch(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    config.load.cache_clear()


def make_resized(aws: SimpleNamespace, *, sha256: str = SHA256, **overrides: Any) -> tuple[Run, dict[str, Any]]:
    """A run that has drawn its photo, and the state that RekognitionLabels gets; two calls make identical photos."""
    photo = make_photo(aws, **{"owner_id": "ada", "status": "processing"} | overrides)
    run = make_run(aws, photo)
    aws.table.put_item(Item=to_item(replace(photo, run_id=overrides.get("run_id", run.run_id))))
    resize = ResizeResult(
        RESIZED,
        original=Original(bytes=1, width=600, height=400, format="JPEG", sha256=sha256),
        renditions={"analysis": Rendition(key=f"renditions/{run.run_id}/analysis.jpg", width=600, height=400, bytes=1)},
    )
    return run, {"run": asdict(run), "resize": to_state(resize)}


def read_analysis(aws: SimpleNamespace, parameters: str = PARAMETERS) -> Analysis | None:
    item = aws.table.get_item(Key=analysis_item_key("ada", SHA256, parameters)).get("Item")
    return from_item(Analysis, item) if item else None


def stored(aws: SimpleNamespace) -> Analysis:
    analysis = read_analysis(aws)
    assert analysis is not None
    return analysis


def put_analysis(aws: SimpleNamespace, **values: Any) -> Analysis:
    analysis = Analysis(owner_id="ada", sha256=SHA256, parameters=PARAMETERS, **values)
    aws.table.put_item(Item=to_item(analysis))
    return analysis


def time_from_now(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def is_held(analysis: Analysis) -> bool:
    return bool(analysis.claimed_by or analysis.lease_until)


# --- Paying once ---


def test_answers_are_kept_in_the_analysis_and_the_state_only_refers_to_them(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    run, state = make_resized(aws)
    result = rekognition_labels.handler(state, invocation)
    assert rekognition.asked == ONCE_EACH
    assert (result["outcome"], result["sha256"], result["parameters"]) == ("analysed", SHA256, PARAMETERS)
    assert result["questions"] == ["faces", "labels", "moderation"]
    assert "Skateboard" not in json.dumps(result)
    analysis = stored(aws)
    assert analysis.photos == {run.photo_id}
    assert not is_held(analysis)
    assert analysis.labels is not None
    assert analysis.labels.model == "Rekognition 2.0"
    assert {"Car", "Person", "Skateboard"} <= {label.name for label in analysis.labels.labels}
    assert analysis.faces is not None
    assert analysis.moderation is not None
    assert analysis.moderation.model == "Rekognition 7.0"


def test_of_a_face_nothing_is_kept_but_where_it_is(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    _, state = make_resized(aws)
    rekognition_labels.handler(state, invocation)
    item = aws.table.get_item(Key=analysis_item_key("ada", SHA256, PARAMETERS))["Item"]
    (face,) = item["faces"]["faces"]
    box, confidence = face
    assert len(box) == 4
    assert {type(number) for number in (*box, confidence)} == {Decimal}


def test_an_identical_photo_pays_nothing_and_both_use_the_analysis(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    (first, state), (second, other) = make_resized(aws), make_resized(aws)
    rekognition_labels.handler(state, invocation)
    assert rekognition_labels.handler(other, invocation)["outcome"] == "analysed"
    assert rekognition.asked == ONCE_EACH
    assert stored(aws).photos == {first.photo_id, second.photo_id}
    assert invocation.waits == []


def test_a_task_that_is_repeated_pays_nothing(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    _, state = make_resized(aws)
    for _ in range(2):
        rekognition_labels.handler(state, invocation)
    assert rekognition.asked == ONCE_EACH


@pytest.mark.parametrize("change", [{"sha256": "00" * 32}, {"owner_id": "bob"}])
def test_another_content_and_another_owner_pay_for_themselves(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation, change: dict[str, str]
) -> None:
    rekognition_labels.handler(make_resized(aws)[1], invocation)
    rekognition_labels.handler(make_resized(aws, **change)[1], invocation)
    assert rekognition.asked == {LABELS: 2, FACES: 2, MODERATION: 2}


def test_a_question_that_is_switched_on_later_is_all_that_is_paid(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch(monkeypatch, DETECT_FACES="off")
    rekognition_labels.handler(make_resized(aws)[1], invocation)
    switch(monkeypatch, DETECT_FACES="on")
    result = rekognition_labels.handler(make_resized(aws)[1], invocation)
    assert rekognition.asked == ONCE_EACH
    assert result["questions"] == ["faces", "labels", "moderation"]


@pytest.mark.parametrize(
    ("variables", "parameters"),
    [({"MIN_CONFIDENCE": "55.5"}, "labels-55.5-25"), ({"MAX_LABELS": "100"}, "labels-70-100")],
)
def test_other_parameters_ask_for_labels_anew(
    aws: SimpleNamespace,
    rekognition: FakeRekognition,
    invocation: Invocation,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    parameters: str,
) -> None:
    rekognition_labels.handler(make_resized(aws)[1], invocation)
    switch(monkeypatch, **variables)
    assert rekognition_labels.handler(make_resized(aws)[1], invocation)["parameters"] == parameters
    assert rekognition.asked[LABELS] == 2


# --- Throttles, refusals, and what else breaks ---


@pytest.mark.parametrize("code", sorted(THROTTLES))
def test_a_throttle_is_waited_out(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation, code: str
) -> None:
    rekognition.refuse(FACES, code, times=3)
    _, state = make_resized(aws)
    assert rekognition_labels.handler(state, invocation)["outcome"] == "analysed"
    assert rekognition.asked == ONCE_EACH | {FACES: 4}
    assert len(invocation.waits) == 3


def test_a_throttle_that_outlasts_the_function_leaves_what_is_missing_to_the_next_task(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    rekognition.refuse(MODERATION, "ProvisionedThroughputExceededException", times=10_000)
    _, state = make_resized(aws)
    with pytest.raises(OutOfTime):
        rekognition_labels.handler(state, invocation)
    assert invocation.seconds >= MARGIN_SECONDS
    assert not is_held(stored(aws))

    rekognition.relent()
    rekognition.asked.clear()
    assert rekognition_labels.handler(state, Invocation())["outcome"] == "analysed"
    assert rekognition.asked == {MODERATION: 1}


@pytest.mark.parametrize("code", sorted(PERMANENT))
def test_a_permanent_refusal_is_an_outcome_and_what_was_answered_is_kept(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation, code: str
) -> None:
    rekognition.refuse(LABELS, code)
    _, state = make_resized(aws)
    result = rekognition_labels.handler(state, invocation)
    assert result["outcome"] == "refused"
    assert result["reason"]["code"] == "labels_refused"
    assert code in result["reason"]["detail"]
    assert code not in result["reason"]["text"]
    assert result["step"]["outcome"] == "failed"
    assert rekognition.asked == ONCE_EACH
    analysis = stored(aws)
    assert analysis.labels is None
    assert analysis.faces is not None
    assert not is_held(analysis)


def test_beside_a_refusal_a_throttle_is_not_worth_another_task(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    rekognition.refuse(FACES, "ThrottlingException", times=10_000)
    rekognition.refuse(MODERATION, "ImageTooLargeException")
    _, state = make_resized(aws)
    assert rekognition_labels.handler(state, invocation)["outcome"] == "refused"


@pytest.mark.parametrize("code", ["InternalServerError", "ExpiredTokenException"])
def test_what_may_pass_is_raised_for_the_task_to_try_again(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation, code: str
) -> None:
    rekognition.refuse(LABELS, code)
    _, state = make_resized(aws)
    with pytest.raises(ClientError, match=code):
        rekognition_labels.handler(state, invocation)
    analysis = stored(aws)
    assert not is_held(analysis)
    assert analysis.faces is not None
    rekognition_labels.handler(state, invocation)
    assert rekognition.asked == ONCE_EACH | {LABELS: 2}


@pytest.mark.parametrize("code", sorted(HOPELESS))
def test_a_table_that_denies_is_not_asked_again_for_minutes(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation, code: str
) -> None:
    client = pipeline_aws.table(TABLE).meta.client
    error = {"Error": {"Code": code, "Message": "as told"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    _, state = make_resized(aws)
    client.meta.events.register_first(
        "before-call.dynamodb.GetItem", lambda **_: (AWSResponse("", 400, {}, None), error)
    )
    result = rekognition_labels.handler(state, invocation)
    assert (result["outcome"], result["reason"]["code"]) == ("refused", "labels_failed")
    assert code in result["reason"]["detail"]
    assert rekognition.asked == {}


# --- The lease ---


def answered(aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation) -> Analysis:
    """The analysis as another photo of the same content leaves it."""
    rekognition_labels.handler(make_resized(aws)[1], invocation)
    rekognition.asked.clear()
    return stored(aws)


def test_a_lease_outlives_the_function_that_takes_it(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    leases: list[Analysis] = []
    rekognition.meanwhile = lambda: leases.append(stored(aws))
    ends, (run, state) = time_from_now(invocation.seconds), make_resized(aws)
    rekognition_labels.handler(state, invocation)
    assert {lease.claimed_by for lease in leases} == {run.run_id}
    assert all(lease.lease_until > ends for lease in leases)


def test_answers_that_another_run_is_paying_for_are_waited_for(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    theirs = answered(aws, rekognition, invocation)
    put_analysis(aws, photos=theirs.photos, claimed_by="theirs", lease_until=time_from_now(60))

    def answer_after_two_waits() -> None:
        if len(invocation.waits) == 2:
            aws.table.put_item(Item=to_item(theirs))

    invocation.meanwhile = answer_after_two_waits
    run, state = make_resized(aws)
    assert rekognition_labels.handler(state, invocation)["outcome"] == "analysed"
    assert len(invocation.waits) == 2
    assert rekognition.asked == {}
    assert stored(aws).photos == theirs.photos | {run.photo_id}


def test_a_lease_that_is_given_back_too_early_is_taken_over_for_what_is_missing(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    labels = answered(aws, rekognition, invocation).labels
    put_analysis(aws, claimed_by="theirs", lease_until=time_from_now(60))
    invocation.meanwhile = lambda: put_analysis(aws, labels=labels)
    rekognition_labels.handler(make_resized(aws)[1], invocation)
    assert len(invocation.waits) == 1
    assert rekognition.asked == {FACES: 1, MODERATION: 1}


def test_a_lease_that_has_ended_is_taken_at_once(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    put_analysis(aws, photos={"crashed"}, claimed_by="theirs", lease_until=time_from_now(-1))
    run, state = make_resized(aws)
    rekognition_labels.handler(state, invocation)
    assert invocation.waits == []
    assert rekognition.asked == ONCE_EACH
    assert stored(aws).photos == {"crashed", run.photo_id}


def test_a_run_that_crashed_after_a_save_pays_for_the_rest_alone(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    labels = answered(aws, rekognition, invocation).labels
    run, state = make_resized(aws)
    put_analysis(aws, photos={run.photo_id}, claimed_by=run.run_id, lease_until=time_from_now(60), labels=labels)
    rekognition_labels.handler(state, invocation)
    assert invocation.waits == []
    assert rekognition.asked == {FACES: 1, MODERATION: 1}


def test_a_run_takes_over_from_one_of_the_same_photo_which_died(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    run, state = make_resized(aws)
    died = f"{run.photo_id}-0123456789-7"
    put_analysis(aws, photos={run.photo_id}, claimed_by=died, lease_until=time_from_now(600))
    rekognition_labels.handler(state, invocation)
    assert invocation.waits == []
    assert rekognition.asked == ONCE_EACH


def test_a_lease_that_outlasts_the_function_is_left_to_the_next_task(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    theirs = put_analysis(aws, photos={"theirs"}, claimed_by="theirs", lease_until=time_from_now(600))
    with pytest.raises(OutOfTime):
        rekognition_labels.handler(make_resized(aws)[1], invocation)
    assert rekognition.asked == {}
    assert stored(aws) == theirs


def test_a_claim_that_meets_another_at_the_same_moment_is_made_again(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    client = pipeline_aws.table(TABLE).meta.client
    conflicts = iter([{"Code": "None"}, {"Code": "TransactionConflict"}])

    def conflict_once(**_: Any) -> Any:
        reasons = list(conflicts)
        error = {"Code": "TransactionCanceledException", "Message": "conflict"}
        return (AWSResponse("", 400, {}, None), {"Error": error, "CancellationReasons": reasons}) if reasons else None

    client.meta.events.register("before-call.dynamodb.TransactWriteItems", conflict_once)
    assert rekognition_labels.handler(make_resized(aws)[1], invocation)["outcome"] == "analysed"
    assert len(invocation.waits) == 1
    assert rekognition.asked == ONCE_EACH


# --- Photos that are no longer the run's ---


def shut(aws: SimpleNamespace, run: Run) -> None:
    aws.table.update_item(**deleting_update(run.owner_id, run.photo_id, now=NOW))


def test_a_photo_that_is_being_deleted_is_not_paid_for_and_leaves_no_analysis(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    run, state = make_resized(aws)
    shut(aws, run)
    assert rekognition_labels.handler(state, invocation)["outcome"] == "overtaken"
    assert rekognition.asked == {}
    assert read_analysis(aws) is None


def test_a_photo_that_is_being_deleted_does_not_join_an_analysis(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    theirs = answered(aws, rekognition, invocation)
    run, state = make_resized(aws)
    shut(aws, run)
    assert rekognition_labels.handler(state, invocation)["outcome"] == "overtaken"
    assert stored(aws) == theirs


@pytest.mark.parametrize("overrides", [{"run_id": "another"}, {"status": "ready"}])
def test_a_run_that_has_lost_its_photo_ends_quietly(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation, overrides: dict[str, str]
) -> None:
    _, state = make_resized(aws, **overrides)
    assert rekognition_labels.handler(state, invocation)["outcome"] == "overtaken"
    assert rekognition.asked == {}


def test_an_analysis_that_is_erased_while_it_is_paid_for_does_not_come_back(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    run, state = make_resized(aws)

    def erase() -> None:
        shut(aws, run)
        aws.table.delete_item(Key=analysis_item_key("ada", SHA256, PARAMETERS))

    rekognition.meanwhile = erase
    with pytest.raises(LeaseLost):
        rekognition_labels.handler(state, invocation)
    assert read_analysis(aws) is None
    assert rekognition_labels.handler(state, invocation)["outcome"] == "overtaken"


def test_from_the_claim_on_the_record_knows_by_which_content_to_find_the_analysis(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    """Deletion reads it there, also when the run never ends."""
    run, state = make_resized(aws)
    rekognition_labels.handler(state, invocation)
    item = aws.table.get_item(Key=photo_item_key(run.owner_id, run.photo_id))["Item"]
    assert from_item(Photo, item).original.sha256 == SHA256


# --- Paused ---


def pause(aws: SimpleNamespace, *, seconds: float) -> None:
    aws.table.put_item(Item=to_item(Pause(until=time_from_now(seconds))))


def test_while_analysis_is_paused_nothing_is_paid_for_and_the_lease_is_given_back(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    pause(aws, seconds=3600)
    _, state = make_resized(aws)
    result = rekognition_labels.handler(state, invocation)
    assert (result["outcome"], result["reason"]["code"]) == ("refused", "paused")
    assert "is labelled by itself afterwards" in result["reason"]["text"]
    assert not rekognition.asked
    assert not is_held(stored(aws))


def test_while_analysis_is_paused_an_identical_photo_is_labelled(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    _, first = make_resized(aws)
    rekognition_labels.handler(first, invocation)
    pause(aws, seconds=3600)
    _, second = make_resized(aws)
    assert rekognition_labels.handler(second, invocation)["outcome"] == "analysed"
    assert rekognition.asked == ONCE_EACH


def test_a_pause_that_is_over_holds_nothing_up(
    aws: SimpleNamespace, rekognition: FakeRekognition, invocation: Invocation
) -> None:
    pause(aws, seconds=-1)
    _, state = make_resized(aws)
    assert rekognition_labels.handler(state, invocation)["outcome"] == "analysed"
    assert rekognition.asked == ONCE_EACH
