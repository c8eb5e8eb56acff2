"""One writer a person at a time, of what belongs to all of their photos together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model


def lock(owner_ids: Iterable[Any]) -> None:
    """In the caller's transaction, behind any locks of photos: two that change the same counts in another order, or
    judge and decide about the same file, would else wait for each other, or not know of each other."""
    people = get_user_model().objects.filter(pk__in=set(owner_ids))
    list(people.select_for_update(no_key=True).order_by("pk").values_list("pk"))
