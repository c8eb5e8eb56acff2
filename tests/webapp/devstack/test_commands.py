from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress

from infra.local.stack import ROOT
from webapp.accounts.models import User
from webapp.devstack.management.commands.preparesite import provide_staff


def run_stack(tmp_path: Path, **env: str) -> subprocess.CompletedProcess[str]:
    given = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SHOEBOX_DATA_DIR": str(tmp_path / "var")} | env
    command = [sys.executable, "manage.py", "runstack"]
    return subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=False, timeout=60)


def test_port_that_is_none_ends_with_one_line_and_exit_code_1(tmp_path: Path) -> None:
    ended = run_stack(tmp_path, SHOEBOX_PORT="eighty")
    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "SHOEBOX_PORT" in ended.stderr


def test_port_in_use_ends_with_one_line_and_exit_code_1(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = run_stack(tmp_path, SHOEBOX_PORT=str(taken.getsockname()[1]))
    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "is in use" in ended.stderr


@pytest.mark.django_db
def test_member_of_staff_can_log_in_at_once() -> None:
    provide_staff(email="staff@shoebox.test", password="a long password")
    user = User.objects.get(email="staff@shoebox.test")
    assert user.is_superuser
    assert user.check_password("a long password")
    assert EmailAddress.objects.get(user=user).verified


@pytest.mark.django_db
def test_member_of_staff_keeps_a_password_of_their_own() -> None:
    for password in ("first password", "second password"):
        provide_staff(email="staff@shoebox.test", password=password)
    assert User.objects.get(email="staff@shoebox.test").check_password("first password")
