"""The SAM template as plain data, for tests that check it or build from it."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import yaml

INFRA = Path(__file__).resolve().parent.parent / "infra"


class _Loader(yaml.SafeLoader):
    """YAML in which `!Sub x` reads as `{"Fn::Sub": x}`."""


def _intrinsic(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _intrinsic)


@functools.cache
def template() -> dict[str, Any]:
    return yaml.load((INFRA / "template.yaml").read_text(), _Loader)


@functools.cache
def state_machine() -> dict[str, Any]:
    return yaml.safe_load((INFRA / "state_machine.asl.yaml").read_text())


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """Properties of every resource of a CloudFormation type, by logical id."""
    found = template()["Resources"].items()
    return {name: resource["Properties"] for name, resource in found if resource["Type"] == kind}


def statements(function: str) -> list[dict[str, Any]]:
    """The IAM statements of a function's role."""
    policies = resources("AWS::IAM::Role")[f"{function}Role"]["Policies"]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
