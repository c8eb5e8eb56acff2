from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.stack import (
    ROOT,
    Stack,
    StackError,
    aws_env,
    aws_process,
    clean_env,
    prepare_process,
    read_stack,
    rekognition_process,
    site_processes,
)  # fmt: skip

KEY = {"AccessKeyId": "AKIA", "SecretAccessKey": "secret"}


def test_empty_environment_gives_the_documented_ports_and_directory() -> None:
    assert read_stack({}) == Stack(port=8000, aws_port=4566, rekognition_port=4567, data_dir=ROOT / "var")


def test_variables_move_ports_and_directory(tmp_path: Path) -> None:
    env = {
        "SHOEBOX_PORT": "8100",
        "SHOEBOX_AWS_PORT": "8101",
        "SHOEBOX_REKOGNITION_PORT": "8102",
        "SHOEBOX_DATA_DIR": str(tmp_path),
    }
    assert read_stack(env) == Stack(port=8100, aws_port=8101, rekognition_port=8102, data_dir=tmp_path)


@pytest.mark.parametrize("value", ["eighty", "0", "65536", "-1"])
def test_port_that_is_none_is_refused_with_its_variable(value: str) -> None:
    with pytest.raises(StackError, match="SHOEBOX_AWS_PORT"):
        read_stack({"SHOEBOX_AWS_PORT": value})


def test_two_parts_on_one_port_are_refused() -> None:
    with pytest.raises(StackError, match="different ports"):
        read_stack({"SHOEBOX_PORT": "4566"})


@pytest.mark.parametrize(("value", "calls"), [("", None), ("5", 5), ("0.5", 0.5)])
def test_rekognition_takes_as_many_calls_a_second_as_it_is_told(value: str, calls: float | None) -> None:
    stack = read_stack({"SHOEBOX_REKOGNITION_CALLS_A_SECOND": value})
    assert stack.rekognition_calls_a_second == calls
    told = rekognition_process(stack, KEY).env["SHOEBOX_REKOGNITION_CALLS_A_SECOND"]
    assert (float(told) if told else None) == calls


@pytest.mark.parametrize("value", ["five", "0", "-1", "nan", "inf", "1e3"])
def test_calls_a_second_that_are_no_number_are_refused_with_their_variable(value: str) -> None:
    with pytest.raises(StackError, match="SHOEBOX_REKOGNITION_CALLS_A_SECOND"):
        read_stack({"SHOEBOX_REKOGNITION_CALLS_A_SECOND": value})


def test_environment_of_a_process_holds_nothing_of_the_persons_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setenv("MY_SECRET", "x")
    assert not {"AWS_PROFILE", "MY_SECRET"} & clean_env(Stack()).keys()


def test_processes_that_call_aws_cannot_find_the_persons_own_account() -> None:
    env = aws_env(Stack(), KEY)
    assert env["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert (env["AWS_CONFIG_FILE"], env["AWS_SHARED_CREDENTIALS_FILE"]) == (os.devnull, os.devnull)


def test_local_aws_is_given_no_credentials_as_every_lambda_would_see_them() -> None:
    assert not [name for name in aws_process(Stack()).env if name.startswith("AWS_")]


def test_every_port_is_bound_to_this_machine_alone() -> None:
    site, *_ = site_processes(Stack(), {})
    assert "127.0.0.1:8000" in site.command
    assert rekognition_process(Stack(), KEY).ready_url == "http://127.0.0.1:4567/healthz"


def test_worker_in_a_container_does_not_warn_that_it_runs_as_root() -> None:
    _, worker, _ = site_processes(Stack(), {})
    warn = "import warnings; from celery import platforms as p; warnings.warn(p.SecurityWarning(p.ROOT_DISCOURAGED))"
    assert worker.name == "worker"
    ended = subprocess.run([sys.executable, "-c", warn], env=worker.env, capture_output=True, text=True, check=True)
    assert ended.stderr == ""


def test_secrets_do_not_show_when_a_process_is_printed() -> None:
    assert "secret" not in repr(rekognition_process(Stack(), KEY))


def test_database_is_prepared_with_settings_that_wait_for_nothing() -> None:
    process = prepare_process(Stack(), {"DJANGO_SETTINGS_MODULE": "webapp.settings.local"}, "a password")
    assert process.env["DJANGO_SETTINGS_MODULE"] == "webapp.settings.local_start"


def test_a_monthly_cap_reaches_every_process_of_the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COST_PRICES_FILE", raising=False)
    monkeypatch.setenv("MONTHLY_COST_CAP", "12.50")
    for process in site_processes(Stack(), {"SECRET_KEY": "secret"}):
        assert process.env["MONTHLY_COST_CAP"] == "12.50"
        assert "COST_PRICES_FILE" not in process.env
