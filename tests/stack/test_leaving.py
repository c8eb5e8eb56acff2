"""Who leaves Shoebox leaves nothing in the buckets, in the table or in SQL, erased with the site's own permissions."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from uuid import UUID

from infra.local.stack import ROOT, clean_env
from tests import photo_files

from .pipeline import mails_to, until
from .running import RunningStack
from .site import PASSWORD, Site
from .test_main_job import owner_id


def let_the_week_pass(stack: RunningStack, owner: str) -> None:
    script = (
        "from datetime import timedelta; from webapp.accounts.models import Receipt, User;"
        "from webapp.accounts import closing;"
        f"user = User.objects.get(pk='{owner}');"
        "User.objects.filter(pk=user.pk).update(closes_at=user.closes_at - timedelta(days=7));"
        "closing.go_on();"
        # And the time in which a photo may still come.
        "Receipt.objects.update(begun_at=user.date_joined - timedelta(days=1))"
    )
    subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", script],
        cwd=ROOT, env=clean_env(stack.parts), check=True, capture_output=True, text=True,
    )  # fmt: skip


def everything(stack: RunningStack) -> Iterator[str]:
    """All keys, items and rows that the stack keeps."""
    s3 = stack.aws.client("s3")
    for bucket in ("OriginalsBucketName", "RenditionsBucketName"):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=stack.outputs[bucket]):
            yield from (each["Key"] for each in page.get("Contents", []))
    scan = stack.aws.client("dynamodb").get_paginator("scan")
    for page in scan.paginate(TableName=stack.outputs["PhotoTableName"]):
        yield from map(str, page["Items"])
    with closing(sqlite3.connect(stack.parts.data_dir / "site.sqlite3", timeout=60)) as rows:
        for (table,) in rows.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            yield from (f"{table}: {row}" for row in rows.execute(f'SELECT * FROM "{table}"'))


def test_after_the_week_nothing_is_left_of_a_person_but_the_receipt(stack: RunningStack) -> None:
    ana = Site(stack).sign_up()
    ana.upload(photo_files.many(3))
    ana.wait_until_processed()
    owner = owner_id(ana)
    ana.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": "/settings/data/"})
    ana.post("/settings/data/export/", {})
    until(lambda: "Download the ZIP" in ana.get("/settings/data/").text)
    ana.post("/settings/data/delete/", {})
    assert "Keep my account" in ana.get("/gallery/").text
    marks = (owner, UUID(owner).hex, ana.email)

    def left() -> list[str]:
        return [each for each in everything(stack) if any(mark in each for mark in marks)]

    assert len(left()) > 20
    let_the_week_pass(stack, owner)

    until(lambda: "Your account was deleted" in [mail["Subject"] for mail in mails_to(stack, ana.email)])
    until(lambda: not left())
