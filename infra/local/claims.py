"""What one stack has to itself: its ports, its data directory, and room there."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from .stack import HOST, StackError

POLL_SECONDS = 0.1
ROOM_BYTES = 20_000_000  # enough to start, and to finish the photos that were taken


def require_free_ports(ports: Mapping[str, int], *, patience: float) -> None:
    """Raises `StackError` for the first port that something listens on. What is left of a stack that was killed gets
    `patience` seconds to end."""
    until = time.monotonic() + patience
    for variable, port in ports.items():
        while not is_free(port):
            if time.monotonic() > until:
                raise StackError(
                    f"Port {port} is in use by another program. End that, or choose another port with {variable}."
                )
            time.sleep(POLL_SECONDS)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


@contextlib.contextmanager
def sole_use(data_dir: Path) -> Iterator[bool]:
    """Hold the data directory, so that no second stack writes to it; whether the last one to hold it was killed.

    Raises `StackError` when another stack runs on it.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data_dir / "lock").open("a+") as lock:
        lock.seek(0)
        holder = lock.read()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(f"Shoebox already runs on {data_dir}, as process {holder}. End that one first.") from None
        _rewrite(lock, str(os.getpid()))
        try:
            yield bool(holder)
        finally:
            _rewrite(lock, "")


def require_room(data_dir: Path) -> None:
    """Raises `StackError` when the disk is too full to keep what a stack writes."""
    if shutil.disk_usage(data_dir).free < ROOM_BYTES:
        raise StackError(f"The disk that {data_dir} is on is full. Make some room there, and start again.")


def _rewrite(file: IO[str], text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()
