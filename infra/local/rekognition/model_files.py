"""The ONNX files shipped in models/: checked against their checksums, then opened."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import onnxruntime

FOLDER = Path(__file__).parent / "models"


class DamagedModelError(Exception):
    """A model file is missing, or is not the one that was committed."""


@dataclass(frozen=True)
class ModelFile:
    """An ONNX file and the SHA-256 it was committed with, in hexadecimal."""

    path: Path
    sha256: str


LABELS = ModelFile(
    path=FOLDER / "labels-efficientnet-lite2-int8.onnx",
    sha256="34554b360f177bbcecff37902f56072d532c747d353e2b874a93f5ef29303e58",
)
FACES = ModelFile(
    path=FOLDER / "faces-centerface.onnx",
    sha256="2c360324bdff01edf627aca610fad82ceb2913a697a88a62702314be726ee41d",
)
MODERATION = ModelFile(
    path=FOLDER / "moderation-open-nsfw-fp16.onnx",
    sha256="ff0c7e88893afda824638fc30fccf7104bd994f17460fcec8df3937863ba188b",
)


def open_session(model: ModelFile, threads: int = 1) -> onnxruntime.InferenceSession:
    """A CPU session that uses `threads` threads a run. Raises DamagedModelError."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Memory is planned once for each shape of photo, and kept: a third more for no time won.
    options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(_read_checked(model), options, providers=["CPUExecutionProvider"])


def _read_checked(model: ModelFile) -> bytes:
    try:
        content = model.path.read_bytes()
    except FileNotFoundError as error:
        raise DamagedModelError(f"The model file {model.path} is missing. {_remedy(model)}") from error
    if hashlib.sha256(content).hexdigest() != model.sha256:
        raise DamagedModelError(f"The model file {model.path} is damaged: its SHA-256 differs. {_remedy(model)}")
    return content


def _remedy(model: ModelFile) -> str:
    return f"Restore it with: git checkout -- {model.path}"
