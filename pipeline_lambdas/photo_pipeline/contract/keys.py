"""The keys of originals and renditions in S3."""

from __future__ import annotations

import re

THUMB, DISPLAY, ANALYSIS = "thumb", "display", "analysis"
RENDITION_FILES = {THUMB: "thumb.webp", DISPLAY: "display.webp", ANALYSIS: "analysis.jpg"}
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ORIGINAL_KEY = re.compile(rf"originals/(?P<owner>{_UUID})/(?P<photo>{_UUID})\.(?P<extension>[a-z0-9]{{1,8}})")
_RENDITION_KEY = re.compile(rf"renditions/(?P<owner>{_UUID})/(?P<photo>{_UUID})/(?P<run>[^/]+)/[^/]+")


def original_key(owner_id: str, photo_id: str, extension: str) -> str:
    """`originals/{owner}/{photo}.{ext}` in the originals bucket."""
    return f"originals/{owner_id}/{photo_id}.{extension}"


def parse_original_key(key: str) -> tuple[str, str] | None:
    """(owner id, photo id) of an original's key, or None when it is no such key."""
    match = _ORIGINAL_KEY.fullmatch(key)
    return (match["owner"], match["photo"]) if match else None


def photo_prefix(owner_id: str, photo_id: str) -> str:
    """Where all renditions of a photo lie, of every run, in the renditions bucket."""
    return f"renditions/{owner_id}/{photo_id}/"


def run_prefix(owner_id: str, photo_id: str, run_id: str) -> str:
    """Where one run's renditions lie."""
    return f"{photo_prefix(owner_id, photo_id)}{run_id}/"


def rendition_key(owner_id: str, photo_id: str, run_id: str, name: str) -> str:
    """Key of one rendition (`thumb`, `display` or `analysis`)."""
    return run_prefix(owner_id, photo_id, run_id) + RENDITION_FILES[name]


def parse_rendition_key(key: str) -> tuple[str, str, str] | None:
    """(owner id, photo id, run id) of a rendition's key, or None when it is no such key."""
    match = _RENDITION_KEY.fullmatch(key)
    return (match["owner"], match["photo"], match["run"]) if match else None
