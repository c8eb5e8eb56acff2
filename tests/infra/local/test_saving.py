from __future__ import annotations

import logging
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local import saving


def make_persistence(failures: int) -> SimpleNamespace:
    """Something that fails to save that many times as MiniStack does: in its log, and nowhere else."""
    logger = logging.getLogger("test-persistence")
    calls: list[str] = []

    def save_all(services: dict[str, Any]) -> None:
        calls.extend(services)
        if len(calls) <= failures:
            logger.error("dictionary changed size during iteration")

    return SimpleNamespace(logger=logger, save_all=save_all, calls=calls)


def test_state_that_changed_while_it_was_saved_is_saved_again() -> None:
    persistence = make_persistence(failures=2)
    saving.retrying_save(persistence)({"s3": dict})
    assert persistence.calls == ["s3"] * 3


def test_state_that_was_saved_is_not_saved_twice() -> None:
    persistence = make_persistence(failures=0)
    saving.retrying_save(persistence)({"s3": dict, "sqs": dict})
    assert persistence.calls == ["s3", "sqs"]


def test_state_that_cannot_be_saved_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    saving.retrying_save(make_persistence(failures=99))({"s3": dict})
    assert "s3: dictionary changed size" in capsys.readouterr().err


def make_executions() -> dict[str, dict[str, Any]]:
    finished = {f"finished-{number}": {"stopDate": number, "status": "SUCCEEDED"} for number in (3, 1, 2)}
    return finished | {"running": {"stopDate": None, "status": "RUNNING"}}


def test_oldest_finished_executions_are_forgotten_and_none_that_runs() -> None:
    executions = make_executions()
    saving.forget_executions(executions, keep=2)
    assert executions.keys() == {"finished-2", "finished-3", "running"}


def test_executions_within_the_limit_are_all_kept() -> None:
    executions = make_executions()
    saving.forget_executions(executions, keep=3)
    assert executions == make_executions()


def make_saver(seconds: float) -> tuple[saving.Saver, threading.Semaphore]:
    saved = threading.Semaphore(0)
    saver = saving.Saver(lambda: saved.release(), seconds)
    saver.start()
    return saver, saved


def test_saver_saves_after_a_change_and_once_more_when_it_is_quiet() -> None:
    saver, saved = make_saver(0.01)
    saver.note_change()
    assert saved.acquire(timeout=5)
    assert saved.acquire(timeout=5)
    assert not saved.acquire(timeout=0.1)


def test_saver_saves_at_once_when_asked() -> None:
    saver, saved = make_saver(3600)
    saver.save_now()
    assert saved.acquire(timeout=5)
