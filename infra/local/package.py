"""What `sam package` does, for the local AWS: the template with its local paths replaced by content-named S3 addresses.

The functions' source alone goes into the zip: local Lambda workers see this virtual environment.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from samtranslator.yaml_helper import yaml_parse

Template = dict[str, Any]
TemplateTransform = Callable[[Template], Template]
STAMP = (1980, 1, 1, 0, 0, 0)  # a zip of the same files is the same zip


@dataclass(frozen=True)
class Package:
    """A template ready for CloudFormation (JSON), and the artifacts it names: bytes by key."""

    template: str
    artifacts: Mapping[str, bytes]


def build_package(path: Path, bucket: str, transform: TemplateTransform | None = None) -> Package:
    """Package the SAM template at `path` for artifacts in `bucket`; `transform` may change the template first.

    Replaces every CodeUri and DefinitionUri that is a local path.
    """
    template = yaml_parse(path.read_text())
    if transform:
        template = transform(copy.deepcopy(template))
    artifacts: dict[str, bytes] = {}
    for properties in _property_blocks(template):
        for name, build in (("CodeUri", zip_source), ("DefinitionUri", read_definition)):
            if isinstance(properties.get(name), str) and not properties[name].startswith("s3://"):
                key, body = build((path.parent / properties[name]).resolve())
                artifacts[key] = body
                properties[name] = {"Bucket": bucket, "Key": key}
    return Package(json.dumps(template, default=str), artifacts)


def zip_source(directory: Path) -> tuple[str, bytes]:
    """Key and bytes of a zip of the source under a directory; the key changes when and only when a file does."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(_source_files(directory)):
            archive.writestr(zipfile.ZipInfo(file.relative_to(directory).as_posix(), STAMP), file.read_bytes())
    return f"code/{_digest(buffer.getvalue())}.zip", buffer.getvalue()


def read_definition(file: Path) -> tuple[str, bytes]:
    """Key and bytes of a state machine's definition, as JSON."""
    body = json.dumps(yaml.safe_load(file.read_text())).encode()
    return f"definition/{_digest(body)}.json", body


def _property_blocks(template: Template) -> Iterator[dict[str, Any]]:
    yield template.get("Globals", {}).get("Function", {})
    for resource in template["Resources"].values():
        yield resource.get("Properties", {})


def _source_files(directory: Path) -> Iterator[Path]:
    for file in directory.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts and not file.name.startswith("."):
            yield file


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]
