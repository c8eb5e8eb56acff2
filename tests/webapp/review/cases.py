"""Photos that wait for a reviewer, and reviewers: `make_x(**overrides)`."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection, connections
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_photo, make_user, put_record
from webapp.accounts.roles import Role
from webapp.photos.index import index
from webapp.photos.models import Photo, Review
from webapp.review import queue
from webapp.review.models import Case, Entry

SURE, UNSURE, HARMLESS = 97.0, 75.0, 40.0


def make_role(role: Role, **overrides: Any) -> Any:
    person = make_user(**{"is_staff": True, **overrides})
    person.groups.add(Group.objects.get_or_create(name=role)[0])
    return person


def make_reviewer(**overrides: Any) -> Any:
    return make_role(Role.REVIEWER, **overrides)


def make_case(owner: Any = None, **overrides: Any) -> Case:
    """A flagged photo in the queue, by its rows alone."""
    review = overrides.pop("review", Review.FLAGGED)
    shown = review in (Review.FLAGGED, Review.APPROVED, Review.NONE)
    photo = make_photo(owner, status="ready", review=review, cleared=shown)
    return Case.objects.create(**{"photo": photo, "owner": photo.owner, **overrides})


def found(aws: Any, photo: Photo, confidence: float, name: str = "Explicit", **overrides: Any) -> Photo:
    """A photo as the pipeline and the index leave it once the model found this in it."""
    put_record(aws.table, photo, moderation=[contract.ModerationLabel(name, confidence)], **overrides)
    index([photo.pk])
    photo.refresh_from_db()
    return photo


def held(case: Case, reviewer: Any) -> Case:
    assert queue.take(case_id=case.pk, reviewer=reviewer, now=timezone.now())
    return case


def pass_time(case: Case, **time: int) -> None:
    """As if all that was done about a case had been done so much earlier."""
    case.refresh_from_db()
    for name in ("opened_at", "ask_from", "leased_until", "decided_at", "tell_at"):
        if moment := getattr(case, name):
            setattr(case, name, moment - timedelta(**time))
    case.save()


def log_of(case: Case) -> list[tuple[str, str, str]]:
    """(action, before, after), the oldest first."""
    entries = Entry.objects.filter(case=case.pk).order_by("pk")
    return [(entry.action, entry.before, entry.after) for entry in entries]


def on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite in memory knows no waiting for a lock, and no site runs on it: threads get a copy of it in a file."""
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(tmp_path / "site.sqlite3")) as copy:
            connection.connection.backup(copy)
            copy.execute("PRAGMA journal_mode=WAL")  # as the site has it; of two that change it at once one is refused
        monkeypatch.setitem(connections.settings["default"], "NAME", str(tmp_path / "site.sqlite3"))
