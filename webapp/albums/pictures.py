"""Pictures of albums: for their owner with addresses of S3, for others through the site alone."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from django.urls import reverse

from pipeline_lambdas.photo_pipeline import contract
from webapp.albums.models import Album, AlbumPhoto, ShareLink
from webapp.photos import catalog, timeline
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.models import Photo, Status
from webapp.photos.timeline import Tile

logger = logging.getLogger(__name__)


def tiles_or_blanks(photos: Sequence[Photo]) -> tuple[list[Tile], bool]:
    """Tiles for the owner, and whether their pictures are missing because the records cannot be read."""
    try:
        return timeline.tiles_of(photos), False
    except AWS_ERRORS:
        logger.exception("photos of albums are shown without pictures")
        return timeline.blank_tiles_of(photos), True


def covers(albums: Sequence[Album]) -> tuple[dict[UUID, Tile], bool]:
    """The tiles of `described` albums' covers by album, and whether pictures are missing; one call to DynamoDB."""
    photos = Photo.objects.in_bulk({album.front for album in albums if album.front})  # type: ignore[attr-defined]
    tiles, are_out = tiles_or_blanks(list(photos.values()))
    by_photo = {tile.photo.pk: tile for tile in tiles}
    fronts = ((album.pk, by_photo.get(album.front)) for album in albums)  # type: ignore[attr-defined]
    return {album_id: tile for album_id, tile in fronts if tile}, are_out


def records_with(rendition: str, photos: Sequence[Photo]) -> dict[UUID, contract.Photo]:
    """Records by photo id with one of their renditions: of a thumbnail nothing more is read than of a tile."""
    return catalog.get_outlines(photos) if rendition == contract.THUMB else catalog.get_many(photos)


def records_for_others(entries: Sequence[AlbumPhoto], *, rendition: str) -> dict[UUID, contract.Photo]:
    """Records by photo id; none while they cannot be read."""
    try:
        return records_with(rendition, [entry.photo for entry in entries])
    except AWS_ERRORS:
        logger.exception("a shared album is shown without the sizes of its pictures")
        return {}


def tile_for_others(link: ShareLink, entry: AlbumPhoto, record: contract.Photo | None, *, rendition: str) -> Tile:
    """A tile that says nothing but what its picture shows: no labels, no name, and an address on this site."""
    blank = replace(timeline.blank_tiles_of([entry.photo])[0], status=Status.READY, reason="")
    drawn = record.renditions.get(rendition) if record else None
    if record is None or drawn is None:
        return blank
    address = reverse(f"albums:shared_{rendition}", args=[link.token, entry.pk])
    return replace(
        blank,
        width=drawn.width,
        height=drawn.height,
        thumb=address,
        placeholder=timeline.placeholder_of(record),
    )
