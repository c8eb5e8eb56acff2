"""Send every file of a folder through the real ResizeImage handler, each in a process that may die alone.

    python -m benchmarks.hostile FOLDER [--json FILE] [--list]

A child process has 512 MB of address space beyond what it has when it is warm (that is, when it has drawn one photo),
and 10 seconds. Every file must end `ready`, or `rejected` with a code: a process that dies, hangs or raises makes this
exit 1. Beside that, Pillow (with pillow-heif) opens each file: one of an accepted format, of an accepted size, that
Pillow decodes to its end and that is not ready is an exception, and is listed. So is one that is ready and looks unlike
what Pillow shows.

Made for the images that Pillow tests itself with, which its source distribution carries:

    pip download --no-binary :all: --no-deps --no-build-isolation pillow==13.0.0
    tar xf pillow-13.0.0.tar.gz
    python -m benchmarks.hostile pillow-13.0.0/Tests/images
"""

from __future__ import annotations

import argparse
import collections
import functools
import io
import json
import sys
import warnings
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import Image, ImageOps

from benchmarks import children, fake_pipeline
from pipeline_lambdas.photo_pipeline.contract import (
    DISPLAY,
    FORMATS,
    SNIFF_BYTES,
    refuse_dimensions,
    refuse_size,
    sniff_format,
)

LIMITS = children.Limits(spare_bytes=512 << 20, seconds=10)
_PILLOWS_LIMITS = children.Limits(spare_bytes=4 << 30, seconds=30)
READY, REJECTED, DIED, ERROR, TIMEOUT = "ready", "rejected", "died", "error", "timeout"
_BAD = (DIED, ERROR, TIMEOUT)
_NO_FORMAT = "other"
_UNLIKE = 12


@dataclass(frozen=True)
class Decoded:
    """What Pillow makes of a file: its name of the format, the stored size in pixels, a glimpse of it; `error` when it
    cannot decode all of it."""

    format: str = ""
    width: int = 0
    height: int = 0
    error: str = ""
    glimpse: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Result:
    """How one file ended: `end` is ready, rejected, died, error or timeout; `announced` the format of its first bytes;
    `incomplete` when it is shown without its end."""

    path: str
    announced: str
    end: str
    pillow: Decoded
    code: str = ""
    detail: str = ""
    incomplete: bool = False
    glimpse: bytes = field(default=b"", repr=False)

    @property
    def difference(self) -> float:
        """Between what we and what Pillow show, the mean of all pixels and colours, of 255."""
        pairs = list(zip(self.glimpse, self.pillow.glimpse, strict=False))
        return sum(abs(ours - theirs) for ours, theirs in pairs) / max(1, len(pairs))

    @property
    def is_expected(self) -> bool:
        """Whether Pillow decodes it, and it is within what is accepted."""
        return (
            not self.pillow.error
            and _accepted_name(self.pillow.format) in FORMATS
            and refuse_dimensions(self.pillow.width, self.pillow.height) is None
        )

    @property
    def is_exception(self) -> bool:
        return self.is_expected and self.end != READY


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path, help="write every file's result here")
    parser.add_argument("--list", action="store_true", help="list what was rejected although its format is accepted")
    arguments = parser.parse_args()
    results = judge_folder(arguments.folder)
    print("\n".join(_report(results, all_rejected=arguments.list)))
    if arguments.json:
        arguments.json.write_text(json.dumps([_as_json(result) for result in results], indent=1))
    return int(any(result.end in _BAD for result in results))


def _as_json(result: Result) -> dict[str, Any]:
    told = asdict(result) | {"difference": round(result.difference, 1)}
    del told["glimpse"], told["pillow"]["glimpse"]
    return told


def judge_folder(folder: Path) -> list[Result]:
    """The result of every file within `folder`, by path."""
    pillow_heif.register_heif_opener()
    fake_pipeline.start()
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [judge(path.read_bytes(), str(path.relative_to(folder))) for path in files]


def judge(data: bytes, name: str) -> Result:
    announced = sniff_format(data[:SNIFF_BYTES])
    ended = children.run(functools.partial(_outcome, data), LIMITS, warm=fake_pipeline.warm)
    how = ended.returned or _End(_what_broke(ended), detail=_last_words(ended))
    return Result(
        path=name,
        announced=announced.name if announced else _NO_FORMAT,
        pillow=_ask_pillow(data),
        **vars(how),
    )


@dataclass(frozen=True)
class _End:
    end: str
    code: str = ""
    detail: str = ""
    incomplete: bool = False
    glimpse: bytes = b""


