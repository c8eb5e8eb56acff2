"""Whether a label is true of a thing, as WordNet sees it: without asking the label table what stands above what.

A label is true of a class when the class's synset, or one above it (WordNet's hypernyms, nothing else: a wheel is no
car), carries the label's name or one of its other names as a word, or is a synset that the label stands for:
- the synset that the label was named after: its own class's, or the one in the table's `[synsets]` ("Rooster" is
  n01514668, "Sport" is sports equipment);
- for the few names that WordNet gives to something else, the synset in `MEANINGS`, by WordNet's own gloss.

What the table puts together by hand (its `[groups]`: Accessories, Indoors, Sea Life, ...) counts for nothing here.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.rekognition.curation.make_label_table import HERE, read_classes
from infra.local.rekognition.label_table import LabelTable


@dataclass(frozen=True)
class Meaning:
    """A label is true below any of these synsets, if it is not below one of the others."""

    synsets: frozenset[str]
    but_not: frozenset[str] = frozenset()

    def holds(self, above: frozenset[str]) -> bool:
        return bool(self.synsets & above) and not self.but_not & above


def _means(*synsets: str, but_not: Iterable[str] = ()) -> Meaning:
    return Meaning(frozenset(synsets), frozenset(but_not))


MEANINGS = {
    # conveyance, transport: "something that serves as a means of transportation"
    "Transportation": _means("03100490"),
    # structure, construction: "a thing constructed; a complex entity constructed of many parts"
    "Architecture": _means("04341686"),
    # establishment: "a public or private structure ... including buildings and equipment"; dwelling: "housing ..."
    "Building": _means("03297735", "03259505"),
    # electronic equipment; electronic device
    "Electronics": _means("03278248", "03277771"),
    # dish: "a particular item of prepared food"
    "Meal": _means("07557434"),
    # geological formation: "the geological features of the earth"; body of water
    "Nature": _means("09287968", "09225146"),
    # wildlife: "all living things (except people) that are undomesticated": animals, but for domestic ones and people
    "Wildlife": _means("00015388", but_not=("01317541", "00007846")),
}


@dataclass(frozen=True)
class WordNet:
    """The nouns of WordNet: the words of each synset, and the synsets right above it."""

    words: Mapping[str, tuple[str, ...]]
    hypernyms: Mapping[str, tuple[str, ...]]
    _above: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)

    def above(self, synset: str) -> frozenset[str]:
        """The synset itself and all above it."""
        if synset not in self._above:
            self._above[synset] = frozenset({synset}).union(*map(self.above, self.hypernyms[synset]))
        return self._above[synset]

    def names(self, synset: str) -> set[str]:
        """Every word for it and for what is above it, as `plain` writes them."""
        return {plain(word) for one in self.above(synset) for word in self.words[one]}


def read_wordnet(path: Path) -> WordNet:
    """WordNet's data.noun; the format of its lines is in wndb(5WN). Raises OSError."""
    lines = [line for line in path.read_text("latin-1").splitlines() if not line.startswith(" ")]
    parsed = [_parse(line.split("|")[0].split()) for line in lines]
    return WordNet({one: words for one, words, _ in parsed}, {one: above for one, _, above in parsed})


def _parse(fields: list[str]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    count = int(fields[3], 16)
    pointers = fields[5 + 2 * count :]
    above = [to for symbol, to in zip(pointers[0::4], pointers[1::4], strict=False) if symbol in ("@", "@i")]
    return fields[0], tuple(fields[4 : 4 + 2 * count : 2]), tuple(above)


def plain(name: str) -> str:
    """A name without its case, spaces and what stands in brackets: "Kite (Bird)" and "kite" are the same."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\(.*\)", "", name.lower()))


class Judge:
    """Says which labels are true of which class, for the classes and labels of the table."""

    def __init__(self, wordnet: WordNet, table: LabelTable) -> None:
        self._wordnet, self._table = wordnet, table
        self.synsets = [wnid[1:] for wnid, _ in read_classes()]
        self._named_after = _named_after(self.synsets, table)

    def is_true(self, label: str, class_index: int) -> bool:
        return self.is_word(label, class_index) or self._is_meant(label, class_index)

    def is_word(self, label: str, class_index: int) -> bool:
        """Whether WordNet itself says so in so many words."""
        names = {plain(name) for name in (label, *self._aliases(label))}
        return bool(names & self._wordnet.names(self.synsets[class_index]))

    def _is_meant(self, label: str, class_index: int) -> bool:
        above = self._wordnet.above(self.synsets[class_index])
        return bool(self._named_after[label] & above) or (label in MEANINGS and MEANINGS[label].holds(above))

    def _aliases(self, label: str) -> tuple[str, ...]:
        return self._table.labels[label].aliases if label in self._table.labels else ()


def _named_after(synsets: list[str], table: LabelTable) -> defaultdict[str, set[str]]:
    """Label -> the synsets it was named after."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    shown = tomllib.loads((HERE / "label_curation.toml").read_text("utf-8"))["synsets"]
    for synset, label in [*zip(synsets, table.classes, strict=True), *shown.items()]:
        found[label].add(synset)
    return found
