"""The supervisor, with little Python programs as its processes."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.stack import ROOT, Process, StackError
from infra.local.supervisor import Output, Stopped, Supervisor, stop_signals_raise

FOREVER = "import time; print('here', flush=True)\nwhile True: time.sleep(0.05)"


def make_process(script: str, name: str = "part", **overrides: Any) -> Process:
    command = (sys.executable, "-c", textwrap.dedent(script))
    return Process(**({"name": name, "command": command, "env": dict(os.environ), "ready_seconds": 20} | overrides))


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def supervisor(stream: io.StringIO) -> Iterator[Supervisor]:
    supervisor = Supervisor(Output(stream))
    yield supervisor
    supervisor.stop()


def wait_for(condition: Any) -> Any:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with contextlib.suppress(FileNotFoundError):
            if found := condition():
                return found
        time.sleep(0.02)
    raise AssertionError("it did not happen")


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_process_is_ready_when_it_says_the_line(supervisor: Supervisor, stream: io.StringIO) -> None:
    script = "import time; print('loading'); time.sleep(0.2); print('all ready.', flush=True); time.sleep(60)"
    supervisor.start(make_process(script, ready_line=" ready."))
    assert "part        | all ready." in stream.getvalue()


def test_process_is_ready_when_its_address_answers(supervisor: Supervisor, tmp_path: Path) -> None:
    script = f"""
        import http.server, pathlib
        server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
        pathlib.Path({str(tmp_path / "port")!r}).write_text(str(server.server_port))
        server.serve_forever()
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = script.replace('("127.0.0.1", 0)', f'("127.0.0.1", {port})')
    supervisor.start(make_process(script, ready_url=f"http://127.0.0.1:{port}/"))
    assert (tmp_path / "port").read_text() == str(port)


def test_process_that_is_never_ready_is_an_error_with_its_name(supervisor: Supervisor) -> None:
    with pytest.raises(StackError, match="part was not ready"):
        supervisor.start(make_process(FOREVER, ready_line="never", ready_seconds=0.2))


def test_process_that_ends_before_it_is_ready_is_an_error_with_its_last_words(supervisor: Supervisor) -> None:
    with pytest.raises(StackError, match=r"part ended unexpectedly \(exit code 3\)(?s:.*)no such file"):
        supervisor.start(make_process("import sys; print('no such file'); sys.exit(3)", ready_line="never"))


def test_process_that_is_killed_before_it_says_anything_is_an_error_in_one_line(supervisor: Supervisor) -> None:
    with pytest.raises(StackError) as raised:
        supervisor.start(make_process("import os; os.kill(os.getpid(), 9)", ready_line="never"))
    assert str(raised.value) == "part ended unexpectedly (exit code -9)."


def test_process_that_ends_later_ends_the_watch(supervisor: Supervisor, tmp_path: Path) -> None:
    script = f"""
        import pathlib, sys, time
        print("ready", flush=True)
        while not pathlib.Path({str(tmp_path / "go")!r}).exists(): time.sleep(0.02)
        sys.exit("out of luck")
    """
    supervisor.start(make_process(FOREVER, "other"), make_process(script, ready_line="ready"))
    (tmp_path / "go").touch()
    with pytest.raises(StackError, match=r"part ended unexpectedly \(exit code 1\)(?s:.*)out of luck"):
        supervisor.watch()


def test_missing_program_is_an_error_with_its_name(supervisor: Supervisor) -> None:
    with pytest.raises(StackError, match="no-such-tool is needed for part"):
        supervisor.start(make_process("", command=("no-such-tool",)))


def test_task_that_succeeds_is_silent(supervisor: Supervisor, stream: io.StringIO) -> None:
    supervisor.run(make_process("print('many words')"))
    assert stream.getvalue() == ""


def test_task_that_fails_is_an_error_with_its_last_words(supervisor: Supervisor) -> None:
    with pytest.raises(StackError, match=r"part ended(?s:.*)no such table"):
        supervisor.run(make_process("import sys; sys.exit('no such table')"))


def test_process_that_ends_during_a_task_is_the_error(supervisor: Supervisor) -> None:
    supervisor.start(make_process("import time; time.sleep(0.3)", "server"))
    with pytest.raises(StackError, match="server ended"):
        supervisor.run(make_process(FOREVER))


def test_stop_ends_the_first_process_last(supervisor: Supervisor, stream: io.StringIO) -> None:
    script = """
        import signal, sys, time
        def end(*_): print("{name} ends", flush=True); sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        print("up", flush=True)
        while True: time.sleep(0.05)
    """
    for name in ("first", "second"):
        supervisor.start(make_process(script.format(name=name), name, ready_line="up"))
    supervisor.stop()
    said = stream.getvalue()
    assert 0 < said.index("second ends") < said.index("first ends")


def test_stop_ends_what_ignores_it_and_what_it_started(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.local.supervisor.GRACE_SECONDS", 0.2)
    script = f"""
        import pathlib, signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        pathlib.Path({str(tmp_path / "pid")!r}).write_text(str(child.pid))
        print("up", flush=True)
        time.sleep(600)
    """
    supervisor.start(make_process(script, ready_line="up"))
    child = int((tmp_path / "pid").read_text())
    supervisor.stop()
    wait_for(lambda: not is_alive(child))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ends the children of a killed process")
def test_processes_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    script = f"""
        import os, sys, time
        from infra.local.stack import Process
        from infra.local.supervisor import Supervisor
        program = "import os, pathlib, time; pathlib.Path({str(tmp_path / "pid")!r}).write_text(str(os.getpid())); " \
            "print('up', flush=True); time.sleep(600)"
        Supervisor().start(Process("part", (sys.executable, "-c", program), dict(os.environ), ready_line="up"))
        time.sleep(600)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, stdout=subprocess.DEVNULL)
    child = int(wait_for(lambda: (tmp_path / "pid").read_text()))
    parent.kill()
    parent.wait()
    wait_for(lambda: not is_alive(child))


def test_lines_are_not_coloured_when_nobody_looks(stream: io.StringIO) -> None:
    Output(stream).pass_on("site", "hello")
    assert stream.getvalue() == "site        | hello\n"


def test_output_that_finds_no_room_ends_nothing() -> None:
    class Full(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    Output(Full()).say("hello")


def test_each_name_has_its_colour_on_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    output = Output(terminal)
    for name in ("site", "worker", "site"):
        output.pass_on(name, "x")
    first, second, third = terminal.getvalue().splitlines()
    assert first == third
    assert first.split("m")[0] != second.split("m")[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_to_stop_is_raised_once(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_signals_raise():
        with pytest.raises(Stopped):
            signal.raise_signal(number)
        signal.raise_signal(number)
    assert signal.getsignal(number) == before
