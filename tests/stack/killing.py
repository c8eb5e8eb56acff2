"""The local stack as `make run` starts it, in processes of its own, so that any of them or all can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from infra.local.aws import Aws
from infra.local.deploy import read_deployment
from infra.local.run import Started
from infra.local.stack import DATA_DIR_VARIABLE, ROOT, Stack, clean_env

from .running import RunningStack

READY = "Shoebox runs at"
PATIENCE = 120  # seconds; a limit for a broken stack, not a measurement
PROGRAMS = {
    "aws": "infra.local.launcher",
    "rekognition": "infra.local.rekognition.server",
    "site": "webapp.wsgi",
    "worker": "worker",
    "beat": "beat",
}


class StackProcess:
    """A stack that `manage.py runstack` runs; as a context manager it leaves nothing behind."""

    def __init__(self, parts: Stack) -> None:
        self.parts = parts
        self.log = parts.data_dir.parent / "log"
        self._popen: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> StackProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill_everything()

    def start(self) -> RunningStack:
        """Run it, and wait until it says where it is."""
        said_before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            command = [sys.executable, "manage.py", "runstack"]
            self._popen = subprocess.Popen(
                command, cwd=ROOT, env=clean_env(self.parts), stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + PATIENCE
        while READY not in self.said(said_before):
            assert self._popen.poll() is None, self.said(said_before)
            assert time.monotonic() < until, self.said(said_before)
            time.sleep(0.05)
        return RunningStack(self.parts, self._started(), self.log)

    def said(self, after: int = 0) -> str:
        return self.log.read_bytes()[after:].decode(errors="replace")

    def _started(self) -> Started:
        lines = self.parts.env_file.read_text().splitlines()
        deployment = read_deployment(Aws(self.parts.aws_url), self.parts.name, changed=False)
        return Started(deployment, dict(line.split("=", 1) for line in lines), staff_password="")

    def kill_everything(self) -> None:
        """`kill -9` of every process of the stack, those last that would end the others in order."""
        while pids := sorted(self._pids(), reverse=True):
            for pid in pids:
                kill(pid)
            if self._popen:
                self._popen.poll()
            time.sleep(0.01)

    def kill_one(self, name: str) -> None:
        """`kill -9` of one process that the supervisor started."""
        matching = [pid for pid in self._pids() if PROGRAMS[name] in arguments(pid)]
        kill(min(matching))

    def exit_code(self) -> int:
        """How it ended, once it has."""
        assert self._popen
        return self._popen.wait(PATIENCE)

    def _pids(self) -> Iterator[int]:
        mark = f"{DATA_DIR_VARIABLE}={self.parts.data_dir}".encode()
        for each in Path("/proc").iterdir():
            if each.name.isdecimal() and mark in read(each / "environ").split(b"\0"):
                yield int(each.name)


def arguments(pid: int) -> list[str]:
    return read(Path(f"/proc/{pid}/cmdline")).decode(errors="replace").split("\0")


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has ended
        return b""


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
