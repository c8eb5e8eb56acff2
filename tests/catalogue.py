"""The German catalogue, and what the sources ask to be translated, both by `(context, text)`."""

from __future__ import annotations

import ast
import gettext
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.template import Engine
from django.template.base import Origin, Template
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "webapp" / "locale" / "de" / "LC_MESSAGES"
IN_PYTHON = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext"}
OTHERS = ("admin", "devstack")  # the staff's and the developer's pages are in English

Key = tuple[str, str]


def written() -> dict[Key, list[str]]:
    """What django.po says: the translation of each text, or two of one that has a plural."""
    found: dict[Key, list[str]] = {}
    for entry in (CATALOGUE / "django.po").read_text().split("\n\n"):
        fields = _fields(entry)
        translations = [text for name, text in fields.items() if name.startswith("msgstr")]
        if fields.get("msgid"):
            found[fields.get("msgctxt", ""), fields["msgid"]] = translations
    return found


def _fields(entry: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in entry.splitlines():
        if line.startswith("#"):
            assert "fuzzy" not in line, entry
            continue
        if not line.startswith('"'):
            name, line = line.split(" ", 1)
        fields[name] = fields.get(name, "") + ast.literal_eval(line)
    return fields


def compiled() -> dict[Key, list[str]]:
    """What django.mo says, likewise."""
    with (CATALOGUE / "django.mo").open("rb") as file:
        catalogue: dict[Any, str] = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    found: dict[Key, list[str]] = {}
    for key, text in sorted(catalogue.items(), key=lambda item: str(item[0])):
        name = key[0] if isinstance(key, tuple) else key
        context, _, bare = name.rpartition("\x04")
        if bare:
            found.setdefault((context, bare), []).append(text)
    return found


def asked_for() -> Iterator[Key]:
    """Every text that a template or a module of the site wants translated."""
    for path in sorted((ROOT / "webapp").rglob("*")):
        if path.suffix == ".py":
            yield from _of_python(path)
        elif path.suffix in (".html", ".txt") and not set(path.parts) & set(OTHERS):
            yield from _of_template(path)


def _of_python(path: Path) -> Iterator[Key]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        texts = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        if node.func.id in IN_PYTHON and texts:
            yield "", texts[0]
        elif node.func.id == "pgettext":
            yield texts[0], texts[1]


def _of_template(path: Path) -> Iterator[Key]:
    template = Template(path.read_text(), origin=Origin(str(path)), engine=Engine.get_default())
    for node in template.nodelist.get_nodes_by_type(TranslateNode):
        yield "", node.filter_expression.var.literal.replace("%", "%%")
    for node in template.nodelist.get_nodes_by_type(BlockTranslateNode):
        yield "", node.render_token_list(node.singular)[0]
