"""Starts processes, waits until each is ready, passes their output on under their names, and ends them all together."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator
from typing import IO, Any

from .stack import ROOT, Process, StackError

GRACE_SECONDS = 10.0
POLL_SECONDS = 0.1
LAST_LINES = 15
COLOURS = (36, 35, 33, 32, 34, 31)
PR_SET_PDEATHSIG = 1
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """The person asked the stack to end. Like KeyboardInterrupt, nothing but the outermost caller catches it."""


class Output:
    """One terminal for many processes: whole lines, each under the name of who wrote it, coloured on a terminal."""

    def __init__(self, stream: IO[str] = sys.stdout) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._colours: dict[str, int] = {}

    def say(self, text: str) -> None:
        """Say something as the stack itself."""
        self._write(text)

    def pass_on(self, name: str, line: str) -> None:
        """Show a line of a process."""
        self._write(f"{self._paint(name)} {line}")

    def _paint(self, name: str) -> str:
        label = f"{name:<11} |"
        if not self._stream.isatty():
            return label
        colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
        return f"\x1b[{colour}m{label}\x1b[0m"

    def _write(self, text: str) -> None:
        with self._lock, contextlib.suppress(OSError, ValueError):  # nobody reads it, or there is no room for it
            self._stream.write(text + "\n")
            self._stream.flush()


class Running:
    """A process that was started, the last lines it wrote, and whether it has said that it is ready."""

    def __init__(self, process: Process, output: Output, *, quiet: bool = False) -> None:
        self.process = process
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._output, self._quiet = output, quiet
        self._said_ready = threading.Event()
        self._popen = start_child(process)
        self._reader = threading.Thread(target=self._read, name=f"read {process.name}", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._popen.pid

    def exit_code(self) -> int | None:
        """How it ended, or None while it runs."""
        return self._popen.poll()

    def is_ready(self) -> bool:
        if self.process.ready_url:
            return answers(self.process.ready_url)
        return not self.process.ready_line or self._said_ready.is_set()

    def signal(self, number: int) -> None:
        """Send a signal to the process and all it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def signal_main(self, number: int) -> None:
        """Send a signal to the process alone, which ends what it started."""
        if self.exit_code() is None:
            self._popen.send_signal(number)

    def wait(self, seconds: float) -> bool:
        """Whether it ended within that time; its output has then been read."""
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self._reader.join(1)
        return True

    def _read(self) -> None:
        assert self._popen.stdout is not None
        for raw in self._popen.stdout:
            line = raw.rstrip()
            self.last_lines.append(line)
            if self.process.ready_line and self.process.ready_line in line:
                self._said_ready.set()
            if not self._quiet:
                self._output.pass_on(self.process.name, line)


class Supervisor:
    """A group of processes that live and die together."""

    def __init__(self, output: Output | None = None) -> None:
        self.output = output or Output()
        self._running: list[Running] = []

    def start(self, *processes: Process) -> list[Running]:
        """Start processes side by side and wait until all are ready. Raises `StackError` when one is not in time."""
        for process in processes:
            self.output.say(f"Starting {process.name} ...")
        started = [Running(process, self.output) for process in processes]
        self._running.extend(started)
        for running in started:
            self._wait_ready(running)
        return started

    def run(self, process: Process) -> None:
        """Run a process to its end; its output is shown only if it fails, as a `StackError`."""
        running = Running(process, self.output, quiet=True)
        self._running.append(running)
        while running.exit_code() is None:
            self._require_alive(but=running)
            running.wait(POLL_SECONDS)
        self._running.remove(running)
        running.wait(1)
        if running.exit_code():
            raise ended(running)

    def watch(self) -> None:
        """Return never: raises `StackError` when a process ends, or `Stopped` when the person asks for it."""
        while True:
            self._require_alive()
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """End all processes, each with time to finish; the first, which the others need, when they are gone."""
        if self._running:
            self.output.say("Stopping ...")
        self._end(self._running[:0:-1])
        self._end(self._running[:1])
        self._running.clear()

    def _end(self, running: list[Running]) -> None:
        for each in running:
            each.signal_main(signal.SIGTERM)
        until = time.monotonic() + GRACE_SECONDS
        for each in running:
            each.wait(max(0, until - time.monotonic()))
            each.signal(signal.SIGKILL)  # it, if it did not end, and whatever it left behind
            each.wait(GRACE_SECONDS)

    def _wait_ready(self, running: Running) -> None:
        process = running.process
        until = time.monotonic() + process.ready_seconds
        while not running.is_ready():
            self._require_alive()
            if time.monotonic() > until:
                raise StackError(f"{process.name} was not ready within {process.ready_seconds:.0f} seconds.")
            time.sleep(POLL_SECONDS)

    def _require_alive(self, but: Running | None = None) -> None:
        for running in self._running:
            if running is not but and running.exit_code() is not None:
                running.wait(1)
                raise ended(running)


def ended(running: Running) -> StackError:
    """The error that says that a process ended, how, and what it said last, if it said anything."""
    last = "".join(f"\n    {line}" for line in running.last_lines)
    words = f" Its last words:{last}" if last else ""
    return StackError(f"{running.process.name} ended unexpectedly (exit code {running.exit_code()}).{words}")


def start_child(process: Process) -> subprocess.Popen[str]:
    """Start a process in a group of its own, so that Ctrl-C in the terminal reaches the supervisor alone."""
    if not shutil.which(process.command[0]):
        raise StackError(f"{process.command[0]} is needed for {process.name}, and is not installed.")
    return subprocess.Popen(  # noqa: S603  the commands are those of the stack
        process.command,
        cwd=ROOT,
        env=dict(process.env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=die_with_parent(),
    )


def die_with_parent() -> Callable[[], None] | None:
    """What a child does first so that the kernel ends it when its parent is killed. Linux alone can."""
    if not sys.platform.startswith("linux"):
        return None
    prctl: Any = ctypes.CDLL(None).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def answers(url: str) -> bool:
    """Whether a GET is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310  an address of the stack
            return response.status == 200
    except OSError:
        return False


@contextlib.contextmanager
def stop_signals_raise() -> Iterator[None]:
    """Within, Ctrl-C and SIGTERM raise `Stopped`, once: what follows is the way down."""

    def stop(*_: object) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise Stopped

    before = {number: signal.signal(number, stop) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
