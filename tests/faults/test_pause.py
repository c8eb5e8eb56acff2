"""A month that reaches its cap: photos are kept, and labelled by themselves when the next one begins."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline_lambdas.photo_pipeline import contract
from tests.faults.uploads import make_keeper, make_upload
from tests.faults.world import World
from webapp.costs import cap
from webapp.costs.models import Pause, Use
from webapp.costs.spending import month_of
from webapp.photos import catalog, tasks
from webapp.photos.models import Photo

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nothing_else")]


def test_a_photo_that_comes_while_analysis_is_paused_is_labelled_in_the_next_month(
    world: World, cloud: SimpleNamespace, small_photo: bytes, settings: Any
) -> None:
    settings.MONTHLY_COST_CAP = Decimal(10)
    Use.objects.create(key="spent", month=month_of(world.clock.now).replace(day=1), labels=10_000)
    cap.keep()
    upload = make_upload(cloud.aws, small_photo, owner=make_keeper())
    before = cloud.rekognition.asked.total()
    cloud.pipeline.arrive(upload.photo.key, upload.etag)
    tasks.index_photos()

    photo = Photo.objects.get(pk=upload.photo.pk)
    assert (photo.status, photo.reason_code, cloud.rekognition.asked.total()) == ("failed", "paused", before)
    record = catalog.get(photo)
    assert record is not None
    assert set(record.renditions) == set(contract.RENDITION_FILES)
    assert cap.keep() == 0

    world.clock.advance(days=32)
    assert cap.keep() == 1
    cloud.pipeline.run_executions()
    tasks.index_photos()
    photo.refresh_from_db()
    assert (photo.status, photo.attempt, Pause.objects.count()) == ("ready", 2, 0)
    assert cap.keep() == 0
    assert Use.objects.filter(photo=photo).count() == 2
    assert Use.objects.exclude(key="spent").totals()[1] == 1
