"""What the sweep does about one thing: decided first, from reads alone, and done after that, or only told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from webapp.photos.errors import AWS_ERRORS, OUT_OF_TIME

logger = logging.getLogger(__name__)


class Undone(StrEnum):
    """What is reported where something broke; the log says what. The next sweep tries again."""

    PHOTOS = "photos not settled"
    BATCHES = "batches not settled"
    ORPHANS = "orphans not erased"
    PAGES = "pages not looked through"


@dataclass(frozen=True)
class Step:
    """What comes next, named as it is reported, and the write that does it (none where there is only to wait).

    The write answers False when somebody else was first; then `otherwise` is what is reported.
    """

    what: str
    do: Callable[[], bool] | None = None
    otherwise: str = "photos changed meanwhile"

    def take(self, *, dry_run: bool) -> str:
        """Do it, unless this is a dry run; returns what to report."""
        done = dry_run or self.do is None or self.do()
        return self.what if done else self.otherwise


@dataclass(frozen=True)
class Listing:
    """A page of what is stored: (key, when it was written) in the order of keys, and the key to go on after (empty at
    the end)."""

    stored: list[tuple[str, datetime]]
    next_after: str


def attempt(act: Callable[[], str], *, otherwise: Undone, about: object) -> str:
    """What `act` reports; where it fails that is logged, and `otherwise` is reported: it stops nothing else."""
    try:
        return act()
    except OUT_OF_TIME:
        raise
    except Exception:
        logger.exception("%s: %s", otherwise, about)
        return otherwise


def settle_each(
    rows: Sequence[Any],
    *,
    look_up: Callable[[Sequence[Any]], Mapping[Any, Any]],
    settle: Callable[[Any, Any], str],
    otherwise: Undone,
) -> Iterator[str]:
    """What `settle(row, record)` reports of every row. Records are looked up at once; where that fails one by one, so
    that a record nobody can read stops no other, unless it is AWS that does not answer."""
    try:
        records = look_up(rows)
    except OUT_OF_TIME:
        raise
    except Exception as error:
        if len(rows) > 1 and not isinstance(error, AWS_ERRORS):
            for row in rows:
                yield from settle_each([row], look_up=look_up, settle=settle, otherwise=otherwise)
            return
        logger.exception("%s: %s of them could not be looked up", otherwise, len(rows))
        yield from [otherwise] * len(rows)
        return
    for row in rows:
        yield attempt(partial(settle, row, records.get(row.pk)), otherwise=otherwise, about=row.pk)
