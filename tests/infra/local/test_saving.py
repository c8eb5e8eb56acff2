from __future__ import annotations

import asyncio
import errno
import logging
import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local import saving
from infra.local.stack import SAVE_PATH
from infra.local.state_files import StateFiles


def make_persistence(failures: int) -> SimpleNamespace:
    """Something that fails to save that many times as MiniStack does: in its log, and nowhere else."""
    logger = logging.getLogger("test-persistence")
    calls: list[str] = []

    def save_all(services: dict[str, Any]) -> None:
        calls.extend(services)
        if len(calls) <= failures:
            logger.error("dictionary changed size during iteration")
            return
        for name, get_state in services.items():
            (Path(persistence.STATE_DIR) / f"{name}.json").write_text(str(get_state()))

    persistence = SimpleNamespace(logger=logger, save_all=save_all, calls=calls, STATE_DIR="")
    return persistence


def make_save(directory: Path, persistence: SimpleNamespace, journals: Any = None) -> saving.SaveAll:
    return saving.retrying_save(persistence, StateFiles(directory), journals or {})


def saved_in(directory: Path) -> dict[str, str]:
    return {path.stem: path.read_text() for path in directory.glob("*.json")}


def test_state_that_changed_while_it_was_saved_is_saved_again(tmp_path: Path) -> None:
    persistence = make_persistence(failures=2)
    assert make_save(tmp_path, persistence)({"s3": dict})
    assert persistence.calls == ["s3"] * 3


def test_state_that_was_saved_is_not_saved_twice(tmp_path: Path) -> None:
    persistence = make_persistence(failures=0)
    assert make_save(tmp_path, persistence)({"s3": dict, "sqs": list})
    assert persistence.calls == ["s3", "sqs"]
    assert saved_in(tmp_path) == {"s3": "{}", "sqs": "[]"}


def test_state_that_cannot_be_saved_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not make_save(tmp_path, make_persistence(failures=99))({"s3": dict})
    assert "s3: dictionary changed size" in capsys.readouterr().err


def test_nothing_is_replaced_where_not_all_could_be_saved(tmp_path: Path) -> None:
    (tmp_path / "s3.json").write_text("of before")

    def get_state() -> dict[str, Any]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert not make_save(tmp_path, make_persistence(failures=0))({"s3": dict, "sqs": get_state})
    assert saved_in(tmp_path) == {"s3": "of before"}


class Notes:
    """A journal that keeps what it was told."""

    def __init__(self, error: OSError | None = None) -> None:
        self.turned = 0
        self.forgot: list[int] = []
        self._error = error

    def turn(self) -> int:
        if self._error:
            raise self._error
        self.turned += 1
        return 7

    def forget_before(self, number: int) -> None:
        self.forgot.append(number)


@pytest.mark.parametrize(("failures", "forgot"), [(0, [7]), (99, [])])
def test_journal_forgets_what_was_saved_and_nothing_else(tmp_path: Path, failures: int, forgot: list[int]) -> None:
    journal = Notes()
    make_save(tmp_path, make_persistence(failures), {"dynamodb": journal})({"sqs": dict, "dynamodb": dict})
    assert journal.forgot == forgot


def test_full_disk_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = Notes(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert not make_save(tmp_path, make_persistence(failures=0), {"dynamodb": journal})({"dynamodb": dict})
    assert "No space left" in capsys.readouterr().err
    assert saved_in(tmp_path) == {}


def test_journal_is_turned_before_the_state_is_read_and_not_where_there_is_no_place_for_it(tmp_path: Path) -> None:
    journal, turned = Notes(), []
    save = make_save(tmp_path, make_persistence(failures=0), {"dynamodb": journal})
    assert save({"dynamodb": lambda: turned.append(journal.turned)})
    (tmp_path / "next").touch()
    assert not save({"dynamodb": dict})
    assert (turned, journal.turned) == ([1], 1)


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

    def save() -> bool:
        saved.release()
        return True

    saver = saving.Saver(save, seconds)
    saver.start()
    return saver, saved


def test_saver_saves_after_a_change_and_once_more_when_it_is_quiet() -> None:
    saver, saved = make_saver(0.01)
    saver.save_now()
    assert saved.acquire(timeout=5)
    saver.note_change()
    assert saved.acquire(timeout=5)
    assert saved.acquire(timeout=5)
    assert not saved.acquire(timeout=0.1)


def test_saver_saves_at_once_when_asked() -> None:
    saver, saved = make_saver(3600)
    saver.ask()
    assert saved.acquire(timeout=5)


def test_nothing_is_saved_of_a_deployment_that_is_not_done() -> None:
    saver, saved = make_saver(0.01)
    saver.note_change()
    assert not saved.acquire(timeout=0.1)
    assert not saver.has_begun


@pytest.mark.parametrize(("failures", "status"), [(0, 204), (99, 507)])
def test_who_asks_for_a_save_hears_whether_all_was_saved(tmp_path: Path, failures: int, status: int) -> None:
    save = make_save(tmp_path, make_persistence(failures))
    saver = saving.Saver(lambda: save({"s3": dict}))
    assert ask(saving.saving_on_request(local_aws, saver), "POST", SAVE_PATH) == [status]
    assert saver.has_begun


def test_every_other_request_is_the_local_awss() -> None:
    app = saving.saving_on_request(local_aws, saving.Saver(lambda: True))
    assert ask(app, "GET", SAVE_PATH) + ask(app, "POST", "/") == [200, 200]


async def local_aws(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})


def ask(app: Any, method: str, path: str) -> list[int]:
    """The statuses that an ASGI application answers one request with."""
    statuses = []

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    asyncio.run(app({"type": "http", "path": path, "method": method}, None, send))
    return statuses
