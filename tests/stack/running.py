"""The real local stack, and what a test does with it. `tests/conftest.py` starts one for a whole session."""

from __future__ import annotations

import copy
import random
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from infra.local import sent
from infra.local.aws import Aws
from infra.local.deploy import Deployment, deploy_pipeline
from infra.local.package import Template, TemplateTransform
from infra.local.run import Started, running_stack
from infra.local.stack import REGION, Stack
from infra.local.supervisor import Output, Supervisor


@dataclass(frozen=True)
class RunningStack:
    """A running stack: `outputs` of the template, `aws.client("s3")` as the administrator, `site_client("s3")` as the
    site's user, the site at `site_url`, everything kept in `data_dir`, and the log of all processes in `log`."""

    parts: Stack
    started: Started
    log: Path

    @property
    def aws(self) -> Aws:
        return Aws(self.parts.aws_url)

    @property
    def outputs(self) -> dict[str, str]:
        return dict(self.started.deployment.outputs)

    @property
    def site_url(self) -> str:
        return self.parts.site_url

    @property
    def site_env(self) -> dict[str, str]:
        return dict(self.started.site_env)

    def site_client(self, service: str) -> Any:
        """A boto3 client with the rights of the site."""
        env = self.started.site_env
        session = boto3.Session(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], region_name=REGION)
        config = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"})
        return session.client(service, endpoint_url=self.parts.aws_url, config=config)

    def messages(self) -> list[sent.Sent]:
        """Mail and SMS sent so far, newest first."""
        return sent.list_sent(self.parts.inbox_dir)

    def deploy_variant(self, name: str, transform: TemplateTransform | None = None, **parameters: str) -> Deployment:
        """Deploy the template once more beside the first, under another stack name: with its own buckets, table and
        functions. `transform` may change it before, `without_statement` makes one; `parameters` are the template's."""
        return deploy_pipeline(replace(self.parts, name=name), transform=transform, **parameters)


def without_statement(function: str, sid: str) -> Callable[[Template], Template]:
    """A transform that takes the statement `sid` out of a function's role."""

    def transform(template: Template) -> Template:
        changed = copy.deepcopy(template)
        found = False
        for policy in changed["Resources"][f"{function}Role"]["Properties"]["Policies"]:
            document = policy["PolicyDocument"]
            kept = [each for each in document["Statement"] if each.get("Sid") != sid]
            found = found or len(kept) < len(document["Statement"])
            document["Statement"] = kept
        assert found, f"{function} has no statement {sid}"
        return changed

    return transform


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on, all different, and none that the system gives to a connection on its way out: one
    of those could be taken before it is listened on, or while a process that was killed starts anew."""
    with ExitStack() as probes:
        return [_bind_some_port(probes.enter_context(socket.socket())) for _ in range(count)]


def _bind_some_port(probe: socket.socket) -> int:
    while True:
        port = random.SystemRandom().randrange(15_000, 32_000)
        with suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def new_stack(directory: Path) -> Stack:
    """A stack on free ports that keeps everything in `directory`."""
    site, aws, rekognition = free_ports(3)
    return Stack(port=site, aws_port=aws, rekognition_port=rekognition, data_dir=directory / "var")


@contextmanager
def run_stack(parts: Stack) -> Iterator[RunningStack]:
    """The whole of a stack while it runs; its log lies beside its data."""
    log = parts.data_dir.parent / "log"
    with log.open("a") as stream, running_stack(parts, Supervisor(Output(stream))) as started:
        yield RunningStack(parts, started, log)
