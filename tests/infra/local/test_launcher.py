from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local import launcher
from infra.local.sent import list_sent
from infra.local.stack import ROOT


def make_modules(**overrides: Any) -> dict[str, object]:
    modules = {
        module: SimpleNamespace(**{name: object() for name in names}) for module, names in launcher.WRAPPED.items()
    }
    return modules | overrides


def make_request(**overrides: Any) -> bytes:
    request = {
        "FromEmailAddress": "Shoebox <shoebox@example.org>",
        "Destination": {"ToAddresses": ["ana@example.org"]},
        "Content": {"Raw": {"Data": "c3ViamVjdDogeA=="}},
    }
    return json.dumps(request | overrides).encode()


def ask(app: Callable[..., Awaitable[None]], path: str, *, method: str = "GET", **headers: str) -> list[int]:
    """The statuses that an ASGI application answers one request with."""
    statuses = []

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    given = {"host": "127.0.0.1:4566"} | headers
    encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()]
    asyncio.run(app({"type": "http", "path": path, "method": method, "headers": encoded}, None, send))
    return statuses


async def fine(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})


def test_installed_ministack_is_the_one_that_the_launcher_knows() -> None:
    script = "from infra.local.launcher import load_modules; load_modules()"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


def test_other_version_of_ministack_is_refused_with_both_versions() -> None:
    with pytest.raises(launcher.LauncherError, match=r"1\.5\.33.*2\.0\.0"):
        launcher.load_modules("2.0.0")


def test_wrapped_name_that_is_gone_is_refused_with_its_name() -> None:
    modules = make_modules(**{"ministack.services.lambda_svc": SimpleNamespace()})
    with pytest.raises(launcher.LauncherError, match="_execute_function_dispatch"):
        launcher.require_names(modules)


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/config", "/_ministack/anything"])
def test_administration_is_shut(path: str) -> None:
    assert ask(launcher.guard(fine, port=4566, changed=lambda: None), path, method="POST") == [403]


@pytest.mark.parametrize("path", ["/_ministack/health", "/", "/bucket/key"])
def test_everything_else_is_open(path: str) -> None:
    assert ask(launcher.guard(fine, port=4566, changed=lambda: None), path) == [200]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:4566", "127.0.0.1:80", ""])
def test_other_host_name_is_refused(host: str) -> None:
    assert ask(launcher.guard(fine, port=4566, changed=lambda: None), "/", host=host) == [403]


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [("PUT", "", 1), ("POST", "AmazonSQS.SendMessage", 1), ("GET", "", 0), ("POST", "AmazonSQS.ReceiveMessage", 0)],
)
def test_only_what_may_change_something_is_noted(method: str, target: str, expected: int) -> None:
    noted: list[None] = []
    app = launcher.guard(fine, port=4566, changed=lambda: noted.append(None))
    ask(app, "/", method=method, x_amz_target=target)
    assert len(noted) == expected


def test_no_more_workers_run_at_once_than_allowed() -> None:
    lock, running, most = threading.Lock(), 0, 0
    both_in = threading.Barrier(2)

    def dispatch(*_: Any) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        both_in.wait(5)
        with lock:
            running -= 1

    service = SimpleNamespace(_execute_function_dispatch=dispatch)
    launcher.bound_workers(service, 2)
    with ThreadPoolExecutor(6) as pool:
        for each in [pool.submit(service._execute_function_dispatch, {}, {}, {}, "id", 0.0) for _ in range(6)]:
            each.result()
    assert most == 2


def test_slot_is_free_again_after_a_worker_that_raised() -> None:
    def dispatch(*_: Any) -> None:
        raise ValueError

    service = SimpleNamespace(_execute_function_dispatch=dispatch)
    launcher.bound_workers(service, 1)
    for _ in range(2):
        with pytest.raises(ValueError):  # noqa: PT011  the one raised above
            service._execute_function_dispatch({}, {}, {}, "id", 0.0)


def make_handler(status: int) -> launcher.Handler:
    async def handler(*_: Any) -> tuple[int, Any, Any]:
        return status, {}, b""

    return handler


@pytest.mark.parametrize(("status", "expected"), [(200, 1), (400, 0)])
def test_mail_is_kept_when_it_was_accepted(tmp_path: Path, status: int, expected: int) -> None:
    handler = launcher.keeping(make_handler(status), launcher.read_mail_request, tmp_path)
    asyncio.run(handler("POST", "/v2/email/outbound-emails", {}, make_request(), {}))
    assert len(list_sent(tmp_path)) == expected


