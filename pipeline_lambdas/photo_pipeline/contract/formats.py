"""The formats of files that are accepted (design section 8)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """An accepted file format: Pillow's name of it, the extension of its S3 key, its media type."""

    name: str
    extension: str
    media_type: str


FORMATS = {
    format.name: format
    for format in (
        Format("JPEG", "jpg", "image/jpeg"),
        Format("PNG", "png", "image/png"),
        Format("WEBP", "webp", "image/webp"),
        Format("GIF", "gif", "image/gif"),
        Format("HEIF", "heic", "image/heic"),
        Format("AVIF", "avif", "image/avif"),
        Format("TIFF", "tiff", "image/tiff"),
        Format("BMP", "bmp", "image/bmp"),
    )
}
SNIFF_BYTES = 64
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def sniff_format(head: bytes) -> Format | None:
    """The format that a file's first `SNIFF_BYTES` bytes announce, or None. Its name is never asked."""
    signatures = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"GIF87a": "GIF", b"GIF89a": "GIF",
                  b"II*\x00": "TIFF", b"MM\x00*": "TIFF", b"II+\x00": "TIFF", b"MM\x00+": "TIFF",
                  b"BM": "BMP"}  # fmt: skip
    for signature, name in signatures.items():
        if head.startswith(signature):
            return FORMATS[name]
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return FORMATS["WEBP"]
    if head[4:8] == b"ftyp":
        return _sniff_iso_media(head)
    return None


def _sniff_iso_media(head: bytes) -> Format | None:
    box_end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12]} | {head[at : at + 4] for at in range(16, box_end, 4)}
    if brands & _AVIF_BRANDS:
        return FORMATS["AVIF"]
    if brands & _HEIF_BRANDS:
        return FORMATS["HEIF"]
    return None
