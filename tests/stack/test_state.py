"""What the local AWS remembers, when it is ended and when it is killed; it runs alone here."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.local.aws import Aws
from infra.local.stack import Stack, aws_process
from infra.local.supervisor import Output, Supervisor

from .running import free_ports


@contextmanager
def running_aws(data_dir: Path, log: Path) -> Iterator[tuple[Any, int]]:
    """(SQS, the launcher's process id) of a local AWS with this data."""
    (port,) = free_ports(1)
    stack = Stack(aws_port=port, data_dir=data_dir)
    with log.open("a") as stream:
        supervisor = Supervisor(Output(stream))
        try:
            running = supervisor.start(aws_process(stack))
            yield Aws(stack.aws_url).client("sqs"), running[0].pid
        finally:
            supervisor.stop()


def queues(sqs: Any) -> list[str]:
    return [url.rsplit("/", 1)[-1] for url in sqs.list_queues().get("QueueUrls", [])]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_local_aws_remembers_what_it_saved_however_it_ends(tmp_path: Path, number: signal.Signals) -> None:
    state = tmp_path / "var" / "aws" / "sqs.json"
    with running_aws(tmp_path / "var", tmp_path / "log") as (sqs, pid):
        sqs.create_queue(QueueName="kept")
        os.kill(pid, signal.SIGUSR1)
        until = time.monotonic() + 20
        while not state.exists() and time.monotonic() < until:
            time.sleep(0.05)
        os.kill(pid, number)
    with running_aws(tmp_path / "var", tmp_path / "log") as (sqs, _):
        assert queues(sqs) == ["kept"]


def test_local_aws_saves_by_itself_after_a_change(tmp_path: Path) -> None:
    state = tmp_path / "var" / "aws" / "sqs.json"
    with running_aws(tmp_path / "var", tmp_path / "log") as (sqs, _):
        sqs.create_queue(QueueName="kept")
        until = time.monotonic() + 20
        while time.monotonic() < until and not (state.exists() and "kept" in state.read_text()):
            time.sleep(0.05)
        assert "kept" in state.read_text()
