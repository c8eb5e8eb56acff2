"""Where photos were taken, through the whole pipeline."""

from __future__ import annotations

from pipeline_lambdas.photo_pipeline.contract import Place
from tests import photo_files

from .pipeline import until
from .running import RunningStack
from .site import Site
from .test_main_job import records

VIENNA = Place(latitude=48.20833, longitude=16.37083)  # where photo_files.camera_exif() was


def test_places_are_kept_for_who_asks_and_forgotten_when_they_no_longer_do(stack: RunningStack) -> None:
    ana = Site(stack).sign_up()
    ana.upload({"before.jpg": photo_files.phone_jpeg()})
    ana.wait_until_processed()
    ana.post("/settings/photos/", {"keep_place": "on"})
    ana.upload({"after.jpg": photo_files.phone_jpeg(name="coffee")})
    ana.wait_until_processed()

    after, before = ana.photo_ids()
    assert {photo.photo_id: photo.place for photo in records(ana)} == {before: None, after: VIENNA}
    assert "48.2083° N, 16.3708° E" in ana.get(f"/photos/{after}/").text

    ana.post("/settings/photos/", {})
    assert "48.2083" not in ana.get(f"/photos/{after}/").text
    until(lambda: all(photo.place is None for photo in records(ana)))
