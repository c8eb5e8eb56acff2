"""Judge photos again by the thresholds as they are now. What a person decided stays."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand

from webapp.photos.management.answering import answering
from webapp.review import rejudging


class Command(BaseCommand):
    help = (
        "Judge again what the model found in every photo that no person has decided about. May be stopped and run on."
    )

    def handle(self, **_options: Any) -> None:
        done: Counter[tuple[str, str]] = Counter()
        try:
            with answering():
                for batch in rejudging.go_on():
                    done += batch
        finally:  # also of what was stopped
            self._say(done)

    def _say(self, done: Counter[tuple[str, str]]) -> None:
        for (before, after), count in sorted(done.items()):
            if before != after:
                self.stdout.write(f"{count} from {before} to {after}")
        self.stdout.write(f"{done.total()} photos judged again")
