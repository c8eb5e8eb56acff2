"""`kill -9` of the local stack while photos are uploaded, and what the next `make run` makes of it.

SHOEBOX_FAULTS=long kills it twenty times during uploads of 50 photos, and prints what was found each time; all that
were accepted are then to be ready two minutes after the start.
"""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
import requests

from pipeline_lambdas.photo_pipeline.contract import Preferences, from_item, preferences_item_key
from tests import photo_files

from .killing import PROGRAMS, StackProcess
from .pipeline import mails_to, until
from .running import RunningStack, new_stack
from .site import Site
from .test_main_job import objects_of, records_of

IS_LONG = os.environ.get("SHOEBOX_FAULTS") == "long"
SEED = int(os.environ.get("SHOEBOX_SEED", "1"))
PATIENCE = 600  # seconds; a limit for a broken stack, not a measurement
READY_SECONDS = 120  # what a person waits at most after a start until all accepted photos are ready
BEFORE, PAUSE = (9, 1.5) if IS_LONG else (3, 0.0)  # photos to change one's mind about, and seconds between two
ZONES = [f"Europe/{city}" for city in ("Athens", "Berlin", "Dublin", "Helsinki", "Lisbon", "London", "Madrid", "Oslo")]
WISHES = {"channel": "mail", "rhythm": "batch", "hour": 8, "weekday": 0, "time_zone": "UTC", "language": "en"}
LABEL = "Kept through it all"
LONG_FORMS = (23, 2, 3, 4, 5, 6, 7)  # a notice tells its form by its size, though photos of the first are deleted
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells whose a process is")


@dataclass
class Promises:
    """What the site said before it was killed."""

    accepted: set[str] = field(default_factory=set)
    sent: set[str] = field(default_factory=set)
    given_up: set[str] = field(default_factory=set)  # names of photos that were to be deleted while they were processed
    deleted: set[str] = field(default_factory=set)  # ids
    labelled: str = ""
    zones: list[str] = field(default_factory=list)  # in the order in which they were sent
    chosen: int = 0  # of which so many were answered


@dataclass
class Outcome:
    killed_after: float
    sent: int
    accepted: int
    stored: int
    start_seconds: float
    ready_seconds: float
    deleted: int
    notices: int


def statuses(stack: RunningStack, person: Site) -> dict[str, str]:
    """Where a person's photos stand, by file name, as SQL has them."""
    query = "SELECT file_name, status FROM photos_photo WHERE owner_id = ?"
    return {row[0]: row[1] for row in select(stack, query, hex_of(owner_of(stack, person.email)))}


def are_ready(stack: RunningStack, person: Site, names: set[str]) -> bool:
    """Whether all are; one that is not there any more is an error."""
    found = statuses(stack, person)
    return all(found[name] == "ready" for name in names)


def left_waiting(stack: RunningStack, person: Site, names: set[str], *, since: datetime) -> list[str]:
    """Which of the photos `names` are not at an end, and nothing was done about them since then."""
    query = "SELECT file_name FROM photos_photo WHERE owner_id = ? AND status <> 'ready' AND waiting_since < ?"
    owner = hex_of(owner_of(stack, person.email))
    return [name for (name,) in select(stack, query, owner, f"{since:%Y-%m-%d %H:%M:%S.%f}") if name in names]


def wait(condition: Callable[[], bool]) -> None:
    """Wait until `condition()` is true; fail when it never is."""
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.2)


def owner_of(stack: RunningStack, email: str) -> str:
    ((found,),) = select(stack, "SELECT id FROM accounts_user WHERE email = ?", email)
    return dashed(found)


def select(stack: RunningStack, query: str, *values: str) -> list[tuple[str, ...]]:
    with contextlib.closing(sqlite3.connect(stack.parts.data_dir / "site.sqlite3", timeout=20)) as database:
        return database.execute(query, values).fetchall()


