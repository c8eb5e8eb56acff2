"""ImageNet's thousand classes as Rekognition-style labels, from label_table.json (see curation/README.md)."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

TABLE_FILE = Path(__file__).with_name("label_table.json")


@dataclass(frozen=True)
class Label:
    """What is known about a label whatever the photo: all its ancestors, its categories, its other names."""

    name: str
    parents: tuple[str, ...]
    categories: tuple[str, ...]
    aliases: tuple[str, ...]


@dataclass(frozen=True)
class LabelTable:
    """All labels by name, and for each class of the model the label that names it."""

    labels: dict[str, Label]
    classes: tuple[str, ...]

    @cached_property
    def membership(self) -> np.ndarray:
        """float64 of shape (labels, classes): 1 where the class is the label or lies below it."""
        rows = {name: row for row, name in enumerate(self.labels)}
        matrix = np.zeros((len(rows), len(self.classes)))
        for column, name in enumerate(self.classes):
            matrix[[rows[label] for label in (name, *self.labels[name].parents)], column] = 1
        return matrix


def load_label_table(path: Path = TABLE_FILE) -> LabelTable:
    table = json.loads(path.read_text("utf-8"))
    labels = {name: _to_label(name, facts) for name, facts in table["labels"].items()}
    return LabelTable(labels=labels, classes=tuple(table["classes"]))


def _to_label(name: str, facts: dict[str, Any]) -> Label:
    return Label(name, tuple(facts["parents"]), tuple(facts["categories"]), tuple(facts["aliases"]))
