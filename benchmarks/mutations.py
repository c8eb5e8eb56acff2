"""Spoil a photo's bytes as chance, bad disks and bad people do; the same random numbers spoil it the same way."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from random import Random

_TELLING = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 20_000, 65_500]
_HEADER = 600
_MOST_BYTES = 1 << 20


def mutate(data: bytes, dice: Random, others: list[bytes]) -> bytes:
    """`data` after one to five changes, most of them few; `others` lend pieces of themselves."""
    for _ in range(dice.choice((1, 1, 2, 3, 5))):
        data = dice.choice(_MUTATIONS)(data, dice, others)
    return data[:_MOST_BYTES]


def _place(data: bytes, dice: Random) -> int:
    """Half of all changes hit the header, where formats are decided and lengths are told."""
    return dice.randrange(min(len(data), _HEADER) if dice.random() < 0.5 else len(data)) if data else 0


def _flip_bits(data: bytes, dice: Random, _others: list[bytes]) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice((1, 2, 8, 64)) if data else 0):
        changed[_place(data, dice)] ^= 1 << dice.randrange(8)
    return bytes(changed)


def _set_number(data: bytes, dice: Random, _others: list[bytes]) -> bytes:
    """A telling number where a length, a size or an offset may stand."""
    kind = dice.choice((">B", "<H", ">H", "<I", ">I"))
    number = struct.pack(kind, dice.choice(_TELLING) & ((1 << 8 * struct.calcsize(kind)) - 1))
    at = _place(data, dice)
    return data[:at] + number + data[at + len(number) :]


def _nudge_number(data: bytes, dice: Random, _others: list[bytes]) -> bytes:
    at = _place(data, dice)
    changed = bytearray(data)
    changed[at : at + 1] = bytes([(changed[at] + dice.choice((-16, -2, -1, 1, 2, 16))) % 256]) if data else b""
    return bytes(changed)


def _cut_end(data: bytes, dice: Random, _others: list[bytes]) -> bytes:
    return data[: dice.randrange(len(data) + 1)]


def _cut_out(data: bytes, dice: Random, _others: list[bytes]) -> bytes:
    at = _place(data, dice)
    return data[:at] + data[at + dice.choice((1, 4, 16, 300, 4096)) :]


def _repeat(data: bytes, dice: Random, _others: list[bytes]) -> bytes:
    at = _place(data, dice)
    piece = data[at : at + dice.choice((1, 4, 12, 64, 1024))]
    return data[:at] + piece * dice.choice((2, 3, 50)) + data[at:]


def _insert_noise(data: bytes, dice: Random, _others: list[bytes]) -> bytes:
    at = _place(data, dice)
    return data[:at] + dice.randbytes(dice.choice((1, 4, 64))) + data[at:]


def _overwrite_with_noise(data: bytes, dice: Random, _others: list[bytes]) -> bytes:
    at, length = _place(data, dice), dice.choice((2, 8, 64, 512))
    return data[:at] + dice.randbytes(length) + data[at + length :]


def _splice(data: bytes, dice: Random, others: list[bytes]) -> bytes:
    other = dice.choice(others)
    return data[: _place(data, dice)] + other[_place(other, dice) :]


def _move(data: bytes, dice: Random, _others: list[bytes]) -> bytes:
    start, to, length = _place(data, dice), _place(data, dice), dice.choice((4, 32, 512))
    return data[:to] + data[start : start + length] + data[to + length :]


def _jumble_parts(data: bytes, dice: Random, _others: list[bytes]) -> bytes:
    """Drop, double, shuffle or resize whole parts of the file (PNG's and RIFF's chunks, ISO media's boxes, JPEG's
    segments), with checksums made right again, so that what is behind them is reached."""
    parts = split(data)
    if len(parts) < 2:
        return data
    at = dice.randrange(1, len(parts))
    changed: list[bytes] = dice.choice((_drop, _double, _swap, _spoil))(parts, at, dice)
    return mend(b"".join(changed))


def _drop(parts: list[bytes], at: int, _dice: Random) -> list[bytes]:
    return parts[:at] + parts[at + 1 :]


def _double(parts: list[bytes], at: int, dice: Random) -> list[bytes]:
    return parts[:at] + [parts[at]] * dice.choice((2, 40)) + parts[at + 1 :]


def _swap(parts: list[bytes], at: int, dice: Random) -> list[bytes]:
    other = dice.randrange(1, len(parts))
    parts[at], parts[other] = parts[other], parts[at]
    return parts


def _spoil(parts: list[bytes], at: int, dice: Random) -> list[bytes]:
    parts[at] = _set_number(parts[at], dice, [])
    return parts


def split(data: bytes) -> list[bytes]:
    """A file in its parts, the first of which is its signature; one part when the format has none that are known."""
    if data.startswith(b"\x89PNG"):
        return _split_by(data, 8, lambda at: 12 + int.from_bytes(data[at : at + 4], "big"))
    if data.startswith(b"RIFF"):
        return _split_by(data, 12, lambda at: (9 + int.from_bytes(data[at + 4 : at + 8], "little")) & ~1)
    if data[4:8] == b"ftyp":
        return _split_by(data, 0, lambda at: max(8, int.from_bytes(data[at : at + 4], "big")))
    if data.startswith(b"\xff\xd8"):
        return _split_by(data, 2, lambda at: _segment(data, at))
    return [data]


def _segment(data: bytes, at: int) -> int:
    """A JPEG's scan goes on to the end of the file, as far as this is concerned."""
    return len(data) if data[at + 1 : at + 2] == b"\xda" else 2 + int.from_bytes(data[at + 2 : at + 4], "big")


def _split_by(data: bytes, start: int, length: Callable[[int], int]) -> list[bytes]:
    parts, at = [data[:start]], start
    while at < len(data):
        end = at + length(at)
        parts.append(data[at:end])
        at = end
    return parts


def mend(data: bytes) -> bytes:
    """A PNG with its chunks' checksums made right; anything else as it is."""
    if not data.startswith(b"\x89PNG"):
        return data
    signature, *chunks = split(data)
    return signature + b"".join(chunk[:-4] + struct.pack(">I", zlib.crc32(chunk[4:-4])) for chunk in chunks)


_MUTATIONS = (
    _flip_bits, _set_number, _set_number, _nudge_number, _cut_end, _cut_out, _repeat, _insert_noise,
    _overwrite_with_noise, _splice, _move, _jumble_parts, _jumble_parts, _jumble_parts,
)  # fmt: skip
