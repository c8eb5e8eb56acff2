from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import textwrap
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
    with sole_use(tmp_path), pytest.raises(StackError, match=str(os.getpid())), sole_use(tmp_path):
        pass


def test_stack_that_ended_is_not_taken_for_one_that_was_killed(tmp_path: Path) -> None:
    with contextlib.suppress(ValueError), sole_use(tmp_path):
        raise ValueError
    with sole_use(tmp_path) as was_killed:
        assert not was_killed


def test_stack_that_was_killed_is_noticed_by_the_next(tmp_path: Path) -> None:
    script = f"""
        import os, pathlib, signal
        from infra.local.claims import is_free, require_free_ports, sole_use
        with sole_use(pathlib.Path({str(tmp_path)!r})):
            os.kill(os.getpid(), signal.SIGKILL)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, check=False)
    with sole_use(tmp_path) as was_killed:
        assert was_killed