def test_request_to_ses_that_sends_nothing_keeps_nothing(tmp_path: Path) -> None:
    handler = launcher.keeping(make_handler(200), launcher.read_mail_request, tmp_path)
    asyncio.run(handler("GET", "/v2/email/identities", {}, b"", {}))
    assert list_sent(tmp_path) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"Action=Publish&PhoneNumber=%2B34600000000&Message=5+photos+%26+more", ["5 photos & more"]),
        (b"Action=Publish&TopicArn=arn&Message=x", []),
        (b"Action=ListTopics", []),
        (b"", []),
    ],
)
def test_publish_to_a_phone_number_is_kept_as_sms(tmp_path: Path, body: bytes, expected: list[str]) -> None:
    handler = launcher.keeping(make_handler(200), launcher.read_sms_request, tmp_path)
    asyncio.run(handler("POST", "/", {}, body, {}))
    assert [each.text for each in list_sent(tmp_path)] == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [({"Raw": {"Data": ""}}, "ses:SendRawEmail"), ({"Simple": {}}, "ses:SendEmail")],
)
def test_mail_is_authorized_for_its_sender(content: dict[str, Any], expected: str) -> None:
    request = json.loads(make_request(Content=content))
    action, identity, context = launcher.mail_authorization(request)
    assert action == expected
    assert identity.endswith(":identity/shoebox@example.org")
    assert context["ses:FromAddress"] == "shoebox@example.org"


def make_persistence(failures: int) -> SimpleNamespace:
    """Something that fails to save that many times as MiniStack does: in its log, and nowhere else."""
    logger = logging.getLogger("test-persistence")
    calls: list[str] = []

    def save_all(services: dict[str, Any]) -> None:
        calls.extend(services)
        if len(calls) <= failures:
            logger.error("dictionary changed size during iteration")

    return SimpleNamespace(logger=logger, save_all=save_all, calls=calls)


def test_state_that_changed_while_it_was_saved_is_saved_again() -> None:
    persistence = make_persistence(failures=2)
    launcher.retrying_save(persistence)({"s3": dict})
    assert persistence.calls == ["s3"] * 3


def test_state_that_was_saved_is_not_saved_twice() -> None:
    persistence = make_persistence(failures=0)
    launcher.retrying_save(persistence)({"s3": dict, "sqs": dict})
    assert persistence.calls == ["s3", "sqs"]


def test_state_that_cannot_be_saved_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    launcher.retrying_save(make_persistence(failures=99))({"s3": dict})
    assert "s3: dictionary changed size" in capsys.readouterr().err


def make_executions() -> dict[str, dict[str, Any]]:
    finished = {f"finished-{number}": {"stopDate": number, "status": "SUCCEEDED"} for number in (3, 1, 2)}
    return finished | {"running": {"stopDate": None, "status": "RUNNING"}}


def test_oldest_finished_executions_are_forgotten_and_none_that_runs() -> None:
    executions = make_executions()
    launcher.forget_executions(executions, keep=2)
    assert executions.keys() == {"finished-2", "finished-3", "running"}


def test_executions_within_the_limit_are_all_kept() -> None:
    executions = make_executions()
    launcher.forget_executions(executions, keep=3)
    assert executions == make_executions()


def make_saver(seconds: float) -> tuple[launcher.Saver, threading.Semaphore]:
    saved = threading.Semaphore(0)
    saver = launcher.Saver(lambda: saved.release(), seconds)
    saver.start()
    return saver, saved


def test_saver_saves_after_a_change_and_once_more_when_it_is_quiet() -> None:
    saver, saved = make_saver(0.01)
    saver.note_change()
    assert saved.acquire(timeout=5)
    assert saved.acquire(timeout=5)
    assert not saved.acquire(timeout=0.1)


def test_saver_saves_at_once_when_asked() -> None:
    saver, saved = make_saver(3600)
    saver.save_now()
    assert saved.acquire(timeout=5)


def test_temporary_directory_is_empty_after_a_start(tmp_path: Path) -> None:
    (tmp_path / "tmp" / "ministack-lambda-1").mkdir(parents=True)
    launcher.empty_directory(tmp_path / "tmp")
    assert list((tmp_path / "tmp").iterdir()) == []
