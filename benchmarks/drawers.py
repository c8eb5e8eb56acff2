"""Who draws, each in a warm process of its own that is asked one photo at a time."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
SHARP = Path(__file__).parent / "sharp"
_WORKER = (sys.executable, "-m", "benchmarks.worker")


class Ended(Exception):
    """A drawer's process died."""


@dataclass(frozen=True)
class Drawer:
    """A way to draw: its title in tables, the command to which the settings are added, and what it draws with."""

    title: str
    command: tuple[str, ...]
    settings: dict[str, Any]


@dataclass(frozen=True)
class Drawn:
    """CPU seconds of all threads, seconds on the clock, bytes by rendition; or why it could not be drawn."""

    cpu: float
    wall: float
    bytes: dict[str, int]
    error: str | None


def ours(settings: dict[str, Any], title: str = "ours") -> Drawer:
    return Drawer(title, (*_WORKER, "ours"), settings)


def handler(settings: dict[str, Any]) -> Drawer:
    """Ours, and before it the check of the file's header."""
    return Drawer("ResizeImage", (*_WORKER, "handler"), settings)


def peers(settings: dict[str, Any]) -> list[Drawer]:
    """Those that this machine can run. sharp needs Node and `npm ci` in benchmarks/sharp."""
    found = [
        Drawer("Pillow", (*_WORKER, "pillow"), settings),
        Drawer("Pillow, careful", (*_WORKER, "pillow-careful"), settings),
    ]
    if (SHARP / "node_modules").is_dir():
        node = ("node", str(SHARP / "sharp_renditions.mjs"))
        found.insert(0, Drawer("sharp, chained", (*node, "chained"), settings))
        found.insert(1, Drawer("sharp, documented", (*node, "documented"), settings))
    return found


class Worker:
    """A drawer's running process. Use it as a context manager, which ends the process."""

    def __init__(self, drawer: Drawer) -> None:
        self._title = drawer.title
        self._process = subprocess.Popen(  # noqa: S603, one of our own commands
            [*drawer.command, json.dumps(drawer.settings)],
            cwd=ROOT,
            env={**os.environ, **drawer.settings["environment"]},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._proc = Path(f"/proc/{self._process.pid}")
        self.version: str = self._read()["version"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._pipes()[0].close()
        self._process.wait()
        self._pipes()[1].close()

    def draw(self, photo: Path, *, keep: Path | None = None) -> Drawn:
        """Draw a photo, leaving the renditions in the folder `keep`."""
        request, _ = self._pipes()
        request.write(json.dumps({"path": str(photo), "keep": str(keep) if keep else None}) + "\n")
        request.flush()
        return Drawn(**self._read())

    def draw_and_weigh(self, photo: Path) -> tuple[Drawn, int | None]:
        """Draw a photo; the bytes of memory that this took above what the process held before, the file among them.

        None where /proc does not tell.
        """
        try:
            (self._proc / "clear_refs").write_text("5")  # the high-water mark falls to what is held now
        except OSError:
            return self.draw(photo), None
        before = self.held()
        drawn = self.draw(photo)
        return drawn, self._status("VmHWM") - before

    def held(self) -> int:
        """Bytes of memory that the process holds now. Raises OSError where /proc does not tell."""
        return self._status("VmRSS")

    def _status(self, name: str) -> int:
        found = re.search(rf"^{name}:\s+(\d+) kB", (self._proc / "status").read_text(), re.MULTILINE)
        assert found
        return int(found[1]) * 1024

    def _pipes(self) -> tuple[Any, Any]:
        assert self._process.stdin
        assert self._process.stdout
        return self._process.stdin, self._process.stdout

    def _read(self) -> dict[str, Any]:
        line = self._pipes()[1].readline()
        if not line:
            raise Ended(f"{self._title}: the process ended with {self._process.wait()}")
        return json.loads(line)
