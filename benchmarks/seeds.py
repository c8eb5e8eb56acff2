"""Small photos of every accepted format and of the kinds that matter within each: what mutations begin from."""

from __future__ import annotations

import io
from pathlib import Path

import pillow_heif
from PIL import Image, ImageCms

from pipeline_lambdas.photo_pipeline.contract import Refusal
from pipeline_lambdas.photo_pipeline.errors import Refused
from pipeline_lambdas.photo_pipeline.inspection import inspect
from tests import photo_files

_SIZE = (180, 140)
_MOST_BYTES = 120_000
_TIFF_COMPRESSIONS = ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd", "lzma")


def made() -> dict[str, bytes]:
    """Seeds made from the photos in tests/photos, by name."""
    pillow_heif.register_heif_opener()
    photo = photo_files.photo()
    photo.thumbnail(_SIZE)
    return _jpegs(photo) | _pngs(photo) | _animations(photo) | _tiffs(photo) | _others(photo)


def found(folder: Path) -> dict[str, bytes]:
    """The files within a folder that are small, of an accepted format and of enough pixels, by path."""
    files = {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: data for name, data in files.items() if len(data) < _MOST_BYTES and _is_worth_it(data)}


def _is_worth_it(data: bytes) -> bool:
    try:
        inspect(data)
    except Refused as refused:
        return refused.reason.code == Refusal.DAMAGED
    return True


def _jpegs(photo: Image.Image) -> dict[str, bytes]:
    notes = {"exif": photo_files.camera_exif(orientation=6), "icc_profile": _profile(), "comment": b"by a phone"}
    return {
        "jpeg": _encode(photo, "JPEG", **notes),
        "jpeg-progressive": _encode(photo, "JPEG", progressive=True, restart_marker_rows=2),
        "jpeg-grey": _encode(photo.convert("L"), "JPEG", **notes),
        "jpeg-cmyk": _encode(photo.convert("CMYK"), "JPEG"),
        "mpo": _encode(photo, "MPO", save_all=True, append_images=[photo.rotate(180)]),
    }


def _pngs(photo: Image.Image) -> dict[str, bytes]:
    notes = {"exif": photo_files.camera_exif(orientation=8), "icc_profile": _profile()}
    see_through = photo.convert("RGBA")
    see_through.putalpha(photo.convert("L"))
    grey16 = photo.convert("L").convert("I").point(lambda value: value * 257).convert("I;16")
    return {
        "png": _encode(photo, "PNG", **notes),
        "png-alpha": _encode(see_through, "PNG"),
        "png-palette": _encode(photo.quantize(64), "PNG", transparency=3),
        "png-16": _encode(grey16, "PNG"),
        "png-1": _encode(photo.convert("1"), "PNG"),
        "webp-alpha": _encode(see_through, "WEBP", lossless=True, **notes),
        "heic-alpha": _encode(see_through, "HEIF", quality=50),
        "avif-alpha": _encode(see_through, "AVIF", quality=50, exif=notes["exif"]),
    }


def _animations(photo: Image.Image) -> dict[str, bytes]:
    frames = {"save_all": True, "append_images": [photo.rotate(turn) for turn in (90, 180)], "duration": 100}
    return {
        "gif": _encode(photo, "GIF"),
        "gif-animated": _encode(photo, "GIF", **frames),
        "gif-cleared": _encode(photo, "GIF", disposal=2, **frames),
        "apng": _encode(photo, "PNG", **frames),
        "webp-animated": _encode(photo, "WEBP", **frames),
        "avif-animated": _encode(photo, "AVIF", **frames),
        "tiff-pages": _encode(photo, "TIFF", **frames),
    }


def _tiffs(photo: Image.Image) -> dict[str, bytes]:
    notes = {"exif": photo_files.camera_exif(orientation=5), "icc_profile": _profile()}
    compressed = {f"tiff-{name}": _encode(photo, "TIFF", compression=name, **notes) for name in _TIFF_COMPRESSIONS}
    return {
        **compressed,
        "tiff-group4": _encode(photo.convert("1"), "TIFF", compression="group4"),
        "tiff-cmyk": _encode(photo.convert("CMYK"), "TIFF", compression="tiff_lzw"),
        "tiff-lab": _encode(photo.convert("LAB"), "TIFF"),
        "tiff-palette": _encode(photo.quantize(64), "TIFF"),
    }


def _others(photo: Image.Image) -> dict[str, bytes]:
    exif = photo_files.camera_exif(orientation=3)
    return {
        "webp": _encode(photo, "WEBP", exif=exif, icc_profile=_profile()),
        "heic": _encode(photo, "HEIF", quality=50, exif=exif.tobytes()),
        "avif": _encode(photo, "AVIF", quality=50, exif=exif),
        "bmp": _encode(photo, "BMP"),
        "bmp-palette": _encode(photo.quantize(64), "BMP"),
    }


def _profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _encode(image: Image.Image, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()
