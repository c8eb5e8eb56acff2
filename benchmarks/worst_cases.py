"""Files that cost the most within the limits, made on the fly: large, of every format and layout."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pyvips
from PIL import Image

Image.MAX_IMAGE_PIXELS = None

Maker = Callable[[Path, int, int], Any]


def blocks(width: int, height: int, bands: int, *, side: int = 8, depth: str = "uint8") -> Any:
    """Squares of random colours: far from one colour, and yet small enough in a lossless file."""
    numbers = np.random.default_rng(7)
    small = numbers.integers(0, np.iinfo(depth).max, (-(-height // side), -(-width // side), bands), dtype=depth)
    spaces = {("uint8", 1): "b-w", ("uint16", 1): "grey16", ("uint16", 3): "rgb16", ("uint16", 4): "rgb16"}
    image = pyvips.Image.new_from_array(small) if bands > 1 else pyvips.Image.new_from_array(small[..., 0])
    cut = image.zoom(side, side).crop(0, 0, width, height)
    return cut.copy(interpretation=spaces.get((depth, bands), "srgb"))


def _vips(operation: str, *, bands: int = 3, side: int = 8, depth: str = "uint8", **options: Any) -> Maker:
    def make(path: Path, width: int, height: int) -> None:
        getattr(blocks(width, height, bands, side=side, depth=depth), operation)(str(path), **options)

    return make


def _cmyk(path: Path, width: int, height: int) -> None:
    blocks(width, height, 4).copy(interpretation="cmyk").jpegsave(str(path), Q=75)


def _pillow(format: str, *, mode: str = "RGB", **options: Any) -> Maker:
    def make(path: Path, width: int, height: int) -> None:
        pixels = blocks(width, height, 1 if mode in "1PL" else 3).numpy()
        Image.fromarray(pixels.squeeze()).convert(mode).save(path, format, **options)

    return make


def _gif(path: Path, width: int, height: int) -> None:
    image = Image.fromarray(blocks(width, height, 1).numpy().squeeze())
    image.putpalette(np.random.default_rng(7).integers(0, 256, 768, dtype=np.uint8).tobytes())
    image.save(path, "GIF")


def _heic(path: Path, width: int, height: int) -> None:
    pillow_heif.register_heif_opener()
    image = Image.fromarray(blocks(width, height, 3, side=16).numpy())
    image.save(path, "HEIF", quality=40, enc_params={"preset": "ultrafast"})


def _flat_png(path: Path, width: int, height: int) -> None:
    """One colour, a row at a time: 20,000 × 20,000 are 388 KB."""
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(width + 1)) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [_chunk(b"IHDR", header), _chunk(b"IDAT", rows), _chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _run_length_bmp(path: Path, width: int, height: int) -> None:
    row = b"".join(bytes([min(200, width - at), at // 200 % 256]) for at in range(0, width, 200)) + b"\0\0"
    palette = b"".join(bytes([shade, 255 - shade, shade // 2, 0]) for shade in range(256))
    pixels, start = row * height + b"\0\1", 14 + 40 + len(palette)
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(pixels), 2835, 2835, 256, 0)
    path.write_bytes(b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + header + palette + pixels)


_SQUARE = (10_000, 10_000)

CASES: dict[str, tuple[Maker, tuple[int, int]]] = {
    "PNG 49 MP RGBA": (_vips("pngsave", bands=4, side=4), (7000, 7000)),
    "PNG 49 MP RGBA interlaced": (_vips("pngsave", bands=4, interlace=True), (7000, 7000)),
    "PNG 400 MP of one colour": (_flat_png, (20_000, 20_000)),
    "PNG 100 MP of one colour": (_flat_png, _SQUARE),
    "PNG 100 MP RGB": (_vips("pngsave"), _SQUARE),
    "PNG 100 MP RGB interlaced": (_vips("pngsave", side=10, interlace=True), _SQUARE),
    "PNG 100 MP RGB 16 bit": (_vips("pngsave", side=16, depth="uint16"), _SQUARE),
    "PNG 100 MP RGBA 16 bit": (_vips("pngsave", bands=4, side=20, depth="uint16"), _SQUARE),
    "PNG 100 MP RGBA 16 bit interlaced": (_vips("pngsave", bands=4, side=32, depth="uint16", interlace=True), _SQUARE),
    "JPEG 100 MP": (_vips("jpegsave", Q=75), _SQUARE),
    "JPEG 100 MP 4:4:4": (_vips("jpegsave", Q=75, subsample_mode="off"), _SQUARE),
    "JPEG 100 MP progressive": (_vips("jpegsave", Q=75, interlace=True), _SQUARE),
    "JPEG 100 MP progressive 4:4:4": (_vips("jpegsave", Q=75, interlace=True, subsample_mode="off"), _SQUARE),
    "JPEG 100 MP CMYK": (_cmyk, _SQUARE),
    "WebP 100 MP": (_vips("webpsave", side=32, Q=60, effort=0), (16_383, 6_100)),
    "WebP 100 MP RGBA lossless": (_vips("webpsave", bands=4, side=16, effort=0, lossless=True), (16_383, 6_100)),
    "GIF 100 MP": (_gif, _SQUARE),
    "TIFF 100 MP strips LZW": (_vips("tiffsave", side=12, compression="lzw"), _SQUARE),
    "TIFF 100 MP tiles deflate": (_vips("tiffsave", compression="deflate", tile=True), _SQUARE),
    "TIFF 100 MP one strip deflate": (_pillow("TIFF", compression="tiff_adobe_deflate", strip_size=10**9), _SQUARE),
    "TIFF 100 MP 16 bit deflate": (_vips("tiffsave", depth="uint16", side=16, compression="deflate"), _SQUARE),
    "TIFF 100 MP JPEG": (_vips("tiffsave", compression="jpeg", tile=True), _SQUARE),
    "BMP 16 MP": (_pillow("BMP"), (4000, 4000)),
    "BMP 49 MP grey": (_pillow("BMP", mode="L"), (7000, 7000)),
    "BMP 100 MP 1 bit": (_pillow("BMP", mode="1"), _SQUARE),
    "BMP 100 MP run-length": (_run_length_bmp, _SQUARE),
    "AVIF 100 MP": (_pillow("AVIF", quality=40, speed=10), _SQUARE),
    "HEIC 100 MP": (_heic, _SQUARE),
}
