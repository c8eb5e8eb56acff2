"""Have a photo's content analysed, paying for no answer twice: not for identical photos, not for a repeated task."""

from __future__ import annotations

import random
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextvars import copy_context
from typing import Any

from .analysis_table import (
    Subject,
    claim_analysis,
    get_analysis,
    get_pause,
    is_free,
    join_analysis,
    release_analysis,
    save_answer,
)
from .contract import Analysis, Failure, name_day, reason
from .deadline import Deadline
from .errors import Refused
from .labels import Answer
from .metering import count
from .questions import OPERATIONS, Questions, ask_patiently
from .results import utc_now

POLL_SECONDS = (0.3, 1.0)
# A lease outlives the function that has taken it: whoever takes it over finds nobody at work.
LEASE_MARGIN_SECONDS = 10.0


def analyse(table: Any, subject: Subject, questions: Questions, deadline: Deadline) -> None:
    """Have every question answered in the analysis of `subject`, by this run or by another that has the same content.

    Raises Overtaken when the photo is no longer the run's, Refused when a question gets no answer ever or new analysis
    is paused, OutOfTime or LeaseLost when it is worth trying again; answers found until then are kept.
    """
    analysis = get_analysis(table, subject)
    _count_what_an_earlier_try_paid(analysis, subject, questions)
    while True:
        if not _unanswered(analysis, questions):
            if join_analysis(table, subject):
                return
        elif is_free(analysis, subject.run, now=utc_now()) and _claim(table, subject, deadline):
            _complete(table, subject, questions, deadline)
            return
        deadline.wait(random.uniform(*POLL_SECONDS))  # noqa: S311 - spreads retries
        analysis = get_analysis(table, subject)


def _count_what_an_earlier_try_paid(analysis: Analysis, subject: Subject, questions: Questions) -> None:
    """A try that raised handed nothing on; what it had answered is counted by the one that comes to an end."""
    for name in questions:
        if getattr(analysis, f"{name}_run") == subject.run.run_id:
            count(f"Rekognition.{OPERATIONS[name]}")


def _unanswered(analysis: Analysis, questions: Questions) -> Questions:
    return {name: question for name, question in questions.items() if getattr(analysis, name) is None}


def _claim(table: Any, subject: Subject, deadline: Deadline) -> bool:
    until = utc_now(ahead=deadline.seconds_left() + LEASE_MARGIN_SECONDS)
    return claim_analysis(table, subject, now=utc_now(), until=until)


def _complete(table: Any, subject: Subject, questions: Questions, deadline: Deadline) -> None:
    try:
        # Read again: who had the lease before may have saved an answer since.
        if missing := _unanswered(get_analysis(table, subject), questions):
            _refuse_while_paused(table)
            _ask_side_by_side(table, subject, missing, deadline)
    finally:
        release_analysis(table, subject)


def _refuse_while_paused(table: Any) -> None:
    pause = get_pause(table)
    if pause and pause.holds(utc_now()):
        raise Refused(reason(Failure.PAUSED, until=name_day(pause.until)))


def _ask_side_by_side(table: Any, subject: Subject, questions: Questions, deadline: Deadline) -> None:
    """All at once, so that it lasts as long as the slowest; each answer is saved when it comes."""
    with ThreadPoolExecutor(max_workers=len(questions)) as pool:
        asked = {
            pool.submit(copy_context().run, ask_patiently, question, deadline): name
            for name, question in questions.items()
        }
        for answer in as_completed(asked):
            if answer.exception() is None:
                save_answer(table, subject, asked[answer], answer.result())
    _raise_worst(asked)


def _raise_worst(asked: Mapping[Future[Answer], str]) -> None:
    """A refusal before all else: with one, trying again is no use."""
    errors = [error for answer in asked if (error := answer.exception())]
    for error in sorted(errors, key=lambda error: not isinstance(error, Refused)):
        raise error
