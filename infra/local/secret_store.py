"""What this machine's stack must remember and nobody else may read: keys and passwords, in one file of mode 0600."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


class SecretStore:
    """Secrets by name, each made once and kept. A file that is gone or damaged starts empty."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, name: str) -> Any:
        """The secret of that name, or None."""
        return self._read().get(name)

    def get_or_make(self, name: str, make: Callable[[], Any]) -> Any:
        """The secret of that name; made and kept when there is none."""
        return self.get(name) or self.keep(name, make())

    def keep(self, name: str, value: Any) -> Any:
        """Keep a secret, and return it."""
        write_private(self._path, json.dumps(self._read() | {name: value}, indent=2))
        return value

    def _read(self) -> dict[str, Any]:
        try:
            return json.loads(self._path.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    unfinished.replace(path)
