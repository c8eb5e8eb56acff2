"""Sweep once, now: what the worker does every minute."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from webapp.photos.management.answering import answering
from webapp.photos.sweep import sweep


class Command(BaseCommand):
    help = "Look up every photo and batch that has waited too long, and set it going again or close it."

    def handle(self, **_options: Any) -> None:
        with answering():
            done = [f"{count} {what}" for what, count in sorted(sweep().items())]
        self.stdout.write("\n".join(done) or "nothing was due")
