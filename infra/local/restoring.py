"""Reading back what MiniStack saved, all of it or none. Left alone, it warns of what it cannot read, goes on without,
and saves that over the files."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .saving import SaveAll, caught_errors, could_not_save

UNREADABLE = (
    "{error} Nothing was saved over it. Put back a copy of {directory} from when it could be read, or remove"
    " {data_dir} to begin anew, without the photos in it."
)


class RestoreError(Exception):
    """What was saved cannot be read; the text is one sentence that names the service and the cause."""


def restoring_first(app: Any, persistence: Any, save_all: SaveAll, directory: Path) -> SaveAll:
    """`save_all`, which saves nothing before MiniStack has read its state from the directory; when it cannot, this
    process ends."""
    is_restored = threading.Event()

    def restore_or_end() -> None:
        try:
            restore(app, persistence)
        except RestoreError as error:
            text = UNREADABLE.format(error=error, directory=directory, data_dir=directory.parent)
            print(text, file=sys.stderr, flush=True)
            os._exit(1)  # the server goes on after any exception that it is told of here
        is_restored.set()

    def save_restored(services: Mapping[str, Callable[[], Any]]) -> bool:
        if not is_restored.is_set():
            return could_not_save("the local AWS", "what was saved before has not been read")
        return save_all(services)

    app._load_persisted_state = restore_or_end
    return save_restored


def restore(app: Any, persistence: Any) -> None:
    """Give every service of MiniStack the state that was saved of it. Raises `RestoreError`."""
    for name, module in app._state_map.items():
        try:
            with caught_errors(persistence.logger) as errors:
                data = persistence.load_state(name)
            if data:
                app._get_module(module).load_persisted_state(data)
        except Exception as error:
            raise RestoreError(f"The state of {name} cannot be read: {type(error).__name__}: {error}.") from error
        if errors:
            raise RestoreError(f"The state of {name} cannot be read: {errors[0]}.")
