"""Who may import whom (design section 2), as a short list of what is allowed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from pipeline_lambdas.photo_pipeline import contract

ROOT = Path(__file__).resolve().parent.parent
OURS = ("webapp", "pipeline_lambdas", "infra")
CONTRACT = "pipeline_lambdas.photo_pipeline.contract"
CONTRACT_FILES = Path(*CONTRACT.split("."))
CONTRACT_NAMES = {CONTRACT, *(f"{CONTRACT}.{name}" for name in contract.__all__)}

SPEAK_TO_AWS = (
    "webapp/views.py",  # the probe
    "webapp/accounts/bounces.py",
    "webapp/accounts/closing_store.py",
    "webapp/accounts/export_store.py",
    "webapp/accounts/mail.py",
    "webapp/accounts/preferences.py",
    "webapp/accounts/sms.py",
    "webapp/albums/renditions.py",
    "webapp/costs/pause_store.py",
    *(
        f"webapp/photos/{name}.py"
        for name in (
            "analyses",
            "catalog",
            "dead_letters",
            "downloads",
            "errors",
            "notices",
            "originals",
            "presign",
            "runs",
            "storage",
            "upload_addresses",
        )
    ),
)

# What only some files may import: (what, the files that may).
RESERVED = (
    ("boto3", ("webapp/aws.py", "pipeline_lambdas/photo_pipeline/aws.py", "infra/")),
    ("django", ("webapp/",)),
    ("celery", ("webapp/",)),
    ("storages", ("webapp/photos/storage.py",)),
    ("infra.local", ("webapp/devstack/", "infra/")),
    ("infra", ("webapp/devstack/", "infra/")),
    ("webapp", ("webapp/",)),
    ("webapp.aws", SPEAK_TO_AWS),
    ("pipeline_lambdas", ("webapp/", "pipeline_lambdas/")),
    ("webapp.devstack", ("webapp/devstack/",)),
    ("tests", ()),
)
STANDARD_LIBRARY_OF_THE_CONTRACT = {"__future__", "collections", "dataclasses", "datetime", "decimal", "enum",
                                    "functools", "hashlib", "re", "types", "typing", "zoneinfo"}  # fmt: skip


def source_files() -> list[Path]:
    found = [path for folder in OURS for path in (ROOT / folder).rglob("*.py")]
    return sorted(path.relative_to(ROOT) for path in found if "migrations" not in path.parts)


def imports(path: Path) -> Iterator[str]:
    """Every module, or name within one, that a file imports, whole: `from . import aws` in webapp is `webapp.aws`."""
    package = path.parent.parts
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            whole = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{whole}.{alias.name}" for alias in node.names)


def is_within(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


def breaches(path: Path, imported: str) -> Iterator[str]:
    for module, allowed in RESERVED:
        if is_within(imported, module) and not str(path).startswith(allowed or ("nowhere",)):
            yield f"{path} imports {imported}: {module} is for {', '.join(allowed) or 'tests alone'}"
    if path.parts[0] == "webapp" and is_within(imported, "pipeline_lambdas") and not is_within(imported, CONTRACT):
        yield f"{path} imports {imported}: of the pipeline, the site imports the contract alone"
    if is_within(imported, CONTRACT) and not path.is_relative_to(CONTRACT_FILES) and imported not in CONTRACT_NAMES:
        yield f"{path} imports {imported}: of the contract, its public names are imported and none of its files"


@pytest.mark.parametrize("path", source_files(), ids=str)
def test_a_file_imports_what_it_may(path: Path) -> None:
    assert [breach for imported in imports(path) for breach in breaches(path, imported)] == []


def test_the_pipeline_imports_itself_relatively() -> None:
    """So that it is importable in Lambda, where `pipeline_lambdas` is not a package, and from the site."""
    absolute = [
        f"{path}: {imported}"
        for path in source_files()
        if path.parts[0] == "pipeline_lambdas"
        for node in ast.walk(ast.parse((ROOT / path).read_text()))
        for imported in _absolute_names(node)
        if is_within(imported, "pipeline_lambdas") or is_within(imported, "photo_pipeline")
    ]
    assert absolute == []


def _absolute_names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []


def contract_files() -> list[Path]:
    return [path for path in source_files() if path.is_relative_to(CONTRACT_FILES)]


def test_the_contract_needs_the_standard_library_alone() -> None:
    needed = {name for path in contract_files() for name in imports(path) if not is_within(name, CONTRACT)}
    assert contract_files()
    assert {name.split(".")[0] for name in needed} <= STANDARD_LIBRARY_OF_THE_CONTRACT


def test_the_files_of_the_contract_build_on_one_another_in_one_direction() -> None:
    built_on = {
        path.stem: {name.split(".")[3] for name in imports(path) if is_within(name, CONTRACT)}
        for path in contract_files()
    }
    assert [*TopologicalSorter(built_on).static_order()][-1] == "__init__"


@pytest.mark.parametrize(
    ("path", "imported"),
    [
        ("webapp/photos/views.py", "boto3"),
        ("webapp/photos/views.py", "pipeline_lambdas.photo_pipeline.photo_table"),
        ("webapp/accounts/views.py", "infra.local.stack"),
        ("webapp/photos/views.py", "webapp.devstack.inbox"),
        ("webapp/photos/views.py", "pipeline_lambdas.photo_pipeline.contract.table.Key"),
        ("pipeline_lambdas/photo_pipeline/labels.py", "pipeline_lambdas.photo_pipeline.contract.items._to_row"),
        ("pipeline_lambdas/photo_pipeline/labels.py", "django.conf.settings"),
        ("pipeline_lambdas/photo_pipeline/labels.py", "webapp.aws"),
        ("infra/local/deploy.py", "webapp.settings"),
        ("webapp/photos/models.py", "tests.factories.make_photo"),
    ],
)
def test_a_breach_is_seen(path: str, imported: str) -> None:
    assert list(breaches(Path(path), imported))
