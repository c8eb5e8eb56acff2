"""What a gallery page shows: tiles by month."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import catalog, presign, words
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.facts import INCOMPLETE
from webapp.photos.index import index_seen
from webapp.photos.models import Photo, Review, Status
from webapp.photos.sentences import said

logger = logging.getLogger(__name__)
TOP_LABELS = catalog.TOP_LABELS
THUMB_SIDE = 480
AT_ONCE = 6
NARROWEST, ROOM_FOR_WORDS, WIDEST = 0.5, 1.2, 3.0


@dataclass(frozen=True)
class Tile:
    """One photo of a page. Width and height are of its thumbnail, in pixels; `ratio` is how wide its tile is for its
    height; `thumb` and `placeholder` are addresses, empty while there is no thumbnail; `mark` is a word, and `warning`
    the sentence to it, or both are empty."""

    photo: Photo
    status: str
    width: int
    height: int
    thumb: str
    placeholder: str
    reason: str
    labels: list[str]
    mark: str = ""
    warning: str = ""

    @property
    def is_open(self) -> bool:
        return self.status in contract.OPEN

    @property
    def is_ready(self) -> bool:
        return self.status == Status.READY

    @property
    def is_notice(self) -> bool:
        """Whether the tile has words to show instead of a picture."""
        return self.status in (Status.REJECTED, Status.FAILED)

    @cached_property
    def day(self) -> str:
        return words.date_of(self.photo)

    @cached_property
    def alt(self) -> str:
        """What the picture shows and when it was taken, for who does not see it."""
        return words.alt_text(self.day, self.labels)

    @property
    def name(self) -> str:
        """What to call it where it is selected."""
        return self.alt if self.is_ready else self.photo.file_name

    @property
    def note(self) -> str:
        """The same for who points at it: a line each."""
        return "\n".join(filter(None, [self.day, " · ".join(self.labels)]))

    @property
    def word(self) -> str:
        return word_of(self.status)

    @property
    def ratio(self) -> float:
        least = ROOM_FOR_WORDS if self.is_notice else NARROWEST
        return round(min(max(self.width / self.height, least), WIDEST), 3)


@dataclass(frozen=True)
class Month:
    first: date
    tiles: list[Tile]


# --- Tiles -----------------------------------------------------------------------------------------------------------


def tiles_of(photos: Sequence[Photo]) -> list[Tile]:
    """Tiles of photos, from their records; rows that have fallen behind are indexed on the way."""
    records = catalog.get_outlines(photos)
    indexed = {photo.pk: photo for photo in index_seen(photos, records)}
    thumbs = presign.addresses(_thumb_keys(records.values()))
    return [_tile(indexed.get(photo.pk, photo), records.get(photo.pk), thumbs) for photo in photos]


def tiles_or_blanks(photos: Sequence[Photo]) -> tuple[list[Tile], bool]:
    """Tiles, and whether their pictures and labels are missing because the records cannot be read."""
    try:
        return tiles_of(photos), False
    except AWS_ERRORS:
        logger.exception("photos are shown without pictures")
        return blank_tiles_of(photos), True


def blank_tiles_of(photos: Iterable[Photo]) -> list[Tile]:
    """Tiles from what the rows alone know, for when the records cannot be read."""
    return [
        Tile(photo, photo.status, *_thumb_size(photo), thumb="", placeholder="", reason=photo.why, labels=[])
        for photo in photos
    ]


def _thumb_keys(records: Iterable[contract.Photo]) -> list[str]:
    return [record.renditions[contract.THUMB].key for record in records if contract.THUMB in record.renditions]


def _tile(photo: Photo, record: contract.Photo | None, thumbs: dict[str, str]) -> Tile:
    if record is None:
        width, height = _thumb_size(photo)
        return Tile(photo, Status.UPLOADING, width, height, thumb="", placeholder="", reason="", labels=[])
    thumb = record.renditions.get(contract.THUMB)
    width, height = (thumb.width, thumb.height) if thumb else _thumb_size(photo)
    mark, warning = _warning(photo, record) if thumb else ("", "")
    return Tile(
        photo,
        catalog.status_of(record),
        width,
        height,
        thumb=thumbs[thumb.key] if thumb else "",
        placeholder=placeholder_of(record) if thumb else "",
        reason=said(record.reason),
        labels=[label.name for label in surest(contract.shown_labels(record))[:TOP_LABELS]],
        mark=mark,
        warning=warning,
    )


def _warning(photo: Photo, record: contract.Photo) -> tuple[str, str]:
    if photo.review == Review.QUARANTINED:
        return _("Waiting for review"), _("Somebody here looks at it before others can see it.")
    if photo.review == Review.REJECTED:
        return _("Not shown to others"), _("Somebody here has looked at it. Its page says why others cannot see it.")
    return (_("Incomplete"), str(INCOMPLETE)) if record.original.incomplete else ("", "")


def placeholder_of(record: contract.Photo) -> str:
    """The address of what to show before the picture, or an empty string. A transparent one would shine through its
    picture for good, so those have none."""
    try:
        picture = base64.b64decode(record.placeholder, validate=True)
    except ValueError:
        return ""
    is_shown = picture[8:12] == b"WEBP" and not _is_transparent(picture)
    return f"data:image/webp;base64,{record.placeholder}" if is_shown else ""


def _is_transparent(webp: bytes) -> bool:
    """Whether its extended header says so. A picture without one, as the pipeline writes most, has no transparency."""
    return webp[12:16] == b"VP8X" and any(flags & 0x10 for flags in webp[20:21])


def _thumb_size(photo: Photo) -> tuple[int, int]:
    """The size that a photo's thumbnail will have, as far as its row knows."""
    width, height = photo.width or 4, photo.height or 3
    shrink = THUMB_SIDE / max(width, height)
    return max(round(width * shrink), 1), max(round(height * shrink), 1)


def word_of(status: str) -> str:
    """One word or two for where a photo stands."""
    # Until the pipeline has it, nobody here knows whether its file is on its way, or was given up by who sent it.
    return _("Waiting to begin") if status == Status.UPLOADING else str(Status(status).label)


def surest(labels: Iterable[contract.Label]) -> list[contract.Label]:
    return sorted(labels, key=lambda label: -label.confidence)


def by_month(tiles: Iterable[Tile]) -> list[Month]:
    default = timezone.get_default_timezone()  # whoever looks: a camera's clock has no other

    def month(tile: Tile) -> date:
        return timezone.localtime(tile.photo.timeline_at, default).date().replace(day=1)

    return [Month(first, list(some)) for first, some in groupby(tiles, key=month)]


def first_pictures(tiles: Iterable[Tile]) -> list[Tile]:
    """The tiles whose pictures a browser fetches at once: those that are surely in sight."""
    return [tile for tile in tiles if tile.thumb][:AT_ONCE]


def waiting(tiles: Iterable[Tile], query: str) -> dict[str, object]:
    """How many tiles are open, and the address to ask about them, which ends with `query`: what names the selection, or
    the album, that they are of."""
    ids = [str(tile.photo.pk) for tile in tiles if tile.is_open]
    query = "&".join(filter(None, (urlencode({"ids": ",".join(ids)}, safe=","), query)))
    return {"open_count": len(ids), "poll": f"{reverse('photos:tiles')}?{query}"}
