"""A warm process that draws photos, one JSON request a line: `python -m benchmarks.worker NAME SETTINGS`.

It first says its versions. A request is `{"path": file, "keep": folder or null}`; the answer has the CPU seconds of
all threads, the seconds on the clock, the bytes of each rendition, and the error or null. Only the way from encoded
bytes in memory to encoded bytes in memory is timed.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from .pillow_renditions import Draw, drawer


def ours(settings: dict[str, Any]) -> Draw:
    """What ResizeImage draws of a file that it has accepted."""
    from pipeline_lambdas.photo_pipeline.contract import SNIFF_BYTES, sniff_format

    from .shipped import draw_at_effort

    draw_at_effort(settings["webp"]["effort"])

    def draw(data: bytes) -> dict[str, bytes]:
        format = sniff_format(data[:SNIFF_BYTES])
        assert format is not None
        return _pictures(data, format.name)

    return draw


def handler(_settings: dict[str, Any]) -> Draw:
    """What ResizeImage does with any file. Raises Refused, whose text is the code of the refusal."""
    import pipeline_lambdas.photo_pipeline.handlers.resize_image  # noqa: F401, all that a warm Lambda has loaded
    from pipeline_lambdas.photo_pipeline.inspection import inspect

    return lambda data: _pictures(data, inspect(data).format)


def _pictures(data: bytes, format: str) -> dict[str, bytes]:
    from pipeline_lambdas.photo_pipeline import renditions

    decoded = renditions.open_original(data, format)
    del data  # as the handler does, to make room
    return {name: picture.data for name, picture in renditions.render(decoded).pictures.items()}


DRAWERS = {
    "ours": ours,
    "handler": handler,
    "pillow": lambda settings: drawer(settings, slack=1.0),
    "pillow-careful": lambda settings: drawer(settings, slack=2.0),
}


def version(name: str) -> str:
    from PIL import Image, features

    pillow = f"Pillow {Image.__version__}, libwebp {features.version('webp')}"
    if name.startswith("pillow"):
        return f"{pillow}, libjpeg-turbo {features.version('libjpeg_turbo')}"
    import pyvips

    libvips = ".".join(str(pyvips.version(part)) for part in range(3))
    return f"pyvips {pyvips.__version__}, libvips {libvips}, {pillow}"


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def answer(request: dict[str, Any], draw: Draw) -> dict[str, Any]:
    data = [Path(request["path"]).read_bytes()]
    said: dict[str, Any] = {"bytes": {}, "error": None}
    files: dict[str, bytes] = {}
    cpu, start = cpu_seconds(), time.perf_counter()
    try:
        files = draw(data.pop())  # so that the drawer alone holds the file
    except Exception as error:  # whatever a drawer cannot open is named in the report
        said["error"] = _why(error)
    said |= {"wall": time.perf_counter() - start, "cpu": cpu_seconds() - cpu}
    for name, file in files.items():
        said["bytes"][name] = len(file)
        if request["keep"]:
            (Path(request["keep"]) / name).write_bytes(file)
    return said


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return f"refused: {reason.code}" if reason else str(error).strip().split("\n")[0] or type(error).__name__


def main() -> None:
    name, settings = sys.argv[1], json.loads(sys.argv[2])
    draw = DRAWERS[name](settings)
    print(json.dumps({"version": version(name)}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), draw)), flush=True)


if __name__ == "__main__":
    main()
