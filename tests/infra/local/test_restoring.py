from __future__ import annotations

import contextlib
import io
import logging
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local.restoring import RestoreError, restore, restoring_first
from infra.local.stack import Stack, StackError, aws_process
from infra.local.supervisor import Output, Supervisor

SAVED = '{"__ministack_format__": 2, "payload": {"tables": {}}}'


def make_persistence(states: dict[str, Any], broken: str = "") -> SimpleNamespace:
    """What loads states as MiniStack does: one that is broken is told to the log, and nowhere else."""
    logger = logging.getLogger("test-restoring")

    def load_state(name: str) -> Any:
        if name == broken:
            logger.error("failed to load %s: Expecting value", name)
        return states.get(name)

    return SimpleNamespace(logger=logger, load_state=load_state)


def make_app(restored: dict[str, Any], error: Exception | None = None) -> SimpleNamespace:
    """MiniStack with two services, one of which has never been used; an error is what its restoring ends with."""

    def get_module(name: str) -> SimpleNamespace:
        def load_persisted_state(data: Any) -> None:
            if error:
                raise error
            restored[name] = data

        return SimpleNamespace(load_persisted_state=load_persisted_state)

    return SimpleNamespace(_state_map={"dynamodb": "dynamodb", "lambda": "lambda_svc"}, _get_module=get_module)


def test_each_state_that_was_saved_is_restored_by_its_module() -> None:
    restored: dict[str, Any] = {}
    restore(make_app(restored), make_persistence({"lambda": {"functions": 1}}))
    assert restored == {"lambda_svc": {"functions": 1}}


def test_state_that_cannot_be_loaded_is_an_error() -> None:
    with pytest.raises(RestoreError, match=r"dynamodb.*Expecting value"):
        restore(make_app({}), make_persistence({}, broken="dynamodb"))


def test_state_that_cannot_be_restored_is_an_error() -> None:
    with pytest.raises(RestoreError, match=r"dynamodb.*KeyError.*TableId"):
        restore(make_app({}, KeyError("TableId")), make_persistence({"dynamodb": {"tables": 1}}))


def test_nothing_is_saved_before_all_was_restored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved: list[Any] = []

    def save_all(services: Any) -> bool:
        saved.append(services)
        return True

    app = make_app({})
    save = restoring_first(app, make_persistence({}), save_all, tmp_path)
    assert not save({"sqs": dict})
    assert (saved, "has not been read" in capsys.readouterr().err) == ([], True)
    app._load_persisted_state()
    assert save({"sqs": dict})
    assert saved == [{"sqs": dict}]


@pytest.mark.parametrize(
    ("name", "text", "cause"),
    [
        ("aws/sqs.json", '{"half', "sqs .*Unterminated"),
        ("aws/dynamodb.json", SAVED.replace('{"tables": {}}', "[1]"), "dynamodb .*AttributeError"),
        ("aws/journal/00000003.jsonl", '[]\n[["table", "a"\n', r"dynamodb .*line 2 of .*00000003\.jsonl"),
    ],
)
def test_local_aws_ends_and_changes_nothing_when_its_state_cannot_be_read(
    tmp_path: Path, name: str, text: str, cause: str
) -> None:
    files = {"aws/dynamodb.json": SAVED, "aws/sqs.json": SAVED} | {name: text}
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        stack = Stack(aws_port=free.getsockname()[1], data_dir=tmp_path)
    supervisor = Supervisor(Output(io.StringIO()))
    try:
        with pytest.raises(StackError, match=rf"(?s)exit code 1.*The state of {cause}.*Put back a copy"):
            supervisor.start(aws_process(stack))
    finally:
        supervisor.stop()
    assert {path: (tmp_path / path).read_text() for path in files} == files
