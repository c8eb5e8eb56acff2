"""TIFF, which can be almost anything: what is refused of it before decoding, and what libvips is trusted with.

Tags and their values are those of TIFF 6.0 and its supplements, as Pillow reads them into `image.tag_v2`.
"""

from __future__ import annotations

from typing import Any

from PIL.ExifTags import Base as Tag

from .contract import MAX_PIXELS, Refusal, reason
from .errors import Refused

_DNG_VERSION, _REDUCED_RESOLUTION = 50706, 1
_COMMON_TILE = 2048  # pixels a side: a small picture may well lie in one of these
_MOST_BYTES = 1_000_000_000  # of all pixels, as a file in separate planes is held

# None, CCITT, fax 3 and 4, LZW, JPEG, deflate, PackBits, the older deflate. Of others libvips may draw black.
_COMPRESSIONS = {1, 2, 3, 4, 5, 7, 8, 32773, 32946}
_JPEG = 7
_SAMPLES = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3}  # colour channels by PhotometricInterpretation
_YCBCR = 6
_EXTRA_SAMPLES, _ALPHA, _NOT_SAID = 338, {1, 2}, (2,)
_SAMPLE_FORMAT, _SIGNED = 339, 2

Tags = Any


def refuse_unsafe(image: Any, data: bytes) -> None:
    """Raises Refused for a camera's raw file, one that is cut off, and one that would take too much memory."""
    tags = image.tag_v2
    # A raw file is a TIFF that begins with a small preview.
    if data[8:10] == b"CR" or _DNG_VERSION in tags or tags.get(Tag.NewSubfileType, 0) & _REDUCED_RESOLUTION:
        raise Refused(reason(Refusal.NOT_A_PHOTO, detail="a raw file"))
    if _is_cut_off(tags, len(data)):  # which libvips does not notice
        raise Refused(reason(Refusal.DAMAGED, detail="pixels lie behind the end of the file"))
    if _is_vast(tags):
        raise Refused(reason(Refusal.DAMAGED, detail="a tile far larger than the picture, or too many bits a pixel"))


def _is_cut_off(tags: Tags, size: int) -> bool:
    starts = tags.get(Tag.StripOffsets) or tags.get(Tag.TileOffsets) or ()
    lengths = tags.get(Tag.StripByteCounts) or tags.get(Tag.TileByteCounts) or ()
    return any(start + length > size for start, length in zip(starts, lengths, strict=False))


def _is_vast(tags: Tags) -> bool:
    """A decoder makes room for a whole tile, however small the picture in it."""
    width, height = tags[Tag.ImageWidth], tags[Tag.ImageLength]
    for side, tile in ((width, tags.get(Tag.TileWidth, 0)), (height, tags.get(Tag.TileLength, 0))):
        if tile > max(side + 15, _COMMON_TILE):  # sides of tiles are multiples of 16
            return True
    bits = max(tags.get(Tag.BitsPerSample, (1,))) * tags.get(Tag.SamplesPerPixel, 1)
    return width * height * bits // 8 > _MOST_BYTES and width * height <= MAX_PIXELS


def is_for_libvips(tags: Tags) -> bool:
    """Whether libvips draws its colours as they look. It takes YCbCr for RGB, unless JPEG says it."""
    compression, photometric = tags.get(Tag.Compression, 1), tags.get(Tag.PhotometricInterpretation)
    if compression not in _COMPRESSIONS or photometric not in _SAMPLES or _SIGNED in tags.get(_SAMPLE_FORMAT, ()):
        return False
    return photometric != _YCBCR or compression == _JPEG


def colour_channels(tags: Tags) -> list[int]:
    return list(range(_SAMPLES[tags[Tag.PhotometricInterpretation]]))


def channels_shown(tags: Tags) -> list[int] | None:
    """Which channels make the picture, where there are others beside them: masks, spot colours. None when all do.

    libvips takes whatever comes after the colours for alpha, and would hide the photo behind a mask. One further
    channel that the file says nothing of is mostly alpha."""
    colours, samples = colour_channels(tags), tags.get(Tag.SamplesPerPixel, 1)
    further = range(len(colours), samples)
    kinds = tags.get(_EXTRA_SAMPLES) or (_NOT_SAID if len(further) == 1 else ())
    shown = colours + [channel for channel, kind in zip(further, kinds, strict=False) if kind in _ALPHA][:1]
    return shown if len(shown) < samples else None
