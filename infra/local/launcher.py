"""Runs MiniStack, the AWS of this machine, with what it lacks for Shoebox.

- Lambda workers at once are bounded: left alone, it starts one for every upload, and runs out of memory.
- Its state is saved once it is whole, then every few seconds while something changes, and on SIGUSR1; left alone, only
  on SIGTERM.
- Where what it saved cannot be read it ends; left alone, it goes on without, and saves that over it.
- What is written to DynamoDB between two saves is noted on disk before it is answered; left alone, a kill loses it.
- An object that cannot be written to disk is refused, and a photo before it comes to that; left alone, it is taken, and
  gone after the next start.
- Of finished executions it keeps the newest; left alone, all, with their history, in memory.
- Mail and SMS are kept for the inbox page; left alone, mail is lost when it stops.
- A mail is allowed for its sender's identity and address, as SES does it; left alone, only a policy for `*` allows any.
- It says what IAM allows a caller of the Rekognition server; left alone, nobody is ever refused there.
- Its administration pages are shut, and it answers to no host name but this machine's: it asks no password there.

It wraps private functions, so it runs with one version of MiniStack and says so when it meets another.
"""

from __future__ import annotations

import fcntl
import importlib
import logging
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .guard import guard
from .journal import Journal, keep_journal
from .outbox import authorize_mail, keep_sent
from .permissions import answering_permissions
from .restoring import restoring_first
from .saving import Saver, retrying_save, save_state, saving_on_request
from .stack import ACCOUNT, HOST, REGION, Stack, read_stack
from .state_files import StateFiles
from .stored import keep_reserve, require_stored

MINISTACK_VERSION = "1.5.33"
WRAPPED = {
    "ministack.app": (
        "app",
        "main",
        "save_all",
        "_build_persistence_save_dict",
        "_load_persisted_state",
        "_state_map",
        "_get_module",
        "_enforce_ses_v2",
        "_enforce_data_plane",
    ),
    "ministack.core.iam_evaluator": ("enforce",),
    "ministack.core.persistence": ("STATE_DIR", "logger", "save_all", "load_state"),
    "ministack.services.dynamodb": (
        "_set_item",
        "_remove_item",
        "_transact_write_items",
        "_tables",
        "load_persisted_state",
    ),
    "ministack.services.lambda_svc": ("_execute_function_dispatch",),
    "ministack.services.s3": (
        "_persist_object",
        "_object_disk_path",
        "_remove_key_files",
        "_put_object",
        "_error",
        "_buckets",
    ),
    "ministack.services.ses_v2": ("handle_request",),
    "ministack.services.sns": ("handle_request",),
    "ministack.services.stepfunctions": ("_executions", "_invoke_resource", "_invoke_resource_with_timeout"),
}
NOISY_LOGGERS = ("samtranslator.metrics", "kms")  # they warn of what Shoebox does not use
WORKERS_PER_CORE = 2


class LauncherError(Exception):
    """MiniStack is not the one that this launcher knows."""


def main() -> None:
    stack = read_stack(os.environ)
    wait_for_state(stack.data_dir)
    os.environ.update(ministack_env(stack))
    empty_directory(stack.data_dir / "tmp")
    modules = load_modules()
    app = modules["ministack.app"]
    bound_workers(modules["ministack.services.lambda_svc"], WORKERS_PER_CORE * (os.cpu_count() or 1))
    keep_sent(modules, stack.inbox_dir)
    authorize_mail(app)
    require_stored(modules["ministack.services.s3"])
    keep_reserve(modules["ministack.services.s3"], stack.data_dir)
    count_no_waiting(modules["ministack.services.stepfunctions"])
    saver = start_saver(modules, stack.data_dir / "aws")
    answering = answering_permissions(app.app, modules["ministack.core.iam_evaluator"])
    app.app = guard(saving_on_request(answering, saver), port=stack.aws_port, changed=saver.note_change)
    for name in NOISY_LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    sys.argv = ["ministack"]
    app.main()


def ministack_env(stack: Stack) -> dict[str, str]:
    """MiniStack's own settings; it reads them while it is imported."""
    return {
        "AUTH": "true",
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(stack.aws_port),
        "MINISTACK_HOST": HOST,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(stack.data_dir / "aws"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(stack.data_dir / "s3"),
        "TMPDIR": str(stack.data_dir / "tmp"),
        "LOG_LEVEL": "WARNING",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "MINISTACK_WORKER_THREADS": "256",  # a waiting invocation holds one, and those that run need some as well
    }


def start_saver(modules: Mapping[str, Any], directory: Path) -> Saver:
    """What saves MiniStack's state into a directory once it was read from there, and at its end."""
    app, executions = modules["ministack.app"], modules["ministack.services.stepfunctions"]._executions
    files, journal = StateFiles(directory), Journal(directory / "journal")
    keep_journal(modules["ministack.services.dynamodb"], journal)
    persistence = modules["ministack.core.persistence"]
    save_all = restoring_first(app, persistence, retrying_save(persistence, files, {"dynamodb": journal}), directory)
    saver = Saver(lambda: save_state(save_all, app._build_persistence_save_dict(), executions))
    app.save_all = lambda services: saver.has_begun and save_all(services)
    saver.start()
    signal.signal(signal.SIGUSR1, lambda *_: saver.ask())
    return saver


def wait_for_state(data_dir: Path) -> None:
    """Hold the state until this process ends; one that was told to end may still be saving it."""
    data_dir.mkdir(parents=True, exist_ok=True)
    fcntl.flock(os.open(data_dir / "aws.lock", os.O_RDWR | os.O_CREAT), fcntl.LOCK_EX)


def empty_directory(directory: Path) -> None:
    """Each Lambda worker leaves its code in the temporary directory; the next start clears it."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)


def load_modules(installed: str | None = None) -> dict[str, Any]:
    """The modules of MiniStack that are wrapped. Raises `LauncherError` when version or names are not those known."""
    found = installed or version("ministack")
    if found != MINISTACK_VERSION:
        raise LauncherError(f"The launcher knows ministack {MINISTACK_VERSION}, and {found} is installed.")
    modules = {name: importlib.import_module(name) for name in WRAPPED}
    require_names(modules)
    return modules


def require_names(modules: Mapping[str, object]) -> None:
    """Raises `LauncherError` for the first name that a module does not have."""
    for module, names in WRAPPED.items():
        for name in names:
            if not hasattr(modules[module], name):
                raise LauncherError(f"ministack {MINISTACK_VERSION} should have {module}.{name}, and does not.")


def bound_workers(lambda_service: Any, limit: int) -> None:
    """Let at most `limit` Lambda invocations run at once; the others wait, and their time starts when they run."""
    dispatch = lambda_service._execute_function_dispatch
    slots = threading.BoundedSemaphore(limit)

    def bounded(func: Any, config: Any, event: Any, request_id: str, started: float) -> Any:  # noqa: ARG001
        with slots:
            return dispatch(func, config, event, request_id, time.time())

    lambda_service._execute_function_dispatch = bounded


def count_no_waiting(step_functions: Any) -> None:
    """Let a task wait for its worker: its time would be over before it began, and it would be run a second time beside
    the first. The function's own limit, which is shorter, ends what hangs."""
    step_functions._invoke_resource_with_timeout = lambda resource, given, _seconds: step_functions._invoke_resource(
        resource, given
    )


if __name__ == "__main__":
    main()
