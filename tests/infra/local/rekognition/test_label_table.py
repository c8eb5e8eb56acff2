from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.rekognition.face_labels import FACE_LABELS
from infra.local.rekognition.label_table import Label, LabelTable, load_label_table
from infra.local.rekognition.service_model import check_request

TABLE = load_label_table()
classes, label_names = st.sampled_from(TABLE.classes), st.sampled_from(sorted(TABLE.labels))
# What the documentation's chapter "Detecting labels" lists.
REKOGNITIONS_CATEGORIES = {
    "Actions",
    "Animals and Pets",
    "Apparel and Accessories",
    "Beauty and Personal Care",
    "Buildings and Architecture",
    "Colors and Visual Composition",
    "Damage Detection",
    "Education",
    "Events and Attractions",
    "Everyday Objects",
    "Expressions and Emotions",
    "Food and Beverage",
    "Furniture and Furnishings",
    "Health and Fitness",
    "Hobbies and Interests",
    "Home Appliances",
    "Home and Indoors",
    "Kids and Family",
    "Medical",
    "Nature and Outdoors",
    "Offices and Workspaces",
    "Patterns and Shapes",
    "People",
    "Performing Arts",
    "Person Description",
    "Plants and Flowers",
    "Popular Landmarks",
    "Profession",
    "Public Safety",
    "Religion",
    "Sports",
    "Symbols and Flags",
    "Technology and Computing",
    "Text and Documents",
    "Tools and Machinery",
    "Toys and Gaming",
    "Transport and Logistics",
    "Travel and Adventure",
    "Vehicles and Automotive",
    "Weapons and Military",
}


def test_every_one_of_the_models_classes_has_a_label() -> None:
    assert len(TABLE.classes) == 1000
    assert set(TABLE.classes) <= set(TABLE.labels)


def test_the_categories_are_rekognitions_own() -> None:
    assert len(REKOGNITIONS_CATEGORIES) == 40
    used = {category for label in [*TABLE.labels.values(), *FACE_LABELS] for category in label.categories}
    assert used <= REKOGNITIONS_CATEGORIES


def test_no_two_labels_or_other_names_are_told_apart_by_their_case_alone() -> None:
    names = Counter(label.name.casefold() for label in TABLE.labels.values())
    assert [name for name, count in names.items() if count > 1] == []
    others = {name.casefold() for label in TABLE.labels.values() for name in label.aliases}
    assert others & set(names) == set()


def test_every_label_can_be_detected() -> None:
    assert TABLE.membership.any(axis=1).all()


def test_every_label_is_whole() -> None:
    for name, label in TABLE.labels.items():
        assert label.name == name
        assert label.categories
        assert name not in (*label.parents, *label.aliases)
        for names in (label.parents, label.categories, label.aliases):
            assert len(set(names)) == len(names), name


def test_every_name_is_one_that_a_filter_takes() -> None:
    for name in (*TABLE.labels, *REKOGNITIONS_CATEGORIES):
        filters = {"GeneralLabels": {"LabelInclusionFilters": [name]}}
        check_request("DetectLabels", {"Image": {}, "Settings": filters})
        assert name == name.strip() != ""


def test_every_parent_is_a_label_whose_own_parents_are_included() -> None:
    for label in TABLE.labels.values():
        for parent in label.parents:
            assert set(TABLE.labels[parent].parents) < set(label.parents), label.name


@given(label_names, label_names)
def test_of_two_labels_at_most_one_stands_above_the_other(one: str, other: str) -> None:
    assert not (one in TABLE.labels[other].parents and other in TABLE.labels[one].parents)


@given(classes, label_names)
def test_a_class_counts_for_its_label_and_all_above_it_and_for_nothing_else(name: str, label: str) -> None:
    row, columns = list(TABLE.labels).index(label), [n for n, one in enumerate(TABLE.classes) if one == name]
    expected = float(label == name or label in TABLE.labels[name].parents)
    assert (TABLE.membership[row, columns] == expected).all()


@given(st.sampled_from(FACE_LABELS), label_names)
def test_what_a_face_is_called_fits_into_the_table(label: Label, other: str) -> None:
    assert TABLE.labels.get(label.name, label) == label
    assert not set(TABLE.labels[other].parents) & {"Face", "Head"}


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
