"""S3 says that an original arrived: start its execution, named so that the same event twice starts one."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import S3Event
from aws_lambda_powertools.utilities.data_classes.s3_event import S3EventRecord

from .. import aws, config
from ..contract import Run, Usage, new_run, parse_original_key
from ..metering import Meter, metered

logger = Logger()
START = "SFN.StartExecution"


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """An S3 notification to `{"started": [run ids]}`. S3's test event, which has no records, starts nothing."""
    with metered(event) as meter:
        return {"started": [run.run_id for run in _start_all(event, meter)]}


def _start_all(event: dict[str, Any], meter: Meter) -> list[Run]:
    runs = [run for record in S3Event({"Records": event.get("Records", [])}).records if (run := _read_run(record))]
    for run in runs:
        _start(run, meter.read() if run is runs[0] else Usage())
    return runs


def _read_run(record: S3EventRecord) -> Run | None:
    original = record.s3.get_object
    key = unquote_plus(original.key)  # S3 writes keys into events as forms do
    ids = parse_original_key(key)
    if ids is None:
        logger.warning("not the key of an original", extra={"key": key})
        return None
    return new_run(
        owner_id=ids[0],
        photo_id=ids[1],
        key=key,
        etag=original.etag,
        version_id=original.version_id or "",
        sequencer=original.sequencer,
    )


def _start(run: Run, used: Usage) -> None:
    """`used` is this function's own use, told with the run: it begins before anybody else could note it."""
    step_functions = aws.step_functions()
    try:
        step_functions.start_execution(
            stateMachineArn=config.load(config.TriggerConfig).state_machine_arn,
            name=run.run_id,
            input=json.dumps({"run": asdict(run), "trigger": asdict(used + Usage(requests={START: 1}))}),
        )
    except step_functions.exceptions.ExecutionAlreadyExists:
        logger.info("started before", extra={"run": run.run_id})
