"""The site on PostgreSQL, as in production: its own tests once more, on a server of their own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import need

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _run(program: str, *arguments: str) -> None:
    """PostgreSQL refuses to run as root, so root runs it as the user that Debian made for it."""
    user = "postgres" if os.geteuid() == 0 else None
    command = [str(PROGRAMS[-1] / program), *arguments]
    done = subprocess.run(command, user=user, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    need("postgres", present=bool(PROGRAMS))
    directory = Path(tempfile.mkdtemp(prefix="shoebox-postgres-"))
    if os.geteuid() == 0:
        os.chown(directory, pwd.getpwnam("postgres").pw_uid, -1)
    data, port = str(directory / "data"), _free_port()
    _run("initdb", "--pgdata", data, "--auth", "trust", "--username", "shoebox", "--no-sync")
    options = f"-p {port} -k {directory} -c listen_addresses=127.0.0.1 -c fsync=off"
    _run("pg_ctl", "--pgdata", data, "--options", options, "--wait", "--log", str(directory / "log"), "start")
    yield f"postgres://shoebox@127.0.0.1:{port}/postgres"
    _run("pg_ctl", "--pgdata", data, "--mode", "immediate", "--wait", "stop")
    shutil.rmtree(directory)


@pytest.mark.postgres
def test_the_site_passes_its_tests_on_postgresql(postgres_url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=line", "-p", "no:cacheprovider", "tests/webapp"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": postgres_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:]
    assert "passed" in done.stdout
