"""Have Rekognition say what a photo shows: labels, and faces and moderation where they are switched on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from .. import aws, config, relabelling
from ..analysis import analyse
from ..calls import is_hopeless
from ..contract import ANALYSIS, Failure, Reason, Run, StepOutcome, from_item, reason
from ..deadline import Deadline
from ..errors import Overtaken, Refused
from ..metering import metered
from ..questions import make_questions
from ..results import ANALYSED, OVERTAKEN, REFUSED, LabelsResult, ResizeResult, Stopwatch, to_state

logger = Logger()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"run": Run, "resize": ResizeResult, "retries": …}` to a LabelsResult. Whatever is raised is worth trying
    again."""
    run, resize = from_item(Run, event["run"]), from_item(ResizeResult, event["resize"])
    with metered(event) as meter:
        result = _analyse_or_say_why(run, resize, Deadline(context))
        return to_state(replace(result, usage=meter.read()))


def _analyse_or_say_why(run: Run, resize: ResizeResult, deadline: Deadline) -> LabelsResult:
    stopwatch = Stopwatch("RekognitionLabels", run)
    try:
        return _analyse(run, resize, stopwatch, deadline)
    except Overtaken:
        logger.info("overtaken", extra={"run": run.run_id})
        return LabelsResult(OVERTAKEN)
    except Refused as refused:
        return _refused(stopwatch, refused.reason)
    except ClientError as error:
        if not is_hopeless(error):
            raise
        logger.exception("not worth trying again", extra={"run": run.run_id})
        return _refused(stopwatch, reason(Failure.LABELS, detail=str(error)[:1000]))


def _refused(stopwatch: Stopwatch, why: Reason) -> LabelsResult:
    return LabelsResult(REFUSED, step=stopwatch.step(StepOutcome.FAILED), reason=why)


def _analyse(run: Run, resize: ResizeResult, stopwatch: Stopwatch, deadline: Deadline) -> LabelsResult:
    assert resize.original is not None
    own = config.load(config.LabelsConfig)
    settings, table = relabelling.ask_as_told(own, run.relabel), aws.table(own.photo_table)
    subject = relabelling.choose_subject(table, run, resize, own=own, told=settings)
    questions = make_questions(
        aws.rekognition(), settings, key=resize.renditions[ANALYSIS].key, content=resize.analysis_content
    )
    analyse(table, subject, questions, deadline)
    return LabelsResult(
        ANALYSED,
        step=stopwatch.step(),
        sha256=subject.sha256,
        parameters=subject.parameters,
        questions=sorted(questions),
    )
