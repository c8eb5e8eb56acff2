"""Sweep once, now: what the worker does every minute."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.photos import catalog
from webapp.photos.management.answering import HINT, answering
from webapp.photos.steps import Undone
from webapp.photos.sweep import sweep


class Command(BaseCommand):
    help = "Look up every photo and batch that has waited too long, and set it going again or close it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")

    def handle(self, *, dry_run: bool = False, **_options: Any) -> None:
        with answering():
            catalog.probe()  # a sweep passes over what goes wrong, one photo after the other
            done = sweep(dry_run=dry_run)
        if dry_run:
            self.stdout.write("a dry run: this is what a sweep would do now")
        self.stdout.write("\n".join(f"{count} {what}" for what, count in sorted(done.items())) or "nothing was due")
        if any(isinstance(what, Undone) for what in done):
            raise CommandError(f"Not all of it could be done; the lines above say why. {HINT}")
