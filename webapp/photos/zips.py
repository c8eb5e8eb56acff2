"""Many originals as one ZIP, made while it is sent: nothing is kept in memory or on disk but the chunk on its way."""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Generator, Iterable, Iterator
from datetime import datetime
from pathlib import PurePosixPath

from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.photos import originals
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.models import Photo

logger = logging.getLogger(__name__)
EARLIEST, LATEST = 1980, 2107  # the years that a ZIP can tell
MISSING = "NOT INCLUDED.txt"


def stream(photos: Iterable[Photo]) -> Generator[bytes, None, None]:
    """A ZIP of the originals of `photos`, under their own names, piece by piece. Those that cannot be had are listed in
    a text file in it.

    Raises `AWS_ERRORS` where an original breaks off, so that nobody takes half a ZIP for a whole one.
    """
    sent = _Sent()
    names, missing = Names(), []
    with zipfile.ZipFile(sent, "w", zipfile.ZIP_STORED) as archive:  # photos do not become smaller
        for photo in photos:
            body = _open(photo)
            if body is None:
                missing.append(photo.file_name)
                continue
            with archive.open(entry_of(names.unused(photo.file_name), photo), "w", force_zip64=True) as entry:
                for chunk in body:
                    entry.write(chunk)
                    yield sent.take()
            yield sent.take()
        if missing:
            archive.writestr(names.unused(MISSING), _say_missing(missing))
    yield sent.take()


def _open(photo: Photo) -> Iterator[bytes] | None:
    try:
        return originals.read(photo.key)
    except AWS_ERRORS:
        logger.exception("the original of photo %s is left out of a ZIP", photo.pk)
        return None


def _say_missing(names: list[str]) -> str:
    return "\n".join([_("These photos could not be read. Download them again later:"), "", *names, ""])


def entry_of(name: str, photo: Photo) -> zipfile.ZipInfo:
    moment = photo.taken_at or timezone.localtime(photo.uploaded_at, timezone.get_default_timezone())
    entry = zipfile.ZipInfo(name, date_time=_date_time(moment))
    entry.external_attr = 0o644 << 16
    return entry


def _date_time(moment: datetime) -> tuple[int, int, int, int, int, int]:
    moment = moment.replace(year=min(max(moment.year, EARLIEST), LATEST))
    return moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second


class Names:
    """Names that nothing else in the archive has, without regard to case, as some file systems have none."""

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._numbers: dict[str, int] = {}  # a phone may call every photo the same

    def unused(self, wanted: str) -> str:
        path = PurePosixPath(_harmless(wanted))
        name, number = path.name, self._numbers.get(path.name, 1)
        while name.casefold() in self._used:
            number += 1
            name = f"{path.stem} ({number}){path.suffix}"
        self._numbers[path.name] = number
        self.use(name)
        return name

    def use(self, name: str) -> None:
        """Something has this name already."""
        self._used.add(name.casefold())


def _harmless(name: str) -> str:
    """A file name that unpacks beside the others wherever it is unpacked."""
    shown = "".join(letter if letter.isprintable() and letter not in '\\/:*?"<>|' else "_" for letter in name)
    return shown.strip(". ") or "photo"


class _Sent(io.RawIOBase):
    """What was written since it was last taken. It cannot seek, so each entry tells its size behind itself."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken
