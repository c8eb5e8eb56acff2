"""The files of MiniStack's state, one a service, replaced all at once: a kill leaves those of before, or those of
after."""

from __future__ import annotations

import shutil
from pathlib import Path


class StateFiles:
    """Files in a directory, and the next ones in a directory of theirs until all are written."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._next, self._whole = directory / "next", directory / "whole"
        self._replace()

    def begin(self) -> Path:
        """Where the next files are to be written. Those of an attempt that failed are gone, and those that could not
        replace the ones of before do so now. Raises `OSError`."""
        self._replace()
        shutil.rmtree(self._next, ignore_errors=True)
        self._next.mkdir(parents=True)
        return self._next

    def commit(self) -> None:
        """Let what was written since `begin` replace the files of the same names. Raises `OSError`."""
        self._next.rename(self._whole)  # from here on the next files count, if need be from the next start on
        self._replace()

    def _replace(self) -> None:
        if not self._whole.exists():
            return
        for file in self._whole.iterdir():
            file.replace(self._directory / file.name)
        self._whole.rmdir()
