"""What people are told, with the permissions that the functions and the site have: pictures, a test, a summary."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from infra.local.stack import ROOT, clean_env
from tests import photo_files

from .pipeline import mails_to, until
from .running import RunningStack
from .site import Site
from .test_main_job import notices, owner_id, records

LONG = os.environ.get("SHOEBOX_FAULTS") == "long"
LATER = str((datetime.now(UTC).hour + 12) % 24)  # no summary is due while these tests run
WISHES = {"channel": "mail", "rhythm": "batch", "hour": LATER, "weekday": "0", "time_zone": "UTC", "language": "de"}


@pytest.fixture
def ana(stack: RunningStack) -> Site:
    return Site(stack).sign_up()


def mail_of(person: Site, subject: str) -> EmailMessage | None:
    found = [mail for mail in mails_to(person.stack, person.email) if str(mail["Subject"]).startswith(subject)]
    assert len(found) <= 1
    return found[0] if found else None


def pictures_in(mail: EmailMessage | None) -> int:
    return sum(part.get_content_type() == "image/jpeg" for part in mail.walk()) if mail else 0


def left_for_later(stack: RunningStack, person: Site) -> int:
    """How many uploads NotifyUser has found nothing to tell of, since there are summaries."""
    pages = stack.aws.client("dynamodb").get_paginator("scan").paginate(
        TableName=stack.outputs["PhotoTableName"], FilterExpression="owner_id = :owner AND sk = :batch AND "
        "attribute_exists(claimed_at) AND attribute_not_exists(sent_at) AND attribute_not_exists(kind)",
        ExpressionAttributeValues={":owner": {"S": owner_id(person)}, ":batch": {"S": "BATCH"}},
    )  # fmt: skip
    return sum(page["Count"] for page in pages)


def let_the_hour_come(stack: RunningStack, address: str) -> None:
    script = (
        "from django.utils import timezone; from webapp.accounts.models import NotificationPreferences as Wishes;"
        f"Wishes.objects.filter(user__email='{address}').update(next_digest_at=timezone.now())"
    )
    subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", script],
        cwd=ROOT, env=clean_env(stack.parts), check=True, capture_output=True, text=True,
    )  # fmt: skip


def test_a_person_gets_pictures_a_test_and_one_summary_of_all_uploads(ana: Site, stack: RunningStack) -> None:
    ana.upload(photo_files.many(2))
    until(lambda: mail_of(ana, "2 photos ready"))
    assert pictures_in(mail_of(ana, "2 photos ready")) == 2

    assert "Your choice is saved" in ana.post("/settings/notifications/", {**WISHES, "rhythm": "daily"}).text
    assert "on its way to your mailbox" in ana.post("/settings/notifications/test/", {}).text
    until(lambda: mail_of(ana, "Eine Probe"))

    for name, photo in list(photo_files.many(5).items())[2:]:
        ana.upload({name: photo})
    ana.wait_until_processed()
    until(lambda: left_for_later(stack, ana) == 3)
    let_the_hour_come(stack, ana.email)
    until(lambda: mail_of(ana, "Dein Tag: 3 Fotos fertig"))
    assert pictures_in(mail_of(ana, "Dein Tag")) == 3
    until(lambda: "You were told in a summary" in ana.get("/notices/").text)


@pytest.mark.skipif(not LONG, reason="takes minutes: SHOEBOX_FAULTS=long")
def test_two_hundred_photos_of_one_upload_make_one_mail(ana: Site, stack: RunningStack) -> None:
    began = time.monotonic()
    assert "200 photos received." in ana.upload(photo_files.many(200))
    until(lambda: notices(ana), patience=600)
    took = time.monotonic() - began
    ends = [photo.status for photo in records(ana)]
    asked_twice = ask_again(stack)
    print(f"200 photos: told after {took:.0f} s, {pictures_in(mail_of(ana, '200'))} pictures, then {asked_twice}")
    assert ends == ["ready"] * 200
    assert notices(ana) == ["200 photos ready"]
    assert pictures_in(mail_of(ana, "200 photos ready")) == 6


def ask_again(stack: RunningStack) -> list[str]:
    """What NotifyUser answers when it is asked anew for every batch that there is."""
    table = stack.aws.table(stack.outputs["PhotoTableName"])
    batches = [item["batch_id"] for item in table.scan()["Items"] if item["sk"] == "BATCH"]
    invoke = stack.aws.client("lambda").invoke
    asked = [json.dumps({"batch_id": batch}).encode() for batch in batches]
    answers = [invoke(FunctionName=stack.outputs["NotifyUserFunctionName"], Payload=each) for each in asked]
    return [json.loads(answer["Payload"].read())["outcome"] for answer in answers]
