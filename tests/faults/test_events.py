"""S3 tells of an original at least once, in any order, or late, and executions race: every photo comes to one end."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest

from tests import photo_files
from tests.faults.deliveries import deliver
from tests.faults.simulation import Simulation
from tests.faults.sizes import LONG, pick
from tests.faults.uploads import make_keeper, orphans
from tests.faults.world import World, assert_index_agrees, assert_nobody_is_told_twice, mails, store_batches
from webapp.photos import reruns, tasks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("emptied")]
UPLOADS, A_BATCH, OWNERS = pick(40, long=1000), 5, pick(2, long=20)
IN_TIME = timedelta(minutes=3)
LATE_BY = timedelta(seconds=20)  # late events meet the runs that the first sweep has started
LOST_IS_CLEARED = pick([90], long=[*range(90, 100)])  # a page of what is stored a sweep, an hour after it was written
SWEEPS = [IN_TIME, *(timedelta(minutes=minutes) for minutes in pick([6], long=[4, 5, 6, 8]) + LOST_IS_CLEARED)]
LATE, ASKED_AGAIN = pick(0.2, long=0.05), 0.05  # of few uploads more, so that some do race


@pytest.mark.parametrize("seed", [1] if LONG else [1, 2])
def test_events_twice_shuffled_and_late_end_every_photo_once(world: World, small_photo: bytes, seed: int) -> None:
    chance = random.Random(seed)
    simulation = Simulation(world.clock, world.executions, chance)
    owners = [make_keeper() for _ in range(OWNERS)]
    batches = UPLOADS // A_BATCH
    files = [photo_files.text_named_jpg(), *[small_photo] * (A_BATCH - 1)]
    uploads = store_batches(world.aws, owners, count=batches, files=files)
    for delivery in deliver(uploads, chance, twice=0.3, late=LATE, within=IN_TIME, late_by=LATE_BY).sent:
        simulation.at(delivery.after, partial(world.tell, delivery.told))
    for upload in chance.sample(uploads, round(UPLOADS * ASKED_AGAIN)):
        simulation.within(2 * IN_TIME, partial(reruns.rerun, upload.photo))
    for after in SWEEPS:
        simulation.at(after, tasks.sweep)

    simulation.run(SWEEPS[-1])
    while tasks.index_photos():
        pass

    records = assert_index_agrees([upload.photo for upload in uploads])
    assert Counter(record.status for record in records.values()) == {"rejected": batches, "ready": UPLOADS - batches}
    assert world.witness.wrong == []
    assert_nobody_is_told_twice(world.witness)
    assert len(mails()) == batches
    assert [orphan for owner in owners for orphan in orphans(world.aws, str(owner.pk))] == []
