from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import make_photo, make_record, make_user
from webapp.photos.favourites import set_favourite
from webapp.photos.index import note_progress
from webapp.photos.models import Photo, Status

from .pages import ready, text_of

pytestmark = pytest.mark.django_db


def favourites() -> set[Any]:
    return set(Photo.objects.filter(favourite=True).values_list("pk", flat=True))


def test_photos_become_favourites_and_none_any_more_and_the_changed_are_counted(me: Any) -> None:
    first, second, third = (make_photo(me) for _ in range(3))
    assert set_favourite(owner=me, photo_ids=[first.pk, second.pk], favourite=True) == 2
    assert set_favourite(owner=me, photo_ids=[second.pk, third.pk], favourite=True) == 1
    assert set_favourite(owner=me, photo_ids=[first.pk, third.pk], favourite=False) == 2
    assert favourites() == {second.pk}


def test_nobody_has_favourites_among_photos_of_others_or_what_is_on_its_way_out(me: Any) -> None:
    theirs, gone = make_photo(make_user()), make_photo(me, status=Status.DELETING)
    assert set_favourite(owner=me, photo_ids=[theirs.pk, gone.pk], favourite=True) == 0
    assert favourites() == set()


@pytest.mark.parametrize("java_script", [False, True])
def test_the_heart_says_what_it_is_and_sends_what_it_is_to_be(
    aws: Any, me: Any, mine: Client, java_script: bool
) -> None:
    photo, headers = ready(aws, me), {"HX-Request": "true"} if java_script else {}
    page = text_of(mine.get(photo.get_absolute_url()))
    for wanted, pressed in (("on", "true"), ("on", "true"), ("off", "false"), ("off", "false")):
        other = {"on": "off", "off": "on"}[wanted]
        answer = mine.post(f"/photos/{photo.pk}/favourite/", {"favourite": wanted}, headers=headers)
        page = text_of(answer if java_script else mine.get(answer.headers["Location"]))
        assert 'id="favourite-button"' in page
        assert f'value="{other}"' in page
        assert f'aria-pressed="{pressed}"' in page.split('id="favourite-button"')[1].split(">")[0]
        assert favourites() == ({photo.pk} if wanted == "on" else set())


def test_without_a_word_it_is_toggled(me: Any, mine: Client) -> None:
    photo = make_photo(me)
    for expected in ({photo.pk}, set()):
        mine.post(f"/photos/{photo.pk}/favourite/")
        assert favourites() == expected


def test_the_heart_asks_nothing_of_aws(me: Any, mine: Client, calls: Any) -> None:
    mine.post(f"/photos/{make_photo(me).pk}/favourite/", headers={"HX-Request": "true"})
    assert not calls


def test_photos_that_change_together_are_locked_in_the_order_in_which_everybody_locks_them(me: Any) -> None:
    """On PostgreSQL an UPDATE locks them as it meets them: it and whoever indexes them would wait for each other."""
    photos = [make_photo(me, status="uploading") for _ in range(3)]
    seen = {photo.pk: make_record(photo, status="processing") for photo in photos}
    changes = [
        lambda: set_favourite(owner=me, photo_ids=list(seen), favourite=True),
        lambda: note_progress(photos, seen),
    ]
    for change in changes:
        with CaptureQueriesContext(connection) as asked:
            change()
        written = next(at for at, each in enumerate(asked) if each["sql"].startswith("UPDATE"))
        assert " ORDER BY 1 ASC" in asked[written - 1]["sql"]
    assert set(Photo.objects.values_list("status", "favourite")) == {("processing", True)}
