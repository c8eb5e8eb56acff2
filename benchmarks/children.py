"""Run work in a child process that may crash, hang or ask for too much memory, and tell how it ended."""

from __future__ import annotations

import contextlib
import os
import pickle
import resource
import select
import signal
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

_READ_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Limits:
    """What a child may use: bytes of address space beyond what it has when it is warm, seconds of CPU and of time."""

    spare_bytes: int
    seconds: int


@dataclass(frozen=True)
class Ended:
    """How a child ended: what its work returned, or the error it raised (with its trace), the signal that killed it,
    or that its time was up. `said` is the end of what it wrote to standard error."""

    returned: Any = None
    error: str = ""
    signal: str = ""
    timed_out: bool = False
    said: str = ""

    @property
    def is_fine(self) -> bool:
        return not (self.error or self.signal or self.timed_out)


def run(work: Callable[[], Any], limits: Limits, *, warm: Callable[[], object] = lambda: None) -> Ended:
    """Fork, call `warm` without limits, then `work` within them. What work returns is pickled."""
    with tempfile.TemporaryFile() as errors:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            _be_child(work, warm, limits, writing, errors)
        os.close(writing)
        answer, timed_out = _read_answer(reading, child, limits.seconds)
        _, status = os.waitpid(child, 0)
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace").strip()[-2000:]
    return _how_it_ended(answer, timed_out, status, said)


def _be_child(
    work: Callable[[], Any], warm: Callable[[], object], limits: Limits, writing: int, errors: IO[bytes]
) -> NoReturn:
    os.dup2(errors.fileno(), 2)
    try:
        warm()
        _limit(limits)
        answer = pickle.dumps(Ended(returned=work()))
    except BaseException:  # whatever it is, the parent is told
        answer = pickle.dumps(Ended(error=traceback.format_exc()[-4000:]))
    with open(writing, "wb") as pipe:
        pipe.write(answer)
    os._exit(0)


def _limit(limits: Limits) -> None:
    most = address_space() + limits.spare_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + limits.seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def address_space() -> int:
    """Bytes of address space that this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def _read_answer(reading: int, child: int, seconds: int) -> tuple[bytes, bool]:
    deadline = time.monotonic() + seconds + 2  # two seconds to get warm, on a machine that is busy
    parts: list[bytes] = []
    with open(reading, "rb", buffering=0) as pipe:
        while select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
            part = pipe.read(_READ_AT_ONCE)
            if not part:
                return b"".join(parts), False
            parts.append(part)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    return b"", True


def _how_it_ended(answer: bytes, timed_out: bool, status: int, said: str) -> Ended:
    killed_by = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else ""
    if timed_out or killed_by in ("SIGXCPU", "SIGKILL"):
        return Ended(timed_out=True, said=said)
    if killed_by:
        return Ended(signal=killed_by, said=said)
    if not answer:
        return Ended(signal=f"exit {os.waitstatus_to_exitcode(status)}", said=said)
    ended: Ended = pickle.loads(answer)  # noqa: S301 - written by our own child
    return Ended(returned=ended.returned, error=ended.error, said=said)
