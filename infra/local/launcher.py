"""Runs MiniStack, the AWS of this machine, with what it lacks for Shoebox.

- Lambda workers at once are bounded: left alone, it starts one for every upload, and runs out of memory.
- Its state is saved every few seconds while something changes, and on SIGUSR1; left alone, only on SIGTERM.
- Of finished executions it keeps the newest; left alone, all, with their history, in memory.
- Mail and SMS are kept for the inbox page; left alone, mail is lost when it stops.
- A mail is allowed for its sender's identity and address, as SES does it; left alone, only a policy for `*` allows any.
- Its administration pages are shut, and it answers to no host name but this machine's: it asks no password there.

It wraps private functions, so it runs with one version of MiniStack and says so when it meets another.
"""

from __future__ import annotations

import fcntl
import importlib
import json
import logging
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import contextmanager, suppress
from email.utils import parseaddr
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from .sent import Sent, mail_from_request, sms_from_request, write_sent
from .stack import ACCOUNT, HOST, REGION, Stack, read_stack

MINISTACK_VERSION = "1.5.33"
WRAPPED = {
    "ministack.app": (
        "app",
        "main",
        "save_all",
        "_build_persistence_save_dict",
        "_enforce_ses_v2",
        "_enforce_data_plane",
    ),
    "ministack.core.persistence": ("logger", "save_all"),
    "ministack.services.lambda_svc": ("_execute_function_dispatch",),
    "ministack.services.ses_v2": ("handle_request",),
    "ministack.services.sns": ("handle_request",),
    "ministack.services.stepfunctions": ("_executions",),
}
OPEN_PATHS = ("/_ministack/health", "/_ministack/ready")
SAVE_SECONDS = 3.0
SAVE_ATTEMPTS = 5
REST_PER_SAVE = 10
NOISY_LOGGERS = ("samtranslator.metrics", "kms")  # they warn of what Shoebox does not use
KEPT_EXECUTIONS = 500
WORKERS_PER_CORE = 2

Asgi = Callable[..., Awaitable[None]]
Handler = Callable[..., Awaitable[tuple[int, Any, Any]]]
SaveAll = Callable[[Mapping[str, Callable[[], Any]]], None]


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
    app.save_all = retrying_save(modules["ministack.core.persistence"])
    executions = modules["ministack.services.stepfunctions"]._executions
    saver = Saver(lambda: save_state(app, executions))
    saver.start()
    signal.signal(signal.SIGUSR1, lambda *_: saver.save_now())
    app.app = guard(app.app, port=stack.aws_port, changed=saver.note_change)
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


def keep_sent(modules: Mapping[str, Any], inbox: Path) -> None:
    """Write each mail and SMS that MiniStack accepted into the inbox."""
    mail, sms = modules["ministack.services.ses_v2"], modules["ministack.services.sns"]
    mail.handle_request = keeping(mail.handle_request, read_mail_request, inbox)
    sms.handle_request = keeping(sms.handle_request, read_sms_request, inbox)


