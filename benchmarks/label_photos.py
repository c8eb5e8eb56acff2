"""Which of the model's classes a photo shows, by the name of its file or of its folder.

A name says the class by its synset id anywhere in it ("n01440764_tench.JPEG", "n01440764/7.jpg"), or else as a whole:
ImageNet's name, the label's, or one of WordNet's words for the synset, in any case, with any marks between the words,
and a number after it ("tench.jpg", "Great White Shark 2.jpg", "gold_finch/7.jpg"). A name of two classes, such as
"crane", says nothing: they need their ids. The file's name comes before its folder's.
"""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from infra.local.rekognition.curation.make_label_table import read_classes
from infra.local.rekognition.label_table import LabelTable
from infra.local.rekognition.sources import MOST_BYTES_INLINE

from .wordnet import WordNet, plain

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".heic", ".heif", ".avif", ".tif", ".tiff", ".bmp"}
ANALYSIS_SIDE = 1280  # what the pipeline sends


@dataclass(frozen=True)
class ClassNames:
    """The class of each synset id, and of each name (as `plain` writes it) that means one class only."""

    ids: Mapping[str, int]
    names: Mapping[str, int]

    def find(self, name: str) -> int | None:
        """The number of the class that a name says."""
        for wnid in re.findall(r"n\d{8}", name):
            if wnid in self.ids:
                return self.ids[wnid]
        whole, without_number = plain(name), plain(re.sub(r"[\s_-]*\d+$", "", name))
        return self.names.get(whole, self.names.get(without_number))


def read_names(wordnet: WordNet, table: LabelTable) -> ClassNames:
    meant: defaultdict[str, set[int]] = defaultdict(set)
    classes = read_classes()
    for number, (wnid, name) in enumerate(classes):
        for one in (name, table.classes[number], *wordnet.words[wnid[1:]]):
            meant[plain(one)].add(number)
    names = {name: numbers.pop() for name, numbers in meant.items() if len(numbers) == 1}
    return ClassNames({wnid: number for number, (wnid, _) in enumerate(classes)}, names)


def find_photos(folder: Path, names: ClassNames) -> Iterator[tuple[Path, int | None]]:
    """Every photo below a folder, with the number of its class, or None if its name says none."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES:
            said = names.find(path.stem)
            yield path, names.find(path.parent.name) if said is None else said


def read_as_sent(path: Path) -> bytes:
    """The file, if Rekognition takes its like in a request, or else a JPEG as the pipeline would make of it."""
    content = path.read_bytes()
    if path.suffix.lower() in (".jpg", ".jpeg", ".png") and len(content) <= MOST_BYTES_INLINE:
        return content
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")
    image.thumbnail((ANALYSIS_SIDE, ANALYSIS_SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
