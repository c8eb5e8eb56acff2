"""Saving MiniStack's state while it runs; left alone, it saves when it is ended, and a kill loses everything."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager, suppress
from typing import Any

SAVE_SECONDS = 3.0

SAVE_ATTEMPTS = 5

REST_PER_SAVE = 10

KEPT_EXECUTIONS = 500

SaveAll = Callable[[Mapping[str, Callable[[], Any]]], None]


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
