"""Makes ../label_table.json out of WordNet's hypernyms and the decisions in label_curation.toml.

Usage:

    python make_label_table.py [/usr/share/wordnet/data.noun]

data.noun is WordNet 3.0's, in Debian's package wordnet-base. ImageNet's class ids are its synset offsets after an "n".
"""

import json
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
WORDNET = Path("/usr/share/wordnet/data.noun")
DEFAULT_CATEGORY = "Everyday Objects"
# Words that stay small inside a label.
SMALL = {"and", "of", "the", "in"}

Graph = dict[str, list[str]]


def main() -> None:
    wordnet = Path(sys.argv[1]) if len(sys.argv) > 1 else WORDNET
    table = build_table(read_hypernyms(wordnet), read_classes(), read_curation())
    (HERE.parent / "label_table.json").write_text(render(table), "utf-8")


def read_hypernyms(path: Path) -> Graph:
    """Synset offset -> offsets of its hypernyms. The format of the lines is in wndb(5WN)."""
    lines = path.read_text("latin-1").splitlines()
    return dict(_parse_synset(line) for line in lines if not line.startswith(" "))


def _parse_synset(line: str) -> tuple[str, list[str]]:
    fields = line.split("|")[0].split()
    pointers = fields[5 + 2 * int(fields[3], 16) :]
    pairs = zip(pointers[0::4], pointers[1::4], strict=False)
    return fields[0], [offset for symbol, offset in pairs if symbol in ("@", "@i")]


def read_classes() -> list[tuple[str, str]]:
    """ImageNet's thousand classes in the model's order: WordNet id, short name."""
    lines = (HERE / "imagenet_classes.tsv").read_text("utf-8").splitlines()
    return [(wnid, name) for wnid, name in (line.split("\t") for line in lines)]


def read_curation() -> dict[str, Any]:
    return tomllib.loads((HERE / "label_curation.toml").read_text("utf-8"))


def build_table(hypernyms: Graph, classes: list[tuple[str, str]], curation: dict[str, Any]) -> dict[str, Any]:
    """The whole table: the label of each class, and of each label its ancestors, categories and aliases."""
    names = [name_class(wnid, name, curation["names"]) for wnid, name in classes]
    direct = direct_parents(hypernyms, [wnid[1:] for wnid, _ in classes], names, curation)
    labels = {label: describe(label, direct, curation) for label in sorted(direct)}
    check_curation(curation, labels, names)
    return {"classes": names, "labels": labels}


def name_class(wnid: str, name: str, names: dict[str, str]) -> str:
    return names.get(wnid) or names.get(name) or title_case(name)


def title_case(name: str) -> str:
    return " ".join(word if word in SMALL else _capitalise(word) for word in name.split())


def _capitalise(word: str) -> str:
    return "-".join(part[:1].upper() + part[1:] for part in word.split("-"))


def direct_parents(hypernyms: Graph, synsets: list[str], names: list[str], curation: dict[str, Any]) -> Graph:
    """Label -> its nearest labels above, from WordNet's chosen synsets and the curated groups."""
    shown = curation["synsets"]
    direct: dict[str, set[str]] = {}
    for synset, name in [*zip(synsets, names, strict=True), *shown.items()]:
        direct.setdefault(name, set()).update(nearest_shown(synset, hypernyms, shown) - {name})
    for label, parents in curation["replace_parents"].items():
        direct[label] = set(parents)
    for parent, children in curation["groups"].items():
        direct.setdefault(parent, set())
        for child in children:
            direct.setdefault(child, set()).add(parent)
    return {label: sorted(parents) for label, parents in direct.items()}


def nearest_shown(synset: str, hypernyms: Graph, shown: dict[str, str]) -> set[str]:
    found: set[str] = set()
    for above in hypernyms[synset]:
        found |= {shown[above]} if above in shown else nearest_shown(above, hypernyms, shown)
    return found


def describe(label: str, direct: Graph, curation: dict[str, Any]) -> dict[str, list[str]]:
    return {
        "parents": sorted(ancestors(label, direct)),
        "categories": categories_of([label], direct, curation["categories"]),
        "aliases": curation["aliases"].get(label, []),
    }


def ancestors(label: str, direct: Graph) -> set[str]:
    found = set(direct[label])
    for parent in direct[label]:
        found |= ancestors(parent, direct)
    return found


def categories_of(level: Iterable[str], direct: Graph, categories: Graph) -> list[str]:
    """The categories given to these labels, or else to the nearest labels above them."""
    labels = set(level)
    if not labels:
        return [DEFAULT_CATEGORY]
    own = sorted(category for category, members in categories.items() if labels & set(members))
    return own or categories_of({parent for label in labels for parent in direct[label]}, direct, categories)


def check_curation(curation: dict[str, Any], labels: dict[str, Any], names: list[str]) -> None:
    """Stop on a label that no class leads to: it is a slip of the pen, and could never be detected."""
    sections = (curation["aliases"], curation["replace_parents"], *(curation["categories"].values()))
    mentioned = set(labels).union(*sections)
    reached = set(names).union(*(labels[name]["parents"] for name in names))
    if unreached := mentioned - reached:
        raise SystemExit(f"label_curation.toml mentions labels that no class leads to: {sorted(unreached)}")


def render(table: dict[str, Any]) -> str:
    """One line a label, so that a change can be read in a diff."""
    labels = ",\n".join(f"{json.dumps(name)}: {json.dumps(facts)}" for name, facts in table["labels"].items())
    classes = ",\n".join(json.dumps(name) for name in table["classes"])
    return f'{{"classes": [\n{classes}\n],\n"labels": {{\n{labels}\n}}}}\n'


if __name__ == "__main__":
    main()
