from __future__ import annotations

import re

import numpy as np
import pytest

from infra.local.rekognition.label_table import LabelTable

# What Rekognition's filters accept as a name.
FILTER_VALUE = re.compile(r"[A-Za-z0-9àâèçñóé'\-_(). ]{1,50}")


def test_every_class_has_a_label(table: LabelTable) -> None:
    assert len(table.classes) == 1000
    assert set(table.classes) <= set(table.labels)


def test_every_parent_is_a_label_and_its_own_parents_are_included(table: LabelTable) -> None:
    for label in table.labels.values():
        for parent in label.parents:
            assert set(table.labels[parent].parents) <= set(label.parents), label.name


def test_no_label_is_its_own_ancestor(table: LabelTable) -> None:
    assert not [label.name for label in table.labels.values() if label.name in label.parents]


def test_every_label_can_be_detected(table: LabelTable) -> None:
    assert table.membership.any(axis=1).all()


def test_every_label_has_a_category_and_a_name_that_filters_accept(table: LabelTable) -> None:
    for label in table.labels.values():
        assert label.categories, label.name
        assert FILTER_VALUE.fullmatch(label.name), label.name


@pytest.mark.parametrize("breed", ["Golden Retriever", "Cocker Spaniel", "Beagle", "Pug"])
def test_dogs_share_their_ancestors(table: LabelTable, breed: str) -> None:
    label = table.labels[breed]
    assert {"Animal", "Canine", "Dog", "Mammal", "Pet"} <= set(label.parents)
    assert label.categories == ("Animals and Pets",)


@pytest.mark.parametrize(
    ("name", "parents"),
    [
        ("Crane (Bird)", {"Animal", "Bird"}),
        ("Construction Crane", set()),
        ("Amphibious Vehicle", {"Transportation", "Vehicle"}),
        ("Tree Frog", {"Amphibian", "Animal"}),
        ("School Bus", {"Bus", "Vehicle"}),
        ("Beach", {"Nature", "Outdoors", "Sea", "Water"}),
        ("Palace", {"Architecture", "Building"}),
        ("Laptop", {"Computer", "Electronics"}),
    ],
)
def test_names_with_two_meanings_stand_under_the_right_one(table: LabelTable, name: str, parents: set[str]) -> None:
    found = set(table.labels[name].parents)
    assert parents <= found
    assert ("Animal" in found) == ("Animal" in parents)


def test_membership_has_one_column_a_class_with_the_label_and_its_parents(table: LabelTable) -> None:
    rows = list(table.labels)
    column = table.membership[:, table.classes.index("Golden Retriever")]
    names = {rows[row] for row in np.flatnonzero(column)}
    assert names == {"Golden Retriever", *table.labels["Golden Retriever"].parents}
