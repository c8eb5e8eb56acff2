"""Which photos of a gallery somebody looks at. The address bar says so, and every link of such a page repeats it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos.forms import is_readable
from webapp.photos.models import LabelCount, Photo, PhotoQuerySet, Status

MOST_LABELS = 10
ON = "on"
FAILED, PROCESSING = "failed", "processing"
STATUSES = {FAILED: (Status.FAILED, Status.REJECTED), PROCESSING: tuple(sorted(contract.OPEN))}


@dataclass(frozen=True)
class Selection:
    """All of `labels`, favourites alone, and one of `STATUSES` (or an empty string for every status)."""

    labels: tuple[str, ...] = ()
    favourites: bool = False
    status: str = ""

    @classmethod
    def parse(cls, query: QueryDict) -> Self:
        """What a query string asks for; whatever cannot be meant is passed over."""
        labels = [label for label in dict.fromkeys(query.getlist("label")) if label and is_readable(label)]
        status = query.get("status", "")
        return cls(
            labels=tuple(labels[:MOST_LABELS]),  # every one of them is a join
            favourites=query.get("favourites") == ON,
            status=status if status in STATUSES else "",
        )

    def __bool__(self) -> bool:
        """Whether anything is left out."""
        return self != Selection()

    def query(self) -> str:
        """As a query string, empty for everything; the same for the same selection."""
        return urlencode(self._pairs())

    def address(self, cursor: str = "") -> str:
        """The gallery's page of it that begins behind `cursor`."""
        query = urlencode([*self._pairs(), *([("cursor", cursor)] if cursor else [])])
        return f"{reverse('photos:gallery')}?{query}" if query else reverse("photos:gallery")

    def _pairs(self) -> list[tuple[str, str]]:
        pairs = [("label", label) for label in self.labels]
        pairs += [("favourites", ON)] if self.favourites else []
        return pairs + ([("status", self.status)] if self.status else [])

    def photos(self, owner: Any) -> PhotoQuerySet:
        """Those of a person's photos, newest first by when they were taken."""
        photos = Photo.objects.for_gallery(owner)
        if self.favourites:
            photos = photos.filter(favourite=True)
        if self.status:  # labels are of photos that are ready
            return photos.none() if self.labels else photos.with_status(STATUSES[self.status])
        return photos.with_labels(self._rarest_first(owner)) if self.labels else photos

    def _rarest_first(self, owner: Any) -> list[str]:
        if len(self.labels) < 2:
            return list(self.labels)
        counts = LabelCount.objects.of(owner, self.labels)
        return sorted(self.labels, key=lambda name: counts.get(name, 0))

    def with_label(self, name: str) -> Self:
        return replace(self, labels=tuple(dict.fromkeys([*self.labels, name])))

    def without_label(self, name: str) -> Self:
        return replace(self, labels=tuple(label for label in self.labels if label != name))
