"""Whatever bytes arrive, the header check answers: facts within the limits, or a refusal with a code."""

from __future__ import annotations

import functools
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_lambdas.photo_pipeline.contract import (
    FORMATS,
    SENTENCES,
    SNIFF_BYTES,
    Refusal,
    refuse_dimensions,
    sniff_format,
)
from pipeline_lambdas.photo_pipeline.errors import Refused
from pipeline_lambdas.photo_pipeline.inspection import Facts, inspect
from tests import photo_files

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow tells all that it overlooks

ROOT = Path(__file__).resolve().parents[3]
SIGNATURES = [
    b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"MM\0+",
    b"BM", b"RIFF\0\0\0\0WEBP", b"RIFF\xff\xff\xff\xffWEBPVP8X", b"\0\0\0\x20ftypheic\0\0\0\0mif1",
    b"\0\0\0\x1cftypavif",
]  # fmt: skip
CUT_OR_SPOILT = settings(max_examples=100)


@functools.cache
def _small(format: str) -> bytes:
    """A photo that is whole, small, and has a camera's notes where the format has room for them."""
    pillow_heif.register_heif_opener()
    image = photo_files.photo()
    image.thumbnail((160, 160))
    notes = {} if format in ("BMP", "GIF") else {"exif": photo_files.camera_exif(orientation=6).tobytes()}
    return photo_files.encode(image, format, **notes)


def _facts_or_refusal(data: bytes) -> Facts | Refusal:
    """What `inspect` says, once it is known to be sound."""
    facts, refused = _inspected(data)
    if refused:
        code = Refusal(refused.reason.code)
        assert refused.reason.text.startswith(SENTENCES[code].partition("{")[0])
        return code
    assert facts is not None
    assert facts.format in FORMATS
    assert refuse_dimensions(facts.width, facts.height) is None
    return facts


def _inspected(data: bytes) -> tuple[Facts | None, Refused | None]:
    try:
        return inspect(data), None
    except Refused as refused:
        return None, refused


@given(st.binary(max_size=200))
def test_a_format_is_told_from_a_few_bytes_or_not_at_all(data: bytes) -> None:
    assert sniff_format(data) in (None, *FORMATS.values())
    assert sniff_format(data[:SNIFF_BYTES]) == sniff_format(data[:SNIFF_BYTES] + b"\0" * 100)


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_known_by_its_first_bytes(format: str) -> None:
    assert sniff_format(_small(format)[:SNIFF_BYTES]) == FORMATS[format]
    assert isinstance(_facts_or_refusal(_small(format)), Facts)


@CUT_OR_SPOILT
@given(st.sampled_from([b"", *SIGNATURES]), st.binary(max_size=400))
def test_any_bytes_are_facts_or_a_refusal(signature: bytes, rest: bytes) -> None:
    _facts_or_refusal(signature + rest)


@pytest.mark.parametrize("format", FORMATS)
@CUT_OR_SPOILT
@given(st.data())
def test_a_photo_cut_short_is_facts_or_a_refusal(format: str, data: st.DataObject) -> None:
    whole = _small(format)
    _facts_or_refusal(whole[: data.draw(st.integers(0, len(whole) - 1))])


@pytest.mark.parametrize("format", FORMATS)
@CUT_OR_SPOILT
@given(st.data())
def test_a_spoilt_photo_is_facts_or_a_refusal(format: str, data: st.DataObject) -> None:
    """Up to ten bytes are others, most of them near the beginning, where sizes and offsets stand."""
    spoilt = bytearray(_small(format))
    near, far = st.integers(0, 299), st.integers(0, len(spoilt) - 1)
    changes = st.lists(st.tuples(near | far, st.integers(0, 255)), min_size=1, max_size=10)
    for at, value in data.draw(changes):
        spoilt[min(at, len(spoilt) - 1)] = value
    _facts_or_refusal(bytes(spoilt))


@pytest.mark.parametrize("format", FORMATS)
@CUT_OR_SPOILT
@given(st.data())
def test_a_photo_with_a_piece_of_another_is_facts_or_a_refusal(format: str, data: st.DataObject) -> None:
    one, other = _small(format), _small(data.draw(st.sampled_from(sorted(FORMATS))))
    end, start = data.draw(st.integers(0, min(400, len(one)))), data.draw(st.integers(0, min(400, len(other))))
    _facts_or_refusal(one[:end] + other[start:])


def _at(data: bytes, position: int, kind: str, *numbers: int) -> bytes:
    patch = struct.pack(kind, *numbers)
    assert position >= 0
    return data[:position] + patch + data[position + len(patch) :]


def _jpeg_of(width: int, height: int) -> bytes:
    data = _small("JPEG")
    return _at(data, data.index(b"\xff\xc0") + 5, ">HH", height, width)


def _png_of(width: int, height: int) -> bytes:
    header = _at(_small("PNG")[:33], 16, ">II", width, height)
    return header[:29] + struct.pack(">I", zlib.crc32(header[12:29])) + _small("PNG")[33:]


def _gif_of(width: int, height: int) -> bytes:
    data = _small("GIF")
    frame = data.index(b"\x2c\0\0\0\0")
    return _at(_at(data, 6, "<HH", width, height), frame + 5, "<HH", width, height)


