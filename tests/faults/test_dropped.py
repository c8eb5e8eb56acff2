"""Events that never come, and executions that die: one sweep brings every photo to its end."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest

from pipeline_lambdas.photo_pipeline import contract
from tests import photo_files
from tests.faults.deliveries import deliver
from tests.faults.simulation import Simulation
from tests.faults.sizes import pick
from tests.faults.uploads import make_keeper
from tests.faults.world import World, assert_index_agrees, assert_nobody_is_told_twice, mails, store_batches
from webapp.photos import catalog, tasks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("emptied")]
UPLOADS, A_BATCH, OWNERS = pick(40, long=1000), 5, pick(2, long=20)
DROPPED, KILLED = pick(4, long=100), pick(8, long=50)
ALL_HAVE_COME = timedelta(minutes=1)
OLD_ENOUGH_TO_SWEEP = timedelta(minutes=5)
AFTER_THE_SWEEP = timedelta(minutes=15)


@pytest.mark.parametrize("seed", [1])
def test_one_sweep_closes_what_was_dropped_and_what_died(world: World, small_photo: bytes, seed: int) -> None:
    chance = random.Random(seed)
    simulation = Simulation(world.clock, world.executions, chance)
    owners = [make_keeper() for _ in range(OWNERS)]
    batches = UPLOADS // A_BATCH
    files = [photo_files.text_named_jpg(), *[small_photo] * (A_BATCH - 1)]
    uploads = store_batches(world.aws, owners, count=batches, files=files)
    photos = [upload.photo for upload in uploads]
    told = deliver(uploads, chance, twice=0.0, late=0.0, never=DROPPED / UPLOADS)
    for delivery in told.sent:
        simulation.at(delivery.after, partial(world.tell, delivery.told))
    for _ in range(KILLED):
        simulation.within(ALL_HAVE_COME, simulation.kill_one)
    simulation.run(OLD_ENOUGH_TO_SWEEP)
    assert (len(told.dropped), len(simulation.killed)) == (DROPPED, KILLED)
    assert sum(record.status in contract.OPEN for record in catalog.get_many(photos).values()) >= DROPPED + KILLED // 2

    done = tasks.sweep()
    simulation.run(AFTER_THE_SWEEP)
    while tasks.index_photos():
        pass

    records = assert_index_agrees(photos)
    assert Counter(record.status for record in records.values()) == {"rejected": batches, "ready": UPLOADS - batches}
    assert done["photos set going"] >= DROPPED
    assert world.witness.wrong == []
    assert_nobody_is_told_twice(world.witness)
    assert len(mails()) == batches