def another(person: Site) -> Site:
    """The same person in another browser: a session of requests serves one thread."""
    browser = Site(person.stack, person.email)
    browser.session.cookies.update(person.session.cookies)
    return browser


def send_forms(person: Site, forms: list[dict[str, bytes]], promises: Promises) -> None:
    with contextlib.suppress(requests.RequestException):
        for form in forms:
            promises.sent |= form.keys()
            if f"{len(form)} photos received." in person.upload(form):
                promises.accepted |= form.keys()


def change_mind(person: Site, photo_ids: list[str], names: Iterable[str], promises: Promises) -> None:
    """Correct, choose and delete, one after the other: photos that are ready, and of `names` some that are not yet."""
    with contextlib.suppress(requests.RequestException):
        if person.post(f"/photos/{photo_ids[0]}/labels/add/", {"name": LABEL}).ok:
            promises.labelled = photo_ids[0]
        for number, photo_id in enumerate(photo_ids[1:]):
            promises.zones.append(ZONES[number % len(ZONES)])
            if person.post("/settings/notifications/", {**WISHES, "time_zone": promises.zones[-1]}).ok:
                promises.chosen = len(promises.zones)
            for each in (photo_id, *give_up(person, names, promises)):
                if person.delete(each):
                    promises.deleted.add(each)
            time.sleep(PAUSE)


def give_up(person: Site, names: Iterable[str], promises: Promises) -> list[str]:
    """The id of one of the photos `names` that was accepted just now, if there is one."""
    query = "SELECT id FROM photos_photo WHERE file_name = ? AND owner_id = ?"
    for name in sorted(promises.accepted.intersection(names) - promises.given_up)[:1]:
        promises.given_up.add(name)
        owner = hex_of(owner_of(person.stack, person.email))
        return [dashed(photo_id) for (photo_id,) in select(person.stack, query, name, owner)]
    return []


@contextlib.contextmanager
def meanwhile(*threads: threading.Thread) -> Iterator[None]:
    for each in threads:
        each.start()
    try:
        yield
    finally:
        for each in threads:
            each.join()


def make_forms(prefix: str, sizes: tuple[int, ...]) -> list[dict[str, bytes]]:
    files = iter(photo_files.many(sum(sizes)).items())
    named = ((f"{prefix}-{name}", data) for name, data in files)
    return [dict(next(named) for _ in range(size)) for size in sizes]


def upload_and_kill(
    stack: RunningStack, process: StackProcess, sizes: tuple[int, ...], seconds: float | None
) -> tuple[Outcome, tuple[str, set[str]]]:
    """One person's uploads, deletions and choices, a kill of everything in their midst, and the next start. The kill
    comes after so many seconds; without them, when all was answered. Returns what was found, and the owner and the ids
    of the photos that are deleted."""
    person, promises = Site(stack).sign_up(), Promises()
    person.upload(make_forms("before", (BEFORE,))[0])
    person.wait_until_processed()
    until(lambda: subjects(stack, person))
    photo_ids = person.photo_ids()
    forms = make_forms("during", sizes)
    given_up = forms[0].keys() if IS_LONG else ()  # a run that was under way is given minutes to end
    halves = (forms[::2], forms[1::2])
    senders = [threading.Thread(target=send_forms, args=(another(person), half, promises)) for half in halves]
    chooser = threading.Thread(target=change_mind, args=(another(person), photo_ids, given_up, promises))
    began = time.monotonic()
    with meanwhile(*senders, chooser):
        if seconds is None:
            wait(lambda: len(promises.accepted) == sum(sizes) and len(promises.deleted) == BEFORE - 1)
        else:
            time.sleep(seconds)
        process.kill_everything()
    killed, killed_at = time.monotonic(), datetime.now(UTC)
    stack = process.start()
    started = time.monotonic()
    person.stack = stack
    assert not left_waiting(stack, person, promises.accepted - promises.given_up, since=killed_at)
    wait(lambda: are_ready(stack, person, promises.accepted - promises.given_up))
    ready = time.monotonic()
    require_kept(person, promises)
    stored = [name for name, status in statuses(stack, person).items() if status == "ready"]
    outcome = Outcome(
        killed_after=round(killed - began, 1),
        sent=len(promises.sent),
        accepted=len(promises.accepted),
        stored=len([name for name in stored if name.startswith("during")]),
        start_seconds=round(started - killed, 1),
        ready_seconds=round(ready - started, 1),
        deleted=len(promises.deleted),
        notices=len(subjects(stack, person)),
    )
    return outcome, (owner_of(stack, person.email), promises.deleted)


