"""The judge of labels, on a WordNet of a few lines: what it calls true must not rest on what the label table says."""

from __future__ import annotations

import base64
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks.label_photos import ClassNames, find_photos, read_as_sent, read_names
from benchmarks.labels import Seen, Shown, figures
from benchmarks.wordnet import MEANINGS, Judge, WordNet, plain, read_wordnet
from infra.local.rekognition.curation.make_label_table import read_classes
from infra.local.rekognition.label_table import LabelTable, load_label_table

TABLE = load_label_table()
CLASSES = [wnid for wnid, _ in read_classes()]
LINES = """\
  1 This software and database is being provided to you, the LICENSEE, by
00001740 03 n 01 entity 0 000 | that which is
00015388 05 n 02 animal 0 beast 0 001 @ 00001740 n 0000 | a living organism
01317541 05 n 01 domestic_animal 0 001 @ 00015388 n 0000 | tamed
02084071 05 n 01 dog 0 002 @ 01317541 n 0000 ~ 02110958 n 0000 | a member of the genus Canis
02110958 05 n 02 pug 0 pug-dog 0 001 @ 02084071 n 0000 | small compact dog
02114367 05 n 02 timber_wolf 0 grey_wolf 0 001 @ 00015388 n 0000 | a wolf
01514668 05 n 02 cock 0 rooster 0 001 @ 00015388 n 0000 | adult male chicken
04285146 06 n 01 sports_equipment 0 001 @ 00001740 n 0000 | equipment
02778669 06 n 01 ball 0 001 @ 04285146 n 0000 | round
04254680 06 n 01 soccer_ball 0 001 @i 02778669 n 0000 | an inflated ball
04204347 06 n 01 shopping_cart 0 001 @ 00001740 n 0000 | a handcart
"""


@pytest.fixture
def wordnet(tmp_path: Path) -> WordNet:
    path = tmp_path / "data.noun"
    path.write_text(LINES, "latin-1")
    return read_wordnet(path)


@pytest.fixture
def judge(wordnet: WordNet) -> Judge:
    return Judge(wordnet, TABLE)


def number(wnid: str) -> int:
    return CLASSES.index(wnid)


PUG, WOLF, COCK, BALL = (number(one) for one in ("n02110958", "n02114367", "n01514668", "n04254680"))


def test_all_above_a_synset_is_found_and_its_own_words(wordnet: WordNet) -> None:
    assert wordnet.above("02110958") == {"02110958", "02084071", "01317541", "00015388", "00001740"}
    assert wordnet.names("02084071") == {"dog", "domesticanimal", "animal", "beast", "entity"}


@pytest.mark.parametrize(
    ("label", "class_number", "expected"),
    [
        ("Pug", PUG, True),
        ("Dog", PUG, True),
        ("Animal", PUG, True),
        ("Cat", PUG, False),
        ("Rooster", COCK, True),
        ("Gray Wolf", WOLF, True),  # a synset that the class's label is named after, though spelled otherwise
        ("Sport", BALL, True),  # sports equipment
        ("Wildlife", WOLF, True),
        ("Wildlife", PUG, False),
        ("Wildlife", BALL, False),
        ("Accessories", BALL, False),
        ("No Such Label", BALL, False),
    ],
)
def test_a_label_is_true_by_its_words_or_the_synset_it_stands_for(
    judge: Judge, label: str, class_number: int, expected: bool
) -> None:
    assert judge.is_true(label, class_number) is expected


def test_a_parent_of_the_table_is_not_true_because_the_table_says_so(wordnet: WordNet) -> None:
    facts = dict(TABLE.labels)
    facts["Pug"] = type(facts["Pug"])("Pug", ("Vehicle",), (), ())
    assert not Judge(wordnet, LabelTable(facts, TABLE.classes)).is_true("Vehicle", PUG)


def test_every_name_with_a_meaning_of_its_own_is_a_label() -> None:
    assert set(MEANINGS) <= set(TABLE.labels)


@pytest.mark.parametrize("name", ["Kite (Bird)", "kite", "KITE", " kite_"])
def test_names_are_compared_without_case_marks_and_brackets(name: str) -> None:
    assert plain(name) == "kite"


@pytest.fixture
def names(wordnet: WordNet) -> ClassNames:
    words = {wnid[1:]: wordnet.words.get(wnid[1:], ()) for wnid in CLASSES}
    return read_names(WordNet(words, wordnet.hypernyms), TABLE)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("n02110958_pug", PUG),
        ("a photo of n02110958", PUG),
        ("pug", PUG),
        ("Pug-Dog 12", PUG),
        ("rooster_3", COCK),
        ("cock", COCK),
        ("crane", None),
        ("n99999999", None),
        ("IMG_1234", None),
    ],
)
def test_a_name_says_the_class_by_id_or_by_a_word_of_that_class_alone(
    names: ClassNames, name: str, expected: int | None
) -> None:
    assert names.find(name) == expected


def test_a_folder_names_the_photos_whose_own_names_say_nothing(names: ClassNames, tmp_path: Path) -> None:
    for path in ("pug/1.jpg", "pug/rooster.JPEG", "other/2.png", "notes.txt"):
        (tmp_path / "in" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / path).touch()
    found = {path.name: number for path, number in find_photos(tmp_path / "in", names)}
    assert found == {"1.jpg": PUG, "rooster.JPEG": COCK, "2.png": None}


def test_a_photo_that_rekognition_does_not_take_is_sent_as_a_jpeg(tmp_path: Path) -> None:
    Image.new("RGB", (2000, 1000), "red").save(tmp_path / "a.webp")
    sent = Image.open(BytesIO(read_as_sent(tmp_path / "a.webp")))
    assert (sent.format, sent.size) == ("JPEG", (1280, 640))


def test_a_jpeg_is_sent_as_it_is(tmp_path: Path) -> None:
    content = base64.b64decode("/9j/")
    (tmp_path / "a.jpg").write_bytes(content)
    assert read_as_sent(tmp_path / "a.jpg") == content


def make_shown(true: bool | None = True, **overrides: Any) -> Shown:
    return Shown(**{"name": "Dog", "confidence": 90.0, "true": true, "by_word": bool(true)} | overrides)


def make_seen(*labels: Shown, **overrides: Any) -> Seen:
    times = {"call_ms": 50.0, "view_ms": 6.0, "view_cpu_ms": 5.0}
    photo = {"path": "a.jpg", "class_name": "Pug", "labels": list(labels), "rank": 0, "rank_middle": 0}
    return Seen(**photo | times | overrides)


def test_the_figures_count_labels_and_photos() -> None:
    found = figures(
        [
            make_seen(make_shown(), make_shown(true=False), rank=5),
            make_seen(make_shown(true=None), rank_middle=1),
            make_seen(rank=3, rank_middle=4, call_ms=60.0),
            make_seen(refused="InvalidParameterException"),
        ]
    )
    assert (found["photos"], found["refused"]) == (4, 1)
    assert (found["photos with a label"], found["photos with a label of their class's"]) == (0.5, 0.25)
    assert (found["labels true by WordNet"], found["labels a photo"]) == (0.5, 0.5)
    assert (found["labels of faces, not judged"], found["were those all untrue"]) == (1, pytest.approx(1 / 3))
    assert found["top-1, all views"] == found["top-1, middle view"] == pytest.approx(1 / 3)
    assert (found["top-5, all views"], found["top-5, middle view"]) == (pytest.approx(2 / 3), 1)
