"""The labels of one photo as its page lists them, and where in the picture each was found: what is shown, and what its
owner took away, to be undone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import ngettext

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos.models import LabelCount
from webapp.photos.timeline import surest


@dataclass(frozen=True)
class LabelRow:
    """`confidence` in percent; `about` names parents and categories; `boxes` are where it was found, as far as that is
    known."""

    name: str
    confidence: float = 0.0
    about: str = ""
    is_added: bool = False
    is_denied: bool = False
    boxes: tuple[contract.Box, ...] = ()

    @property
    def anchor(self) -> str:
        """Its id in the page, of letters and digits whatever the name has."""
        return f"label-{hashlib.sha256(self.name.encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class Faces:
    """Faces that were found: "2 faces", and where."""

    words: str
    boxes: tuple[contract.Box, ...]
    anchor: str = "faces"


def faces(record: contract.Photo) -> Faces | None:
    """None where none was found."""
    count = len(record.faces)
    words = ngettext("%(count)d face", "%(count)d faces", count) % {"count": count}
    return Faces(words, _boxes(record.faces)) if count else None


def label_rows(record: contract.Photo) -> list[LabelRow]:
    """First what the owner added, then what was found, then what they denied and no analysis finds any more."""
    found = {label.name: label for label in surest(record.labels)}
    added = [LabelRow(name, is_added=True) for name in sorted(record.added_labels)]
    listed = [_row(label, record) for name, label in found.items() if name not in record.added_labels]
    gone = [LabelRow(name, is_denied=True) for name in sorted(record.denied_labels - found.keys())]
    return added + listed + gone


def _row(label: contract.Label, record: contract.Photo) -> LabelRow:
    about = " · ".join(filter(None, (", ".join(label.parents), ", ".join(label.categories))))
    is_denied = label.name in record.denied_labels
    return LabelRow(label.name, label.confidence, about, is_denied=is_denied, boxes=_boxes(label.instances))


def _boxes(instances: Iterable[contract.Instance]) -> tuple[contract.Box, ...]:
    return tuple(instance.box for instance in instances)


def names_to_offer(record: contract.Photo) -> list[str]:
    """Labels of the owner's other photos that this one does not show, by name."""
    shown = {label.name for label in contract.shown_labels(record)}
    return sorted(name for name, _count in LabelCount.objects.top(record.owner_id) if name not in shown)
