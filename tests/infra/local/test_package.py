from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra.local.package import Package, build_package, zip_source

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {CodeUri: ../source/}}
Resources:
  Worker: {Type: AWS::Serverless::Function, Properties: {Handler: work.handler}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: machine.yaml
      DefinitionSubstitutions: {WorkerArn: !GetAtt Worker.Arn}
  Elsewhere: {Type: AWS::Serverless::Function, Properties: {CodeUri: s3://bucket/key}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "source" / "work").mkdir(parents=True)
    (tmp_path / "source" / "work" / "__init__.py").write_text("handler = print\n")
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "machine.yaml").write_text("StartAt: Work\nStates: {Work: {Type: Succeed}}\n")
    (tmp_path / "infra" / "template.yaml").write_text(TEMPLATE)
    return tmp_path


def build(project: Path, **more: Any) -> Package:
    return build_package(project / "infra" / "template.yaml", "artifacts", **more)


def test_local_paths_become_the_artifacts_they_name(project: Path) -> None:
    package = build(project)
    template = json.loads(package.template)
    code = template["Globals"]["Function"]["CodeUri"]
    definition = template["Resources"]["Machine"]["Properties"]["DefinitionUri"]
    assert code["Bucket"] == definition["Bucket"] == "artifacts"
    assert package.artifacts.keys() == {code["Key"], definition["Key"]}


def test_definition_is_sent_as_json(project: Path) -> None:
    package = build(project)
    key = json.loads(package.template)["Resources"]["Machine"]["Properties"]["DefinitionUri"]["Key"]
    assert json.loads(package.artifacts[key]) == {"StartAt": "Work", "States": {"Work": {"Type": "Succeed"}}}


def test_address_in_s3_is_left_as_it_is(project: Path) -> None:
    template = json.loads(build(project).template)
    assert template["Resources"]["Elsewhere"]["Properties"]["CodeUri"] == "s3://bucket/key"


def test_short_intrinsics_become_the_long_ones_that_json_has(project: Path) -> None:
    template = json.loads(build(project).template)
    substitutions = template["Resources"]["Machine"]["Properties"]["DefinitionSubstitutions"]
    assert substitutions == {"WorkerArn": {"Fn::GetAtt": ["Worker", "Arn"]}}


def test_transform_changes_what_is_packaged_and_not_the_file(project: Path) -> None:
    def without_machine(template: dict[str, Any]) -> dict[str, Any]:
        del template["Resources"]["Machine"]
        return template

    assert "Machine" not in json.loads(build(project, transform=without_machine).template)["Resources"]
    assert "Machine" in json.loads(build(project).template)["Resources"]


def test_same_source_gives_the_same_key_whenever_it_was_written(project: Path) -> None:
    before = zip_source(project / "source")
    os.utime(project / "source" / "work" / "__init__.py", (1, 1))
    assert zip_source(project / "source") == before


@pytest.mark.parametrize("change", ["edit", "add", "rename"])
def test_changed_source_gives_another_key(project: Path, change: str) -> None:
    source = project / "source"
    file = source / "work" / "__init__.py"
    before, _ = zip_source(source)
    if change == "edit":
        file.write_text("handler = repr\n")
    elif change == "add":
        (source / "work" / "more.py").touch()
    else:
        file.rename(source / "work" / "other.py")
    assert zip_source(source)[0] != before


def test_caches_are_neither_packaged_nor_a_change(project: Path) -> None:
    before = zip_source(project / "source")
    cache = project / "source" / "work" / "__pycache__"
    cache.mkdir()
    (cache / "work.pyc").write_bytes(b"x")
    assert zip_source(project / "source") == before
    assert zipfile.ZipFile(io.BytesIO(before[1])).namelist() == ["work/__init__.py"]


def test_real_template_has_no_local_path_left() -> None:
    from infra.local.deploy import TEMPLATE as REAL

    package = build_package(REAL, "artifacts")
    uris = [
        block[name]
        for block in [json.loads(package.template)["Globals"]["Function"]]
        + [each["Properties"] for each in json.loads(package.template)["Resources"].values()]
        for name in ("CodeUri", "DefinitionUri")
        if name in block
    ]
    assert uris
    assert all(isinstance(uri, dict) for uri in uris)