def keeping(handler: Handler, read: Callable[[str, str, bytes], Sent | None], inbox: Path) -> Handler:
    """A MiniStack service's handler that keeps what was sent when the answer is 200."""

    async def kept(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> tuple[int, Any, Any]:
        answer = await handler(method, path, headers, body, query_params)
        sent = read(method, path, body) if answer[0] == 200 else None
        if sent:
            write_sent(inbox, sent)
        return answer

    return kept


def read_mail_request(method: str, path: str, body: bytes) -> Sent | None:
    """The mail of a request to SES v2, or None when it sends none."""
    return mail_from_request(json.loads(body)) if is_send(method, path) else None


def is_send(method: str, path: str) -> bool:
    return method == "POST" and path.rstrip("/") == "/v2/email/outbound-emails"


def read_sms_request(method: str, path: str, body: bytes) -> Sent | None:  # noqa: ARG001
    """The SMS of a request to SNS, or None when it is about something else."""
    parameters = dict(parse_qsl(body.decode(), keep_blank_values=True)) if body else {}
    is_sms = parameters.get("Action") == "Publish" and "PhoneNumber" in parameters
    return sms_from_request(parameters) if is_sms else None


def authorize_mail(app: Any) -> None:
    """Ask IAM about a mail as SES does: may this caller send as this identity, with this sender's address?"""
    enforce = app._enforce_ses_v2

    def enforce_mail(method: str, path: str, headers: Any, body: bytes, query_params: Any, request_id: str) -> Any:
        if not is_send(method, path):
            return enforce(method, path, headers, body, query_params, request_id)
        action, identity, context = mail_authorization(json.loads(body))
        return app._enforce_data_plane(
            "sesv2", action, headers, query_params, request_id,
            resource_arn=identity, named_resource=identity, service_context=context,
        )  # fmt: skip

    app._enforce_ses_v2 = enforce_mail


def mail_authorization(request: Mapping[str, Any]) -> tuple[str, str, dict[str, str]]:
    """Action, resource and condition keys that SES v2's SendEmail is checked with."""
    name, address = parseaddr(request.get("FromEmailAddress", ""))
    action = "ses:SendRawEmail" if "Raw" in request["Content"] else "ses:SendEmail"
    identity = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{address}"
    return action, identity, {"ses:FromAddress": address, "ses:FromDisplayName": name}


def save_state(app: Any, executions: Any) -> None:
    forget_executions(executions, keep=KEPT_EXECUTIONS)
    app.save_all(app._build_persistence_save_dict())


def forget_executions(executions: Any, *, keep: int) -> None:
    """Forget the oldest of the finished executions: each keeps its whole history, and is copied at every save."""
    with suppress(RuntimeError):  # one was started meanwhile; the next save is soon
        finished = [(each["stopDate"], arn) for arn, each in executions.items() if each.get("stopDate")]
        for _, arn in sorted(finished)[: max(0, len(finished) - keep)]:
            executions.pop(arn, None)


class Saver(threading.Thread):
    """Saves soon after a change, and once more when it has gone quiet: an execution's last step changes the state after
    the last request it makes. A save that takes long is made less often."""

    def __init__(self, save: Callable[[], None], seconds: float = SAVE_SECONDS) -> None:
        super().__init__(name="saver", daemon=True)
        self._save, self._seconds = save, seconds
        self._changed, self._asked = threading.Event(), threading.Event()

    def note_change(self) -> None:
        self._changed.set()

    def save_now(self) -> None:
        self._asked.set()

    def run(self) -> None:
        was_busy, took = False, 0.0
        while True:
            asked = self._asked.wait(max(self._seconds, took * REST_PER_SAVE))
            is_busy = self._changed.is_set()
            self._asked.clear()
            self._changed.clear()
            if asked or is_busy or was_busy:
                began = time.monotonic()
                self._save()
                took = time.monotonic() - began
            was_busy = is_busy


def retrying_save(persistence: Any) -> SaveAll:
    """MiniStack's `save_all`, one at a time, and again for a service whose state changed while it was written: it says
    so in its log alone, and leaves the file of before."""
    saving = threading.Lock()

    def save(services: Mapping[str, Callable[[], Any]]) -> None:
        with saving:
            for name, get_state in services.items():
                save_one(name, get_state)

    def save_one(name: str, get_state: Callable[[], Any]) -> None:
        for _ in range(SAVE_ATTEMPTS):
            with caught_errors(persistence.logger) as errors:
                persistence.save_all({name: get_state})
            if not errors:
                return
        print(f"Could not save the state of {name}: {errors[-1]}", file=sys.stderr)

    return save


@contextmanager
def caught_errors(logger: logging.Logger) -> Any:
    """The errors that a logger is told meanwhile, as a list; they are not printed."""
    errors: list[str] = []

    def catch(record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR:
            errors.append(record.getMessage())
        return record.levelno < logging.ERROR

    logger.addFilter(catch)
    try:
        yield errors
    finally:
        logger.removeFilter(catch)


def guard(app: Asgi, *, port: int, changed: Callable[[], None]) -> Asgi:
    """MiniStack without its administration, for this machine's own addresses only; `changed` hears of each write."""
    hosts = {f"{name}:{port}".encode() for name in (HOST, "localhost")}

    async def guarded(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            if is_shut(scope["path"]) or headers.get(b"host") not in hosts:
                await refuse(send)
                return
            if may_change(scope["method"], headers):
                changed()
        await app(scope, receive, send)

    return guarded


def is_shut(path: str) -> bool:
    return path.startswith("/_ministack/") and path not in OPEN_PATHS


def may_change(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request may change anything worth saving: an idle worker asks the queue all the time."""
    return method not in ("GET", "HEAD", "OPTIONS") and b".ReceiveMessage" not in headers.get(b"x-amz-target", b"")


async def refuse(send: Any) -> None:
    await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"Shut by Shoebox's launcher.\n"})


if __name__ == "__main__":
    main()
