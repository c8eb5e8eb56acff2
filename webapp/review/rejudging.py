"""Judging again what no person has decided about: by other thresholds, or what is older than the review itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from webapp.photos.index import TOGETHER, index
from webapp.photos.models import DECIDED, NOBODY, Photo, Status, SweepCursor, as_uuid
from webapp.review import judging


def go_on() -> Iterator[Counter[tuple[str, str]]]:
    """Index one batch of photos after the other, and say how many went from which review to which. Whoever was stopped
    goes on behind the last whole batch; with other thresholds they begin at the start."""
    place, _is_new = SweepCursor.objects.get_or_create(listing=f"review {judging.policy()[:8]}")
    undecided = Photo.objects.filter(status=Status.READY).exclude(review__in=DECIDED).order_by("pk")
    while batch := dict(undecided.filter(pk__gt=as_uuid(place.after) or NOBODY).values_list("pk", "review")[:TOGETHER]):
        now = index(list(batch))
        place.after = str(max(batch))
        place.save()
        yield Counter((batch[photo.pk], photo.review) for photo in now)
    SweepCursor.objects.filter(listing__startswith="review ").delete()
