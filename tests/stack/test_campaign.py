"""A campaign on the whole stack: paused, everything killed, started, resumed, finished and taken back.

SHOEBOX_FAULTS=long does so with 500 photos, and prints how long each part took.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests import photo_files

from .killing import StackProcess
from .pipeline import mails_to
from .running import RunningStack, new_stack
from .site import UUID, Site
from .test_kill import hex_of, owner_of, select, wait
from .test_main_job import records_of

IS_LONG = os.environ.get("SHOEBOX_FAULTS") == "long"
FORMS = (100,) * 5 if IS_LONG else (24,)
PAUSED_BEHIND = 100 if IS_LONG else 6
PAGE = "/admin/pipeline/campaigns/"
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells whose a process is")


def upload(person: Site) -> None:
    files = iter(photo_files.many(sum(FORMS)).items())
    for size in FORMS:
        person.upload(dict(next(files) for _ in range(size)))
    wait(lambda: statuses(person) == {"ready": sum(FORMS)})


def statuses(person: Site) -> dict[str, int]:
    rows = select(person.stack, "SELECT status FROM photos_photo WHERE owner_id = ?", owner_hex(person))
    return dict(Counter(status for (status,) in rows))


def owner_hex(person: Site) -> str:
    return hex_of(owner_of(person.stack, person.email))


def make_staff(person: Site) -> None:
    """As the administrator of the database would."""
    with contextlib.closing(sqlite3.connect(person.stack.parts.data_dir / "site.sqlite3", timeout=20)) as database:
        database.execute("UPDATE accounts_user SET is_staff = 1, is_superuser = 1 WHERE email = ?", [person.email])
        database.commit()


def stands(stack: RunningStack) -> dict[str, int]:
    """How many photos of the campaign stand where."""
    rows = select(stack, "SELECT status FROM operations_campaignphoto")
    return dict(Counter(status for (status,) in rows))


def state(stack: RunningStack) -> str:
    ((found,),) = select(stack, "SELECT status FROM operations_campaign")
    return found


def ended(stack: RunningStack) -> int:
    return stands(stack).get("done", 0)


def counted(person: Site) -> dict[str, int]:
    """The label counts that the gallery shows, which are those of the index and of the records."""
    owner = owner_hex(person)
    counts = select(person.stack, "SELECT name, count FROM photos_labelcount WHERE owner_id = ?", owner)
    index = select(person.stack, "SELECT name FROM photos_photolabel WHERE owner_id = ?", owner)
    records = records_of(person.stack, owner_of(person.stack, person.email))
    in_records = Counter(label.name for record in records for label in record.labels)
    assert dict(counts) == dict(Counter(name for (name,) in index)) == dict(in_records)
    return {name: int(count) for name, count in counts}


def labels(person: Site) -> dict[str, list[tuple[str, float]]]:
    records = records_of(person.stack, owner_of(person.stack, person.email))
    return {record.photo_id: [(label.name, label.confidence) for label in record.labels] for record in records}


def test_a_campaign_survives_a_kill_and_is_taken_back_whole(tmp_path: Path) -> None:
    with StackProcess(new_stack(tmp_path)) as process:
        person = Site(process.start()).sign_up()
        upload(person)
        make_staff(person)
        mails = len(mails_to(person.stack, person.email))
        counts, before = counted(person), labels(person)
        began = time.monotonic()

        planned = person.post(PAGE, {"name": "Lower", "min_confidence": "35", "asks_anew": "on"})
        (path,) = set(re.findall(rf"{PAGE}{UUID}/", planned.url))
        assert f"{sum(FORMS)} photos" in planned.text
        person.post(path, {"action": "start"})
        wait(lambda: ended(person.stack) >= PAUSED_BEHIND)
        person.post(path, {"action": "pause"})
        assert statuses(person) == {"ready": sum(FORMS)}, "photos stay as they are, with labels"
        paused = time.monotonic()

        process.kill_everything()
        person.stack = process.start()
        started = time.monotonic()
        wait(lambda: "running" not in stands(person.stack))
        at_pause = ended(person.stack)
        assert state(person.stack) == "paused"
        assert at_pause < sum(FORMS)
        counted(person)
        person.post(path, {"action": "resume"})
        wait(lambda: state(person.stack) == "finished")
        finished = time.monotonic()
        assert stands(person.stack) == {"done": sum(FORMS)}
        after = counted(person)
        assert sum(after.values()) > sum(counts.values()), "a lower threshold finds more"

        person.post(path, {"action": "roll_back"})
        wait(lambda: state(person.stack) == "rolled_back")
        taken_back = time.monotonic()
        assert stands(person.stack) == {"restored": sum(FORMS)}
        assert counted(person) == counts
        assert labels(person) == before
        assert len(mails_to(person.stack, person.email)) == mails
        print(
            f"{sum(FORMS)} photos: {in_seconds(paused - began)} until paused behind {at_pause},"
            f" {in_seconds(started - paused)} to kill and start, {in_seconds(finished - started)} to the end,"
            f" {in_seconds(taken_back - finished)} to take back; labels {sum(counts.values())} → {sum(after.values())}"
            f" → {sum(counted(person).values())}",
            flush=True,
        )


def in_seconds(seconds: float) -> str:
    return f"{seconds:.0f} s"
