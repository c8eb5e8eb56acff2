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

from .stack import HOST, StackError

LEFTOVER_SECONDS = 15.0
POLL_SECONDS = 0.1
PID_BYTES = 20
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
def sole_use(data_dir: Path, ports: Mapping[str, int]) -> Iterator[None]:
    """Hold the data directory, so that no second stack writes to it, and begin with free ports and room on the disk.

    Raises `StackError` when another stack runs on it, when the disk is full, or when something listens on a port. A
    stack that was killed leaves its mark in the directory until a start got past all that.
    """
    with locked(data_dir) as (lock, left):
        require_room(data_dir)
        with said_to_the_person(data_dir):
            overwrite(lock, b"%d" % os.getpid())
        try:
            require_free_ports(ports, patience=LEFTOVER_SECONDS if left else 0)
            left = b""
            yield
        finally:
            overwrite(lock, left)


@contextlib.contextmanager
def locked(data_dir: Path) -> Iterator[tuple[int, bytes]]:
    """(The file that says who holds the directory, what it says): a process that was killed, or nothing."""
    with said_to_the_person(data_dir):
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        holder = os.read(lock, PID_BYTES)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(
                f"Shoebox already runs on {data_dir}, as process {holder.decode()}. End that one first."
            ) from None
        yield lock, holder
    finally:
        os.close(lock)


@contextlib.contextmanager
def said_to_the_person(data_dir: Path) -> Iterator[None]:
    """Raises `StackError` for an `OSError` within."""
    try:
        yield
    except OSError as error:
        raise StackError(
            f"{data_dir} cannot be written to ({error.strerror}). Make some room, or make it yours, and start again."
        ) from error


def overwrite(file: int, data: bytes) -> None:
    """Replace what a small file holds. Raises `OSError` when there is no room for that; it then holds what it did."""
    os.pwrite(file, data, 0)
    os.ftruncate(file, len(data))


def require_room(data_dir: Path) -> None:
    """Raises `StackError` when the disk is too full to keep what a stack writes."""
    if shutil.disk_usage(data_dir).free < ROOM_BYTES:
        raise StackError(f"The disk that {data_dir} is on is full. Make some room there, and start again.")
