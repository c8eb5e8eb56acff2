"""What a deletion left behind, found with no more than the site's own permissions."""

from __future__ import annotations

import subprocess
import sys

import pytest

from infra.local.stack import ROOT, clean_env
from tests import photo_files

from .running import RunningStack
from .site import Site
from .test_main_job import objects_of, owner_id, records_of


@pytest.fixture
def ana(stack: RunningStack) -> Site:
    return Site(stack).sign_up()


def sweep_without_the_row_of(stack: RunningStack, photo_id: str) -> str:
    """Lose a row, and sweep as if an hour had passed; returns what the sweep says."""
    script = (
        "from django.conf import settings; settings.ORPHANED_AFTER_SECONDS = 0;"
        f"from webapp.photos.models import Photo; Photo.objects.filter(pk='{photo_id}').delete();"
        "from webapp.photos.sweep import sweep; print(dict(sweep(dry_run=True)), dict(sweep()))"
    )
    ran = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", script],
        cwd=ROOT, env=clean_env(stack.parts), check=True, capture_output=True, text=True,
    )  # fmt: skip
    return ran.stdout


def test_a_photo_that_lost_its_row_leaves_nothing_in_the_buckets_and_the_table(stack: RunningStack, ana: Site) -> None:
    ana.upload(photo_files.many(2))
    ana.wait_until_processed()
    owner, (lost, kept) = owner_id(ana), ana.photo_ids()
    assert len(objects_of(stack, owner)) == 8

    said = sweep_without_the_row_of(stack, lost)

    assert "'originals without a photo erased':" in said
    assert "not looked through" not in said
    assert "not erased" not in said
    assert [record.photo_id for record in records_of(stack, owner)] == [kept]
    left = objects_of(stack, owner)
    assert len(left) == 4
    assert all(kept in key for key in left)
