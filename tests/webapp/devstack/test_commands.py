from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command

from infra.local.stack import ROOT
from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_photo
from tests.webapp.accounts.factories import make_preferences, make_user
from webapp.accounts import unsubscribe
from webapp.accounts.models import NotificationPreferences, User
from webapp.devstack.management.commands import preparesite
from webapp.devstack.management.commands.preparesite import provide_staff
from webapp.photos.models import Photo


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
def test_member_of_staff_can_log_in_and_is_told_at_once(
    aws: SimpleNamespace, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        provide_staff(email="staff@shoebox.test", password="a long password")
    user = User.objects.get(email="staff@shoebox.test")
    assert user.is_superuser
    assert user.check_password("a long password")
    assert EmailAddress.objects.get(user=user).verified
    item = aws.table.get_item(Key=contract.preferences_item_key(str(user.pk)))["Item"]
    assert contract.from_item(contract.Preferences, item) == contract.Preferences(
        owner_id=str(user.pk),
        channel="mail",
        digest_channel="mail",
        email="staff@shoebox.test",
        unsubscribe_url=unsubscribe.url_for(user.pk),
    )


@pytest.mark.django_db
def test_member_of_staff_keeps_what_they_chose(aws: SimpleNamespace) -> None:
    user = make_preferences(user=make_user(email="staff@shoebox.test"), channel="none").user
    provide_staff(email="staff@shoebox.test", password="a long password")
    assert NotificationPreferences.objects.get(user=user).channel == "none"


@pytest.mark.django_db
def test_the_password_that_is_printed_opens_the_admin_even_when_another_was_printed_before(
    aws: SimpleNamespace,
) -> None:
    for password in ("first password", "second password"):
        provide_staff(email="staff@shoebox.test", password=password)
    assert User.objects.get(email="staff@shoebox.test").check_password("second password")


@pytest.mark.django_db
def test_a_session_outlives_a_start_with_the_same_password(aws: SimpleNamespace) -> None:
    hashes = set()
    for _ in range(2):
        provide_staff(email="staff@shoebox.test", password="a long password")
        hashes.add(User.objects.get().password)
    assert len(hashes) == 1


@pytest.mark.django_db
def test_what_the_last_run_left_unfinished_is_finished_before_the_site_starts(
    aws: SimpleNamespace, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOEBOX_STAFF_PASSWORD", "a long password")
    settings.SWEEP_AFTER_SECONDS = seconds_waited_at_start()
    make_photo(status="deleting")
    call_command(preparesite.Command())
    assert not Photo.objects.exists()


def seconds_waited_at_start() -> int:
    """What webapp.settings.local_start says; these tests have other settings, so it is read in another process."""
    script = "from webapp.settings import local_start; print(local_start.SWEEP_AFTER_SECONDS)"
    env = {"PATH": os.environ["PATH"], "SHOEBOX_DATA_DIR": os.devnull}
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    return int(done.stdout)
