"""The local stack as data: its ports, its data directory, and the processes it is made of."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
REGION = "eu-west-1"
ACCOUNT = "000000000000"
ROOT_KEY = "test"  # MiniStack's own administrator; it listens on this machine alone
MAIL_SENDER = "shoebox@shoebox.test"
PERMISSIONS_PATH = "/_shoebox/may"  # of the local AWS: may this access key do that?
SAVE_PATH = "/_shoebox/save"  # of the local AWS: save everything now, and from now on
NO_OTHER_AWS = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}  # the person's own account
STAFF_EMAIL = "staff@shoebox.test"
# In a container there is often no other user, and the worker takes no pickles, which is what Celery warns of.
QUIET_AS_ROOT = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"}
DATA_DIR_VARIABLE = "SHOEBOX_DATA_DIR"
CALLS_VARIABLE = "SHOEBOX_REKOGNITION_CALLS_A_SECOND"
# What whoever starts the stack may tell the site. It is left out of `env_file`, or it would stay for the next start.
PASSED_ON = ("MONTHLY_COST_CAP", "COST_PRICES_FILE", "SWEEP_SECONDS")


class StackError(Exception):
    """The local stack cannot go on; the text is one sentence for the person who started it."""


@dataclass(frozen=True)
class Process:
    """One program of the stack. It is ready when `ready_url` answers 200, or a line of its output has `ready_line`."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    ready_url: str = ""
    ready_line: str = ""
    ready_seconds: float = 60


@dataclass(frozen=True)
class Stack:
    """Where the parts of one local stack are, and how many calls a second Rekognition takes; None for any number."""

    port: int = 8000
    aws_port: int = 4566
    rekognition_port: int = 4567
    rekognition_calls_a_second: float | None = None
    data_dir: Path = ROOT / "var"
    name: str = "shoebox"

    @property
    def site_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def aws_url(self) -> str:
        return f"http://{HOST}:{self.aws_port}"

    @property
    def rekognition_url(self) -> str:
        return f"http://{HOST}:{self.rekognition_port}"

    @property
    def inbox_dir(self) -> Path:
        return self.data_dir / "inbox"

    @property
    def env_file(self) -> Path:
        """The site's environment, for `manage.py` in another terminal."""
        return self.data_dir / "site.env"

    @property
    def ports(self) -> dict[str, int]:
        """The port of each variable that moves it."""
        return {
            "SHOEBOX_PORT": self.port,
            "SHOEBOX_AWS_PORT": self.aws_port,
            "SHOEBOX_REKOGNITION_PORT": self.rekognition_port,
        }


def read_stack(env: Mapping[str, str]) -> Stack:
    """The stack that SHOEBOX_PORT, SHOEBOX_AWS_PORT, SHOEBOX_REKOGNITION_PORT, SHOEBOX_DATA_DIR and
    SHOEBOX_REKOGNITION_CALLS_A_SECOND describe.

    Raises `StackError` when a port is no number of a port, or two parts share one, or the calls are no number.
    """
    site, aws, rekognition = (_read_port(env, name, default) for name, default in Stack().ports.items())
    stack = Stack(site, aws, rekognition, _read_calls(env), data_dir=read_data_dir(env))
    if len({site, aws, rekognition}) < 3:
        raise StackError(f"{', '.join(stack.ports)} must be three different ports.")
    return stack


def read_data_dir(env: Mapping[str, str]) -> Path:
    """Where everything that the stack keeps lies."""
    return Path(env.get(DATA_DIR_VARIABLE) or ROOT / "var").resolve()


def _read_port(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name) or str(default)
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise StackError(f"{name} is {value!r}; it must be a port, a number from 1 to 65535.")
    return int(value)


def _read_calls(env: Mapping[str, str]) -> float | None:
    value = env.get(CALLS_VARIABLE)
    if not value:
        return None
    if not re.fullmatch(r"\d+(\.\d+)?", value, re.ASCII) or not float(value):
        raise StackError(f"{CALLS_VARIABLE} is {value!r}; it must be a number above 0, or empty for no limit.")
    return float(value)


def clean_env(stack: Stack, **more: str) -> dict[str, str]:
    """An environment that holds nothing of the person's own but where programs and the home directory are."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
    ours = {"PYTHONUNBUFFERED": "1", DATA_DIR_VARIABLE: str(stack.data_dir)}
    ports = {name: str(port) for name, port in stack.ports.items()}
    return kept | ours | ports | more


def aws_env(stack: Stack, key: Mapping[str, str]) -> dict[str, str]:
    """What boto3 reads from the environment to reach the local AWS as the owner of an access key."""
    return {
        "AWS_ENDPOINT_URL": stack.aws_url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        **NO_OTHER_AWS,
    }


def aws_process(stack: Stack) -> Process:
    """MiniStack through our launcher. Its environment reaches every Lambda, so there is nothing in it."""
    command = (sys.executable, "-m", "infra.local.launcher")
    return Process("aws", command, clean_env(stack), ready_url=f"{stack.aws_url}/_ministack/health")


def rekognition_process(stack: Stack, key: Mapping[str, str]) -> Process:
    """The Rekognition server, as a user that may read renditions and nothing else, for callers that may as well."""
    command = (sys.executable, "-m", "infra.local.rekognition.server", "--port", str(stack.rekognition_port))
    env = clean_env(stack, **aws_env(stack, key), SHOEBOX_PERMISSIONS_URL=f"{stack.aws_url}{PERMISSIONS_PATH}")
    env[CALLS_VARIABLE] = str(stack.rekognition_calls_a_second or "")
    return Process("rekognition", command, env, ready_url=f"{stack.rekognition_url}/healthz")


def prepare_process(stack: Stack, site_env: Mapping[str, str], staff_password: str) -> Process:
    """Brings the database up to date, sees that there is a member of staff, and sets going again what the last run left
    unfinished; it ends by itself."""
    its_own = {"DJANGO_SETTINGS_MODULE": "webapp.settings.local_start", "SHOEBOX_STAFF_PASSWORD": staff_password}
    env = clean_env(stack, **{**site_env, **its_own})
    return Process("prepare", (sys.executable, "manage.py", "preparesite"), env)


def site_processes(stack: Stack, site_env: Mapping[str, str]) -> tuple[Process, ...]:
    """Django, and the Celery worker and beat."""
    env = clean_env(stack, **site_env) | {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    python = (sys.executable, "-m")
    gunicorn = ("gunicorn", "webapp.wsgi", "--bind", f"{HOST}:{stack.port}", "--log-level", "warning")
    celery = ("celery", "--quiet", "-A", "webapp")
    worker = ("worker", "--concurrency", "2", "--loglevel", "INFO", "--without-gossip", "--without-mingle")
    beat = ("beat", "--loglevel", "WARNING", "--schedule", str(stack.data_dir / "beat-schedule"), "--pidfile=")
    return (
        Process("site", python + gunicorn, env, ready_url=f"{stack.site_url}/healthz"),
        Process("worker", python + celery + worker, env | QUIET_AS_ROOT, ready_line=" ready."),
        Process("beat", python + celery + beat, env),
    )
