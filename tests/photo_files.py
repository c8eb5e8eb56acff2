"""Files as people send them, made from the photos in tests/photos: the good, the odd and the hostile."""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import pillow_heif
from PIL import ExifTags, Image, ImageDraw

PHOTOS = Path(__file__).parent / "photos"
DEGREES = ((48.0, 12.0, 30.0), (16.0, 22.0, 15.0))


def photo(name: str = "chelsea") -> Image.Image:
    return Image.open(PHOTOS / f"{name}.jpg").convert("RGB")


def encode(image: Image.Image, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def camera_exif(*, orientation: int = 1, gps: bool = True) -> Image.Exif:
    """What a phone writes, the place included."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "Apple"
    exif[ExifTags.Base.Model] = "iPhone 12"
    notes = exif.get_ifd(ExifTags.IFD.Exif)
    notes[ExifTags.Base.DateTimeOriginal] = "2024:05:12 14:03:11"
    notes[ExifTags.Base.OffsetTimeOriginal] = "+02:00"
    notes[ExifTags.Base.ExposureTime] = 1 / 125
    notes[ExifTags.Base.FNumber] = 1.8
    notes[ExifTags.Base.FocalLength] = 4.25
    notes[ExifTags.Base.ISOSpeedRatings] = 64
    notes[ExifTags.Base.LensModel] = "iPhone 12 back camera"
    if gps:
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
        place.update({1: "N", 2: DEGREES[0], 3: "E", 4: DEGREES[1]})
    return exif


# How a sensor's pixels lie when the photo is upright, for each EXIF orientation.
_AS_STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def phone_jpeg(*, orientation: int = 6, name: str = "chelsea") -> bytes:
    """A photo as a phone stores it: pixels lying on their side, an orientation that rights them, and the place."""
    transpose = _AS_STORED[orientation]
    upright = photo(name)
    stored = upright.transpose(transpose) if transpose is not None else upright
    return encode(stored, "JPEG", quality=90, exif=camera_exif(orientation=orientation))


def heic(name: str = "coffee") -> bytes:
    pillow_heif.register_heif_opener()
    return encode(photo(name), "HEIF", quality=80, exif=camera_exif().tobytes())


def transparent_png(name: str = "rocket") -> bytes:
    image = photo(name).convert("RGBA")
    mask = Image.new("L", image.size, 0)
    ImageDraw.Draw(mask).ellipse((0, 0, *image.size), fill=255)
    image.putalpha(mask)
    return encode(image, "PNG")


def webp(name: str = "astronaut") -> bytes:
    return encode(photo(name), "WEBP", quality=85)


def camera_jpeg(name: str = "coffee", size: tuple[int, int] = (4288, 2848)) -> bytes:
    """12 megapixels."""
    return encode(photo(name).resize(size, Image.Resampling.BICUBIC), "JPEG", quality=90, exif=camera_exif())


def five_photos() -> dict[str, bytes]:
    """What a person might choose at once, by file name."""
    return {
        "IMG_0001.JPG": phone_jpeg(),
        "IMG_0002.HEIC": heic(),
        "launch.png": transparent_png(),
        "portrait.webp": webp(),
        "DSC_0042.jpg": camera_jpeg(),
    }


def tiff_of(bands: Sequence[Image.Image], *, photometric: int, extra: Sequence[int] = ()) -> bytes:
    """A plain TIFF of any number of channels, 8 bits each; `extra` is its tag ExtraSamples, left out when empty."""
    width, height = bands[0].size
    pixels = bytes(itertools.chain.from_iterable(zip(*(band.tobytes() for band in bands), strict=True)))
    count = len(bands)
    tags = [(256, 4, [width]), (257, 4, [height]), (258, 3, [8] * count), (259, 3, [1]), (262, 3, [photometric]),
            (273, 4, [8]), (277, 3, [count]), (278, 4, [height]), (279, 4, [len(pixels)])]  # fmt: skip
    tags += [(338, 3, list(extra))] if extra else []
    start = 8 + len(pixels)
    values_at = start + 2 + 12 * len(tags) + 4
    directory, values = struct.pack("<H", len(tags)), b""
    for tag, kind, numbers in tags:
        packed = struct.pack(f"<{len(numbers)}{'H' if kind == 3 else 'I'}", *numbers)
        inline = packed.ljust(4, b"\0") if len(packed) <= 4 else struct.pack("<I", values_at + len(values))
        values += packed if len(packed) > 4 else b""
        directory += struct.pack("<HHI", tag, kind, len(numbers)) + inline
    return b"II*\0" + struct.pack("<I", start) + pixels + directory + bytes(4) + values


def truncated_jpeg() -> bytes:
    """The first sixth of a photo."""
    return cut_off(0.16)


def cut_off(share: float, **options: object) -> bytes:
    """The first part of a photo's JPEG, as a copy that broke off leaves it."""
    whole = encode(photo(), "JPEG", quality=90, **options)
    return whole[: int(len(whole) * share)]


def text_named_jpg() -> bytes:
    return b"Dear diary, today I renamed a text file.\n" * 20


def svg() -> bytes:
    return b'<svg xmlns="http://www.w3.org/2000/svg" width="400" height="400"><script>alert(1)</script></svg>'


def png(width: int, height: int) -> bytes:
    """A grey PNG of any size, written row by row: 20,000 × 20,000 is 388 KB."""
    packer = zlib.compressobj(9)
    row = bytes(width + 1)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def too_large() -> bytes:
    """60 MB that begin like a photo."""
    return (PHOTOS / "chelsea.jpg").read_bytes().ljust(60_000_000, b"\0")


def many(count: int) -> dict[str, bytes]:
    """That many small photos, all different: cuttings of the ones we have, each from another place and turned."""
    sources = [photo(name) for name in ("astronaut", "chelsea", "coffee", "rocket")]
    return {f"IMG_{at:04}.JPG": _cutting(sources[at % len(sources)], at) for at in range(count)}


def _cutting(source: Image.Image, at: int) -> bytes:
    left, top = 2 * (at % 25), 2 * (at // 25)
    cut = source.crop((left, top, source.width - 50 + left, source.height - 50 + top))
    turned = cut.rotate(at % 7 - 3, resample=Image.Resampling.BICUBIC)
    turned.thumbnail((400, 400))
    return encode(turned, "JPEG", quality=85)
