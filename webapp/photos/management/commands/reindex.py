"""Refresh the SQL index from the records. Makes no rows: what has none is not a photo."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

from webapp.photos.index import TOGETHER, index, recount
from webapp.photos.management.answering import answering
from webapp.photos.models import Photo


class Command(BaseCommand):
    help = "Refresh every photo's row and labels from its DynamoDB record, and the counts with them."

    def handle(self, **_options: Any) -> None:
        with answering():
            self.stdout.write(f"{_reindex()} photos refreshed")


def _reindex() -> int:
    last, total = UUID(int=0), 0
    while ids := list(Photo.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:TOGETHER]):
        total += len(index(ids))
        last = ids[-1]
    for owner_id in get_user_model().objects.order_by("pk").values_list("pk", flat=True):
        recount(owner_id)
    return total
