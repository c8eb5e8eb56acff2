from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local import launcher
from infra.local.stack import ROOT


def make_modules(**overrides: Any) -> dict[str, object]:
    modules = {
        module: SimpleNamespace(**{name: object() for name in names}) for module, names in launcher.WRAPPED.items()
    }
    return modules | overrides


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


def test_a_task_waits_for_its_worker_longer_than_it_may_run() -> None:
    service = SimpleNamespace(_invoke_resource=lambda resource, given: f"{resource} {given}")
    launcher.count_no_waiting(service)
    assert service._invoke_resource_with_timeout("arn", "input", 0) == "arn input"


def test_temporary_directory_is_empty_after_a_start(tmp_path: Path) -> None:
    (tmp_path / "tmp" / "ministack-lambda-1").mkdir(parents=True)
    launcher.empty_directory(tmp_path / "tmp")
    assert list((tmp_path / "tmp").iterdir()) == []
