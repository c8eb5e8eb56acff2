"""A ZIP in parts that are written one after the other, by one process or by several.

Each part holds whole entries. What a part needs to know of those before it are their entries: the last one ends with
the directory of all.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Any

FOR_EVERYBODY_TO_READ = 0o644 << 16


@dataclass(frozen=True)
class Entry:
    """What the directory says of a file in the ZIP; `offset` is where it begins in the whole, sizes are in bytes."""

    name: str
    date_time: Sequence[int]
    method: int
    crc: int
    packed: int
    size: int
    offset: int

    def as_row(self) -> list[Any]:
        return list(astuple(self))

    @classmethod
    def of(cls, info: zipfile.ZipInfo) -> Entry:
        return cls(
            info.filename, info.date_time, info.compress_type, info.CRC, info.compress_size, info.file_size,
            info.header_offset,
        )  # fmt: skip

    def info(self) -> zipfile.ZipInfo:
        year, month, day, hour, minute, second = self.date_time
        info = zipfile.ZipInfo(self.name, (year, month, day, hour, minute, second))
        info.compress_type, info.external_attr = self.method, FOR_EVERYBODY_TO_READ
        info.CRC, info.compress_size, info.file_size = self.crc, self.packed, self.size
        info.header_offset = self.offset
        return info


class Part:
    """The part of a ZIP that begins at `offset`. It lies on disk, since one photo may be 50 MB."""

    def __init__(self, offset: int) -> None:
        self._file = _Shifted(offset)
        self._archive = zipfile.ZipFile(self._file, "w")

    @property
    def size(self) -> int:
        return self._file.size

    def add(self, info: zipfile.ZipInfo, content: Iterable[bytes]) -> None:
        with self._archive.open(info, "w") as entry:
            for piece in content:
                entry.write(piece)

    def entries(self) -> list[Entry]:
        return [Entry.of(info) for info in self._archive.infolist()]

    def end(self) -> io.BufferedIOBase:
        """Its bytes, for the next part to go on behind."""
        size = self.size
        self._archive.close()  # which writes a directory
        return self._file.upto(size)

    def end_whole(self, earlier: Iterable[Entry]) -> io.BufferedIOBase:
        """Its bytes, with the directory of all parts behind them."""
        self._archive.filelist[:0] = [entry.info() for entry in earlier]
        self._archive.close()
        return self._file.upto(self.size)


class _Shifted:
    """A file on disk that tells places in the whole, of which it is a part."""

    def __init__(self, offset: int) -> None:
        self._offset = offset
        self._file: Any = tempfile.TemporaryFile()  # noqa: SIM115  it goes with its part

    @property
    def size(self) -> int:
        place = self._file.tell()
        size = self._file.seek(0, io.SEEK_END)
        self._file.seek(place)
        return int(size)

    def tell(self) -> int:
        return int(self._file.tell()) + self._offset

    def seek(self, place: int) -> int:
        return int(self._file.seek(place - self._offset)) + self._offset

    def write(self, data: bytes) -> int:
        return int(self._file.write(data))

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def upto(self, size: int) -> io.BufferedIOBase:
        self._file.truncate(size)
        self._file.seek(0)
        return self._file
