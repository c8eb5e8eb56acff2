"""Labels to filter by, and how many photos carry each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from webapp.photos.models import FACET_SAMPLE, LabelCount, PhotoLabel
from webapp.photos.selection import FAILED, PROCESSING, Selection

CHIPS = 20  # labels shown at once; all of them are on a page of their own
SUGGESTIONS = 10


@dataclass(frozen=True)
class Chip:
    """A label to filter by, or one that is filtered by; `address` adds it or takes it away; `count` is as people read
    it, empty where nobody has counted."""

    name: str
    count: str
    is_active: bool
    address: str


@dataclass(frozen=True)
class Facets:
    """What is left to choose under a selection. `total` is how many photos match, as people read it, and `are_many`
    says that it is more than one."""

    total: str
    are_many: bool
    chips: list[Chip]


def first_chips(owner: Any, selection: Selection, standing: Mapping[str, int]) -> list[Chip]:
    """The chosen labels and the most frequent others, and how many photos there are of each status in `standing`.
    Counts are of all photos, so under a selection there are none: `facets` finds those."""
    counted = LabelCount.objects.top(owner, limit=CHIPS + len(selection.labels))
    others = [(name, "" if selection else str(count)) for name, count in counted if name not in selection.labels]
    statuses = [_of_status(status, _grouped(count)) for status, count in standing.items()]
    return [*_leading(selection, {}), *statuses, *_offered(selection, others[:CHIPS])]


def _leading(selection: Selection, counts: Mapping[str, str]) -> list[Chip]:
    """What is filtered by, and favourites in any case."""
    statuses = [_of_status(selection.status, "").name] if selection.status else []
    everywhere = replace(selection, status="").address()
    favourites = replace(selection, favourites=not selection.favourites).address()
    chips = [
        *(Chip(name, counts.get(name, ""), True, selection.without_label(name).address()) for name in selection.labels),
        *(Chip(name, "", True, everywhere) for name in statuses),
        Chip(_("Favourites"), "", selection.favourites, favourites),
    ]
    return sorted(chips, key=lambda chip: not chip.is_active)


def _of_status(status: str, count: str) -> Chip:
    names = {PROCESSING: _("In progress"), FAILED: _("Failed")}
    return Chip(names[status], count, False, Selection(status=status).address())


def facets(owner: Any, selection: Selection) -> Facets:
    """Counts under a selection, over its newest `FACET_SAMPLE` photos; a "+" says that there are more."""
    matching = selection.photos(owner)
    total = matching.order_by()[: FACET_SAMPLE + 1].count()
    more = "+" if total > FACET_SAMPLE else ""
    counted = PhotoLabel.objects.counts_among(matching, limit=CHIPS + len(selection.labels))
    counts = {name: f"{_grouped(count)}{more}" for name, count in counted}
    others = [(name, count) for name, count in counts.items() if name not in selection.labels]
    chips = [*_leading(selection, counts), *_offered(selection, others[:CHIPS])]
    return Facets(f"{_grouped(min(total, FACET_SAMPLE))}{more}", total != 1, chips)


def find(owner: Any, selection: Selection, text: str, *, limit: int | None = SUGGESTIONS) -> list[Chip]:
    """A person's labels that have `text` in them, the most frequent first; of all photos, so without a selection
    alone they are counted."""
    found = LabelCount.objects.named_like(owner, text.strip()).exclude(name__in=selection.labels)
    named = [(name, "" if selection else _grouped(count)) for name, count in found.top(owner, limit=limit)]
    return _offered(selection, named)


def _grouped(count: int) -> str:
    """A count as people read it: 1,234."""
    return number_format(count, force_grouping=True)


def only(owner: Any, text: str) -> str:
    """The label that is meant by `text`: the one of that name, however it is written, or else the only one that has it
    within. An empty string for none and for several."""
    found = list(LabelCount.objects.named_like(owner, text.strip()).top(owner))
    exact = [name for name, _count in found if name.casefold() == text.strip().casefold()]
    names = exact or [name for name, _count in found]
    return names[0] if len(names) == 1 or exact else ""


def address(selection: Selection) -> str:
    """Where the counts under a selection are asked for."""
    return f"{reverse('photos:facets')}?{selection.query()}"


def _offered(selection: Selection, named: Iterable[tuple[str, str]]) -> list[Chip]:
    return [Chip(name, count, False, selection.with_label(name).address()) for name, count in named]
