"""How the site is served, as gunicorn itself reads it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.local.stack import Stack, site_processes

ROOT = Path(__file__).resolve().parent.parent


def read_settings(*command: str, **environment: str) -> dict[str, Any]:
    """What gunicorn makes of a command line in the repository, with `environment` and nothing else."""
    env = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "webapp.settings.test", **environment}
    command = (sys.executable, "-m", *(command or ("gunicorn", "webapp.wsgi")), "--print-config")
    ended = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=60)
    return dict(re.findall(r"^(\w+) +=(?: (.*))?$", ended.stdout, re.MULTILINE))


def test_production_serves_others_while_somebody_uploads_for_minutes() -> None:
    settings = read_settings()
    assert settings["worker_class"] == "gthread"
    assert int(settings["workers"]) == 2
    assert int(settings["threads"]) == 8
    assert int(settings["timeout"]) == 300


def test_web_concurrency_sets_the_workers() -> None:
    assert read_settings(WEB_CONCURRENCY="5")["workers"] == "5"


def test_no_request_is_logged_twice_and_heartbeats_touch_no_disk() -> None:
    settings = read_settings()
    assert settings["accesslog"] == "None"
    assert settings["worker_tmp_dir"] == ("/dev/shm" if Path("/dev/shm").is_dir() else "None")


@pytest.mark.parametrize(
    ("given", "expected"), [({}, ["127.0.0.1", "::1"]), ({"FORWARDED_ALLOW_IPS": "10.0.0.7"}, ["10.0.0.7"])]
)
def test_a_proxy_is_believed_where_the_environment_says(given: dict[str, str], expected: list[str]) -> None:
    assert ast.literal_eval(read_settings(**given)["forwarded_allow_ips"]) == expected


def test_the_local_site_is_served_by_the_same_file_at_its_own_address() -> None:
    site, *_ = site_processes(Stack(port=8123), {})
    settings = read_settings(*site.command[2:])
    assert settings["bind"] == "['127.0.0.1:8123']"
    assert (settings["threads"], settings["timeout"]) == ("8", "300")
    assert settings["config"] == "./gunicorn.conf.py"
