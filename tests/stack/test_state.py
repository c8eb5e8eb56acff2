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
def running_aws(data_dir: Path, log: Path) -> Iterator[tuple[Aws, int]]:
    """(The local AWS with this data, the launcher's process id)."""
    (port,) = free_ports(1)
    stack = Stack(aws_port=port, data_dir=data_dir)
    with log.open("a") as stream:
        supervisor = Supervisor(Output(stream))
        try:
            running = supervisor.start(aws_process(stack))
            yield Aws(stack.aws_url), running[0].pid
        finally:
            supervisor.stop()


def queues(aws: Aws) -> list[str]:
    return [url.rsplit("/", 1)[-1] for url in aws.client("sqs").list_queues().get("QueueUrls", [])]


def make_table(aws: Aws) -> Any:
    return aws.client("dynamodb").create_table(
        TableName="kept",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_local_aws_remembers_what_it_saved_however_it_ends(tmp_path: Path, number: signal.Signals) -> None:
    state = tmp_path / "var" / "aws" / "sqs.json"
    with running_aws(tmp_path / "var", tmp_path / "log") as (aws, pid):
        aws.client("sqs").create_queue(QueueName="kept")
        os.kill(pid, signal.SIGUSR1)
        until = time.monotonic() + 60
        while not state.exists() and time.monotonic() < until:
            time.sleep(0.05)
        os.kill(pid, number)
    with running_aws(tmp_path / "var", tmp_path / "log") as (aws, _):
        assert queues(aws) == ["kept"]


def test_local_aws_saves_by_itself_after_a_change_once_it_was_told_that_it_is_whole(tmp_path: Path) -> None:
    state = tmp_path / "var" / "aws" / "sqs.json"
    with running_aws(tmp_path / "var", tmp_path / "log") as (aws, _):
        aws.save()
        aws.client("sqs").create_queue(QueueName="kept")
        until = time.monotonic() + 60
        while time.monotonic() < until and not (state.exists() and "kept" in state.read_text()):
            time.sleep(0.05)
        assert "kept" in state.read_text()


def test_what_was_written_to_a_table_outlives_a_kill_that_comes_at_once(tmp_path: Path) -> None:
    with running_aws(tmp_path / "var", tmp_path / "log") as (aws, pid):
        make_table(aws)
        table = aws.table("kept")
        table.put_item(Item={"pk": "a", "sk": "1", "said": "before"})
        table.put_item(Item={"pk": "a", "sk": "2", "size": 12})
        aws.save()
        table.update_item(
            Key={"pk": "a", "sk": "1"},
            UpdateExpression="SET said = :said",
            ExpressionAttributeValues={":said": "after"},
        )
        table.delete_item(Key={"pk": "a", "sk": "2"})
        table.meta.client.transact_write_items(
            TransactItems=[{"Put": {"TableName": "kept", "Item": {"pk": "b", "sk": sk}}} for sk in "12"]
        )
        os.kill(pid, signal.SIGKILL)
    with running_aws(tmp_path / "var", tmp_path / "log") as (aws, _):
        found = aws.table("kept").scan(ConsistentRead=True)["Items"]
        assert sorted(found, key=str) == [
            {"pk": "a", "said": "after", "sk": "1"},
            {"pk": "b", "sk": "1"},
            {"pk": "b", "sk": "2"},
        ]
