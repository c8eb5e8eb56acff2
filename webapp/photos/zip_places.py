"""How many ZIPs somebody is sent at a time. Each holds a thread of the site for as long as its reader takes."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.core.cache import cache

AT_ONCE = 2
KEPT = 15 * 60  # seconds, from the last piece that was sent: as long as a place outlives a process that was killed
RENEWED = 60


class NoPlace(Exception):
    """Somebody is sent as many ZIPs as they may have at a time."""


@dataclass
class Place:
    """One of a person's `AT_ONCE`, until `leave`."""

    key: str
    token: str = field(default_factory=lambda: uuid4().hex)

    def take(self) -> bool:
        return cache.add(self.key, self.token, KEPT)

    def keep(self) -> None:
        if cache.get(self.key) == self.token:
            cache.touch(self.key, KEPT)

    def leave(self) -> None:
        if cache.get(self.key) == self.token:
            cache.delete(self.key)


def take(owner: Any) -> Place:
    """A free place of a person. Raises `NoPlace`."""
    places = (Place(f"zip:{owner.pk}:{number}") for number in range(AT_ONCE))
    for place in places:
        if place.take():
            return place
    raise NoPlace


class Held:
    """`body`, piece by piece, in a place that is free again as soon as it ends or nobody reads it any more."""

    def __init__(self, body: Generator[bytes, None, None], place: Place) -> None:
        self._body, self._place = body, place

    def __iter__(self) -> Iterator[bytes]:
        kept = time.time()
        for piece in self._body:
            if time.time() - kept > RENEWED:
                kept = time.time()
                self._place.keep()
            yield piece

    def close(self) -> None:
        """What Django calls at the end, and when the connection breaks."""
        try:
            self._body.close()
        finally:
            self._place.leave()
