from __future__ import annotations

import contextlib
import os
import resource
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from infra.local import claims
from infra.local.claims import is_free, require_free_ports, require_room, sole_use
from infra.local.stack import ROOT, StackError


def test_port_in_use_is_an_error_with_the_variable_that_moves_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(StackError, match=f"Port {port} is in use .*SHOEBOX_PORT"):
            require_free_ports({"SHOEBOX_PORT": port}, patience=0)
    require_free_ports({"SHOEBOX_PORT": port}, patience=0)


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")])
def test_port_that_another_program_has_on_every_address_is_in_use(family: socket.AddressFamily, address: str) -> None:
    with socket.socket(family) as taken:
        taken.bind((address, 0))
        taken.listen()
        assert not is_free(taken.getsockname()[1])


@pytest.mark.parametrize(("free", "is_full"), [(claims.ROOM_BYTES, False), (claims.ROOM_BYTES - 1, True)])
def test_full_disk_is_an_error_with_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, is_full: bool
) -> None:
    monkeypatch.setattr(claims.shutil, "disk_usage", lambda _directory: SimpleNamespace(free=free))
    expected = pytest.raises(StackError, match=f"{tmp_path} .*full") if is_full else contextlib.nullcontext()
    with expected:
        require_room(tmp_path)


def test_leftover_gets_its_time_to_free_the_port() -> None:
    script = "import socket, time; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); " \
        "print(s.getsockname()[1], flush=True); time.sleep(0.3)"  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as leftover:
        assert leftover.stdout is not None
        port = int(leftover.stdout.readline())
        assert not is_free(port)
        require_free_ports({"SHOEBOX_PORT": port}, patience=20)


def test_second_stack_on_one_directory_is_refused_with_the_first_ones_process(tmp_path: Path) -> None:
    with sole_use(tmp_path, {}), pytest.raises(StackError, match=str(os.getpid())), sole_use(tmp_path, {}):
        pass


def test_stack_that_ended_is_not_taken_for_one_that_was_killed(tmp_path: Path) -> None:
    with contextlib.suppress(ValueError), sole_use(tmp_path, {}):
        raise ValueError
    assert not is_taken_for_killed(tmp_path)


def test_stack_that_was_killed_is_noticed_by_the_next(tmp_path: Path) -> None:
    kill_a_stack(tmp_path)
    assert is_taken_for_killed(tmp_path)


def test_start_that_finds_no_room_leaves_the_mark_of_the_kill_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_a_stack(tmp_path)
    with monkeypatch.context() as full:
        full.setattr(claims.shutil, "disk_usage", lambda _directory: SimpleNamespace(free=0))
        with pytest.raises(StackError, match="Make some room"), sole_use(tmp_path, {}):
            pass
    assert is_taken_for_killed(tmp_path)


@pytest.mark.parametrize("was_killed", [True, False])
def test_start_that_cannot_write_changes_no_mark_and_says_what_to_do(tmp_path: Path, was_killed: bool) -> None:
    if was_killed:
        kill_a_stack(tmp_path)
    with no_room_for_files(), pytest.raises(StackError, match="Make some room"), sole_use(tmp_path, {}):
        pass
    assert is_taken_for_killed(tmp_path) == was_killed


def test_directory_that_cannot_be_made_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match=f"{tmp_path}/file/var cannot be written"), sole_use(tmp_path / "file/var", {}):
        pass


def is_taken_for_killed(data_dir: Path) -> bool:
    """Whether the next start waits for what is left of the last one; a port that stays taken does not change that."""
    with socket.socket() as taken, pytest.MonkeyPatch.context() as patch:
        patch.setattr(claims, "LEFTOVER_SECONDS", 0.05)
        waited: list[float] = []
        patch.setattr(claims.time, "sleep", waited.append)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for _ in range(2):
            with pytest.raises(StackError, match="is in use"), sole_use(data_dir, {"PORT": taken.getsockname()[1]}):
                pass
            found = bool(waited)
            waited.clear()
    return found


def kill_a_stack(data_dir: Path) -> None:
    script = f"""
        import os, pathlib, signal
        from infra.local.claims import sole_use
        with sole_use(pathlib.Path({str(data_dir)!r}), {{}}):
            os.kill(os.getpid(), signal.SIGKILL)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, check=False)


@contextlib.contextmanager
def no_room_for_files() -> Iterator[None]:
    """Within, the kernel lets this process write no byte to a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