def _webp_of(width: int, height: int) -> bytes:
    data = _small("WEBP")
    assert data[12:16] == b"VP8X"
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    frame = data.index(b"VP8 ")
    return _at(data[:24] + sides + data[30:], frame + 14, "<HH", min(width, 16383), min(height, 16383))


def _tiff_of(width: int, height: int) -> bytes:
    data = photo_files.encode(photo_files.photo().resize((160, 106)), "TIFF")
    start = int.from_bytes(data[4:8], "little")
    for entry in range(start + 2, start + 2 + 12 * int.from_bytes(data[start : start + 2], "little"), 12):
        tag = int.from_bytes(data[entry : entry + 2], "little")
        if tag in (256, 257):
            data = _at(data, entry, "<HHII", tag, 4, 1, (width, height)[tag - 256])
    return data


def _gif_that_clears(width: int, height: int) -> bytes:
    """A small screen, and a first frame of this size to be cleared when it was shown, which Pillow does in advance."""
    clear = b"\x21\xf9\x04\x08\0\0\0\0"
    frame = b"\x2c\0\0\0\0" + struct.pack("<HH", width, height) + b"\0" + b"\x02\x02\x4c\x01\0"
    return b"GIF89a" + struct.pack("<HH", 100, 100) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff" + clear + frame + b"\x3b"


def _bmp_of(width: int, height: int) -> bytes:
    return _at(_small("BMP"), 18, "<ii", width, height)


def _iso_media_of(format: str, width: int, height: int) -> bytes:
    data = _small(format)
    return _at(data, data.index(b"ispe") + 8, ">II", width, height)


BOMBS = {
    "JPEG": _jpeg_of(20_000, 20_000),
    "PNG": _png_of(20_000, 20_000),
    "PNG, the most": _png_of(2**31 - 1, 2**31 - 1),
    "GIF": _gif_of(20_000, 20_000),
    "GIF, cleared": _gif_that_clears(65_000, 65_000),
    "WEBP": _webp_of(16_383, 16_383),
    "TIFF": _tiff_of(20_000, 20_000),
    "BMP": _bmp_of(20_000, 20_000),
    "BMP, upside down": _bmp_of(20_000, -20_000),
    "HEIF": _iso_media_of("HEIF", 20_000, 20_000),
    "AVIF": _iso_media_of("AVIF", 16_000, 16_000),
    "a PNG that can be decoded": photo_files.png(20_000, 20_000),
}


def _tiff_of_one_tile(side: int) -> bytes:
    """160 × 106 pixels that lie in a tile of `side` × `side`, which a decoder makes room for."""
    tags = [(256, 4, 160), (257, 4, 106), (258, 3, 8), (259, 3, 8), (262, 3, 1), (277, 3, 1), (322, 4, side),
            (323, 4, side), (324, 4, 8 + 2 + 10 * 12 + 4), (325, 4, 8)]  # fmt: skip
    directory = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + directory + bytes(4) + zlib.compress(b"")


def test_a_tile_far_larger_than_its_picture_is_refused() -> None:
    assert _facts_or_refusal(_tiff_of_one_tile(16_000)) == Refusal.DAMAGED
    assert isinstance(_facts_or_refusal(_tiff_of_one_tile(256)), Facts)


@pytest.mark.parametrize(
    "stuffing", [b"\x21\xfe" + b"\x01x" * 2_000_000 + b"\0", b"\0" * 5_000_000], ids=["extension", "strays"]
)
def test_a_gif_that_is_mostly_something_else_is_refused_early(stuffing: bytes) -> None:
    head = b"GIF89a" + struct.pack("<HH", 100, 100) + b"\0\0\0"
    assert _facts_or_refusal(head + stuffing) == Refusal.DAMAGED


# Within 64 MB no picture of 20,000 × 20,000 can be decoded, by whatever code: that would be 400 MB of grey.
INSPECT_WITHIN_64_MB = """
import resource, sys
from pathlib import Path
from pipeline_lambdas.photo_pipeline.errors import Refused
from pipeline_lambdas.photo_pipeline.inspection import inspect

def say(data):
    try:
        return inspect(data).format
    except Refused as refused:
        return refused.reason.code

say(Path(sys.argv[1]).read_bytes())
bomb = Path(sys.argv[2]).read_bytes()
pages = int(Path("/proc/self/statm").read_text().split()[0])
most = pages * resource.getpagesize() + (64 << 20)
resource.setrlimit(resource.RLIMIT_AS, (most, most))
try:
    bytearray(100 << 20)
except MemoryError:
    print(say(bomb))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc how large it is")
@pytest.mark.parametrize("name", BOMBS)
def test_too_many_pixels_are_refused_before_any_is_decoded(name: str, tmp_path: Path) -> None:
    warm, bomb = tmp_path / "warm", tmp_path / "bomb"
    warm.write_bytes(_small(name.split(",")[0]) if name.split(",")[0] in FORMATS else _small("PNG"))
    bomb.write_bytes(BOMBS[name])
    child = subprocess.run(
        [sys.executable, "-c", INSPECT_WITHIN_64_MB, warm, bomb], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert child.returncode == 0, child.stderr
    assert child.stdout.split() == ["too_many_pixels"]