def require_kept(person: Site, promises: Promises) -> None:
    """What the site said before the kill holds after it."""
    stack, owner = person.stack, owner_of(person.stack, person.email)
    assert not promises.deleted & set(person.photo_ids())
    records = {record.photo_id: record for record in records_of(stack, owner)}
    if promises.labelled:
        assert LABEL in records[promises.labelled].added_labels
    (zone,) = select(stack, "SELECT time_zone FROM accounts_notificationpreferences WHERE user_id = ?", hex_of(owner))
    assert zone[0] in ["UTC", *promises.zones][promises.chosen :]
    until(lambda: copy_of_preferences(stack, owner).time_zone == zone[0])
    assert max(Counter(subjects(stack, person)).values()) == 1, "a notice was sent twice"


def left_of(stack: RunningStack, owner: str, photo_ids: set[str]) -> list[str]:
    kept = [record.photo_id for record in records_of(stack, owner)] + objects_of(stack, owner)
    kept += [row_id for (row_id,) in select(stack, "SELECT id FROM photos_photo WHERE owner_id = ?", hex_of(owner))]
    return [each for each in kept if any(photo_id in each or hex_of(photo_id) in each for photo_id in photo_ids)]


def hex_of(photo_id: str) -> str:
    """A UUID as SQLite has it."""
    return photo_id.replace("-", "")


def dashed(found: str) -> str:
    """A UUID of SQLite's as everybody else has it."""
    return str(UUID(found))


def copy_of_preferences(stack: RunningStack, owner: str) -> Preferences:
    table = stack.aws.table(stack.outputs["PhotoTableName"])
    return from_item(Preferences, table.get_item(Key=preferences_item_key(owner), ConsistentRead=True)["Item"])


def subjects(stack: RunningStack, person: Site) -> list[str]:
    return [subject for mail in mails_to(stack, person.email) if "photo" in (subject := mail["Subject"])]


def test_accepted_photos_are_ready_and_nothing_is_undone_after_a_kill_of_everything(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    kills, sizes = (20, LONG_FORMS) if IS_LONG else (1, (2, 4))
    deleted: dict[str, set[str]] = {}
    with StackProcess(new_stack(tmp_path)) as process:
        stack = process.start()
        for number in range(kills):
            seconds = chance.uniform(0.2, 20) if IS_LONG else None
            outcome, (owner, photo_ids) = upload_and_kill(stack, process, sizes, seconds)
            print(number, outcome, flush=True)
            assert not IS_LONG or outcome.ready_seconds <= READY_SECONDS
            deleted[owner] = photo_ids
        wait(lambda: not any(left_of(stack, owner, photo_ids) for owner, photo_ids in deleted.items()))


@pytest.mark.skipif(not IS_LONG, reason="a start and a stop for each process")
@pytest.mark.parametrize("name", PROGRAMS)
def test_stack_ends_with_one_of_its_processes_and_the_next_start_goes_on(tmp_path: Path, name: str) -> None:
    with StackProcess(new_stack(tmp_path)) as process:
        person, promises = Site(process.start()).sign_up(), Promises()
        send_forms(person, make_forms("during", (6,)), promises)
        process.kill_one(name)
        assert process.exit_code() == 1
        assert f"{name} ended unexpectedly (exit code -9)" in process.said()
        stack = process.start()
        wait(lambda: are_ready(stack, person, promises.accepted))
        assert len(promises.accepted) == 6
