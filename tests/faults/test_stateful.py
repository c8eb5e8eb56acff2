"""Uploads, corrections, retries, deletions, sweeps, events and deaths in any order that hypothesis thinks of."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests import photo_files
from tests.faults.machine import make_machine
from tests.faults.sizes import LONG, pick

BUDGET = settings(
    max_examples=pick(8, long=300),
    stateful_step_count=pick(30, long=60),
    derandomize=not LONG,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
    phases=pick((Phase.generate,), long=(Phase.generate, Phase.shrink)),
)


@pytest.mark.django_db
def test_whatever_happens_every_photo_ends_or_is_gone(cloud: SimpleNamespace, small_photo: bytes) -> None:
    cloud.injector.reset()
    run_state_machine_as_test(make_machine(cloud, small_photo, photo_files.text_named_jpg()), settings=BUDGET)