def _outcome(data: bytes) -> _End:
    photo = fake_pipeline.process(data)
    if photo.reason:
        return _End(photo.status, photo.reason.code, photo.reason.detail)
    with Image.open(io.BytesIO(fake_pipeline.rendition(photo, DISPLAY))) as display:
        return _End(photo.status, incomplete=photo.original.incomplete, glimpse=_glimpse(display))


def _glimpse(image: Image.Image) -> bytes:
    """The picture as seen on white, upright, of 32 × 32 pixels: red, green, blue."""
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I"):  # 16 bits, which Pillow cuts off instead of scaling
        upright = upright.convert("I").point(lambda value: value / 256)
    see_through = upright.convert("RGBA")
    white = Image.new("RGBA", upright.size, "white")
    return Image.alpha_composite(white, see_through).convert("RGB").resize((32, 32), Image.Resampling.BOX).tobytes()


def _what_broke(ended: children.Ended) -> str:
    if ended.timed_out:
        return TIMEOUT
    return DIED if ended.signal else ERROR


def _last_words(ended: children.Ended) -> str:
    lines = (ended.error or ended.said).strip().splitlines()
    return f"{ended.signal} {lines[-1] if lines else ''}".strip()


def _ask_pillow(data: bytes) -> Decoded:
    if refuse_size(len(data)):
        return Decoded(error="its size is refused")
    ended = children.run(functools.partial(_decode_with_pillow, data), _PILLOWS_LIMITS)
    return ended.returned or Decoded(error=_last_words(ended) or _what_broke(ended))


def _decode_with_pillow(data: bytes) -> Decoded:
    Image.MAX_IMAGE_PIXELS = None
    warnings.simplefilter("ignore")
    with Image.open(io.BytesIO(data)) as image:
        decoded = Decoded(image.format or "", *image.size)
        if refuse_dimensions(*image.size):
            return decoded
        image.load()
        return replace(decoded, glimpse=_glimpse(image))


def _accepted_name(pillows: str) -> str:
    return "JPEG" if pillows == "MPO" else pillows


def _report(results: list[Result], *, all_rejected: bool) -> Iterable[str]:
    codes = sorted({result.code for result in results if result.code})
    yield f"{len(results)} files"
    yield ""
    columns = ["files", READY, "of these cut off", *codes, *_BAD, "Pillow decodes", "of these ready"]
    yield "| first bytes say | " + " | ".join(columns) + " |"
    yield "|---|" + "---:|" * len(columns)
    by_format = collections.defaultdict(list)
    for result in results:
        by_format[result.announced].append(result)
    for name in [*FORMATS, _NO_FORMAT]:
        yield f"| {name} | " + " | ".join(map(str, _counts(by_format[name], codes))) + " |"
    yield "| all | " + " | ".join(map(str, _counts(results, codes))) + " |"
    yield from _listed("Dead, wrong or late", [result for result in results if result.end in _BAD])
    exceptions = [result for result in results if result.is_exception]
    yield from _listed("Pillow decodes it, and it is not ready", exceptions)
    unlike = [result for result in results if result.end == READY and result.difference > _UNLIKE]
    yield f"\nReady, and unlike what Pillow shows (a mean difference of more than {_UNLIKE} in 255): {len(unlike)}"
    yield from (f"  {result.path} [{result.announced}] {result.difference:.0f}" for result in unlike)
    if all_rejected:
        others = [each for each in results if each.end == REJECTED and each.announced != _NO_FORMAT]
        yield from _listed("Rejected, of an accepted format", [each for each in others if not each.is_exception])


def _counts(results: list[Result], codes: list[str]) -> list[int]:
    ends = collections.Counter(result.end for result in results)
    why = collections.Counter(result.code for result in results)
    expected = [result for result in results if result.is_expected]
    return [
        len(results),
        ends[READY],
        sum(result.incomplete for result in results),
        *(why[code] for code in codes),
        *(ends[bad] for bad in _BAD),
        len(expected),
        sum(result.end == READY for result in expected),
    ]


def _listed(title: str, results: list[Result]) -> Iterable[str]:
    yield f"\n{title}: {len(results)}"
    for result in results:
        pillow = result.pillow
        made = pillow.error or f"{pillow.format} {pillow.width}x{pillow.height}"
        ours = f"{result.end} {result.code}: {_short(result.detail)}"
        yield f"  {result.path} [{result.announced}] {ours} (Pillow: {_short(made)})"


def _short(text: str) -> str:
    return " / ".join(text.split("\n"))[:160]


if __name__ == "__main__":
    sys.exit(main())
