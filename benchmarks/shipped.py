"""What the pipeline ships, read from the pipeline: every drawer gets these sizes, settings and environment alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from pipeline_lambdas.photo_pipeline import renditions
from pipeline_lambdas.photo_pipeline.contract import ANALYSIS, DISPLAY, MAX_PIXELS, THUMB

NAMES = (DISPLAY, ANALYSIS, THUMB)
_TEMPLATE = Path(__file__).resolve().parent.parent / "infra" / "template.yaml"


def settings(*, concurrency: int | None = None) -> dict[str, Any]:
    """Sides in pixels, quality and effort of each encoder, threads of libvips, environment of the process."""
    environment = _environment()
    if concurrency is not None:
        environment["VIPS_CONCURRENCY"] = str(concurrency)
    return {
        "environment": environment,
        "concurrency": int(environment["VIPS_CONCURRENCY"]),
        "max_pixels": MAX_PIXELS,
        "sides": {
            DISPLAY: renditions.DISPLAY_SIDE,
            ANALYSIS: renditions.ANALYSIS_SIDE,
            THUMB: renditions.THUMB_SIDE,
        },
        "webp": {"quality": renditions.WEBP["quality"], "effort": renditions.WEBP["method"]},
        "jpeg": {"quality": renditions.JPEG["quality"], "optimize": renditions.JPEG["optimize"]},
    }


def _environment() -> dict[str, str]:
    """What the template gives ResizeImage: how libvips and malloc behave."""
    resources = yaml_parse(_TEMPLATE.read_text())["Resources"]
    return dict(resources["ResizeImage"]["Properties"]["Environment"]["Variables"])


def draw_at_effort(effort: int) -> None:
    """Let this process draw at another effort than the shipped one: for the curve that it was chosen from."""
    renditions.WEBP["method"] = effort
