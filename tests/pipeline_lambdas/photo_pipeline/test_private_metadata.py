"""What a camera tells of its owner stays in the original: no rendition carries it, from whichever format."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from pipeline_lambdas.photo_pipeline.inspection import inspect
from pipeline_lambdas.photo_pipeline.renditions import draw
from tests import photo_files

pytestmark = pytest.mark.exiftool

FORMATS = ("JPEG", "TIFF", "PNG", "WEBP", "HEIF", "AVIF")
SECRET = "Ada-Lovelace-7310"
PRIVATE = (
    "EXIF:GPSLatitude=48.2", "EXIF:GPSLatitudeRef=N", "EXIF:GPSLongitude=16.37", "EXIF:GPSLongitudeRef=E",
    "XMP-exif:GPSLatitude=48.2", "XMP-exif:GPSLongitude=16.37",
    *(f"{tag}={SECRET}" for tag in (
        "EXIF:SerialNumber", "EXIF:LensSerialNumber", "EXIF:OwnerName", "EXIF:Artist", "EXIF:Copyright",
        "EXIF:UserComment", "XMP-aux:SerialNumber", "XMP-aux:OwnerName", "XMP-dc:Creator", "XMP-dc:Description",
    )),
)  # fmt: skip
WORDS_OF_PRIVATE_TAGS = ("gps", "serial", "owner", "thumbnail", "preview", "artist", "creator", "comment", "copyright")
# What exiftool says of any file: of its name, its size, and how its pixels are packed.
HARMLESS_GROUPS = {"SourceFile", "ExifTool", "File", "RIFF", "JFIF", "Composite"}


def _tags(exiftool: str, file: Path) -> dict[str, object]:
    """Every tag, the unknown and the doubled too, as `Group:Name`."""
    said = subprocess.run([exiftool, "-j", "-a", "-u", "-G", file], capture_output=True, check=True).stdout
    tags: dict[str, object] = json.loads(said)[0]
    return tags


def _private(tags: dict[str, object]) -> set[str]:
    return {word for word in WORDS_OF_PRIVATE_TAGS if any(word in tag.lower() for tag in tags)}


def _give_away_everything(exiftool: str, folder: Path, format: str) -> Path:
    """A photo with a place, serial numbers, an owner's name and an embedded thumbnail, as exiftool writes them."""
    pillow_heif.register_heif_opener()
    file, thumbnail = folder / f"photo.{format.lower()}", folder / "thumbnail.jpg"
    thumbnail.write_bytes(photo_files.encode(photo_files.photo("astronaut").resize((64, 64)), "JPEG"))
    file.write_bytes(
        photo_files.encode(photo_files.photo(), format, quality=90, exif=photo_files.camera_exif().tobytes())
    )
    told = [
        *PRIVATE,
        f"IFD1:ThumbnailImage<={thumbnail}",
        f"XMP-xmp:ThumbnailImage<={thumbnail}",
        "XMP-xmp:ThumbnailFormat=JPEG",
    ]
    subprocess.run(
        [exiftool, "-q", "-m", "-overwrite_original", *(f"-{each}" for each in told), file], check=True, text=True
    )
    return file


@pytest.mark.parametrize("format", FORMATS)
def test_no_rendition_tells_place_serial_owner_or_holds_a_thumbnail(format: str, tmp_path: Path, exiftool: str) -> None:
    original = _give_away_everything(exiftool, tmp_path, format)
    assert {"gps", "serial", "owner", "thumbnail"} <= _private(_tags(exiftool, original))
    data = original.read_bytes()
    for name, picture in draw(data, inspect(data).format).pictures.items():
        rendition = tmp_path / name
        rendition.write_bytes(picture.data)
        tags = _tags(exiftool, rendition)
        assert _private(tags) == set()
        assert {tag.partition(":")[0] for tag in tags} <= HARMLESS_GROUPS
        assert SECRET.encode() not in picture.data
        assert not Image.open(io.BytesIO(picture.data)).getexif()
