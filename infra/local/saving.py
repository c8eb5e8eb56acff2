"""Saving MiniStack's state while it runs; left alone, it saves when it is ended, and a kill loses everything."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from .guard import Asgi
from .stack import SAVE_PATH
from .state_files import StateFiles

SAVE_SECONDS = 3.0

SAVE_ATTEMPTS = 5

REST_PER_SAVE = 10

KEPT_EXECUTIONS = 500

SaveAll = Callable[[Mapping[str, Callable[[], Any]]], bool]


class Turning(Protocol):
    """What notes a service's changes between two saves."""

    def turn(self) -> int: ...

    def forget_before(self, number: int) -> None: ...


def save_state(save_all: SaveAll, services: Mapping[str, Callable[[], Any]], executions: Any) -> bool:
    """Save everything but old executions; whether all of it was."""
    forget_executions(executions, keep=KEPT_EXECUTIONS)
    return save_all(services)


def forget_executions(executions: Any, *, keep: int) -> None:
    """Forget the oldest of the finished executions: each keeps its whole history, and is copied at every save."""
    with suppress(RuntimeError):  # one was started meanwhile; the next save is soon
        finished = [(each["stopDate"], arn) for arn, each in executions.items() if each.get("stopDate")]
        for _, arn in sorted(finished)[: max(0, len(finished) - keep)]:
            executions.pop(arn, None)


class Saver(threading.Thread):
    """Saves soon after a change, and once more when it has gone quiet: an execution's last step changes the state after
    the last request it makes. A save that takes long is made less often. It begins when it is first asked to save: what
    is deployed half is not to be found by the next start."""

    def __init__(self, save: Callable[[], bool], seconds: float = SAVE_SECONDS) -> None:
        super().__init__(name="saver", daemon=True)
        self._save, self._seconds = save, seconds
        self._changed, self._asked, self._begun = threading.Event(), threading.Event(), threading.Event()

    @property
    def has_begun(self) -> bool:
        return self._begun.is_set()

    def note_change(self) -> None:
        self._changed.set()

    def ask(self) -> None:
        """Have everything saved soon."""
        self._asked.set()
        self._begun.set()

    def save_now(self) -> bool:
        """Save everything; whether all of it was."""
        saved = self._save()
        self._begun.set()
        return saved

    def run(self) -> None:
        was_busy, took = False, 0.0
        self._begun.wait()
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


def retrying_save(persistence: Any, files: StateFiles, journals: Mapping[str, Turning]) -> SaveAll:
    """MiniStack's `save_all`, one at a time, for all services or none, and again for one whose state changed while it
    was written: it says so in its log alone. The services' journals then forget what was saved."""
    saving = threading.Lock()

    def save(services: Mapping[str, Callable[[], Any]]) -> bool:
        with saving:
            try:
                return save_together(services)
            except OSError as error:
                return could_not_save("the local AWS", error)

    def save_together(services: Mapping[str, Callable[[], Any]]) -> bool:
        persistence.STATE_DIR = str(files.begin())
        begun = {name: journals[name].turn() for name in journals.keys() & services.keys()}
        if not all(save_one(persistence, name, get_state) for name, get_state in services.items()):
            return False
        files.commit()
        for name, number in begun.items():
            journals[name].forget_before(number)
        return True

    return save


def save_one(persistence: Any, name: str, get_state: Callable[[], Any]) -> bool:
    for _ in range(SAVE_ATTEMPTS):
        with caught_errors(persistence.logger) as errors:
            persistence.save_all({name: get_state})
        if not errors:
            return True
    return could_not_save(name, errors[-1])


def saving_on_request(app: Asgi, saver: Saver) -> Asgi:
    """MiniStack that also answers `POST SAVE_PATH`: with 204 when everything is saved, with 507 when it cannot be."""

    async def answering(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http" or (scope["method"], scope["path"]) != ("POST", SAVE_PATH):
            await app(scope, receive, send)
            return
        status = 204 if await asyncio.to_thread(saver.save_now) else 507
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return answering


def could_not_save(name: str, why: object) -> bool:
    print(f"Could not save the state of {name}: {why}", file=sys.stderr)
    return False


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
