from __future__ import annotations

import io
import re
import uuid
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_photo, make_user, put_record
from webapp.albums.models import Album
from webapp.photos import catalog, trash, zip_places
from webapp.photos.bulk import ACTIONS
from webapp.photos.models import LabelCount, Photo

from .pages import ready, text_of

pytestmark = pytest.mark.django_db


def do(client: Client, what: str, photos: Iterable[Photo], **form: Any) -> str:
    """The text of the page that follows."""
    fields = {"do": what, "photo": [str(photo.pk) for photo in photos], **form}
    return text_of(client.post("/photos/bulk/", fields, follow=True))


def undo(client: Client, page: str) -> str:
    """Press the button that a page offers; the text of the page that follows."""
    key = re.search(r'name="key" value="(\w+)"', page)
    assert key
    return text_of(client.post("/trash/undo/", {"key": key[1]}, follow=True))


def labels_of(photo: Photo) -> list[str]:
    return [label.name for label in contract.shown_labels(catalog.get(photo))]


@pytest.mark.parametrize("what", [*ACTIONS, "download"])
def test_nothing_is_done_with_what_is_another_persons(aws: Any, me: Any, mine: Client, what: str) -> None:
    theirs = ready(aws, make_user(), "Cat")
    if what in ("restore", "delete"):
        Photo.objects.update(trashed_at=theirs.uploaded_at, cleared=False)
    before = (Photo.objects.get(), catalog.get(theirs))
    fields = {"do": what, "photo": str(theirs.pk), "label": "Mine", "sure": "yes"}
    response = mine.post("/photos/bulk/", fields)
    assert response.status_code == 302
    assert (Photo.objects.get(), catalog.get(theirs)) == before
    for field in ("trashed_at", "favourite", "status"):
        assert getattr(Photo.objects.get(), field) == getattr(before[0], field)


def test_favourites_are_set_and_taken_back(aws: Any, me: Any, mine: Client) -> None:
    photos = [ready(aws, me), ready(aws, me)]
    assert "2 photos are favourites now." in do(mine, "favourite", photos)
    assert Photo.objects.filter(favourite=True).count() == 2
    assert "1 photo is no favourite now." in do(mine, "unfavourite", photos[:1])
    assert list(Photo.objects.filter(favourite=True)) == photos[1:]


@pytest.mark.parametrize(
    ("what", "said"),
    [("favourite", "These photos are favourites already, or gone."),
     ("unfavourite", "None of these photos was a favourite."),
     ("download", "These photos are in the trash, or gone."),
     ("delete", "These photos are back already, or gone.")],
)  # fmt: skip
@pytest.mark.parametrize("form", [{}, {"sure": "yes"}])
def test_what_changes_nothing_counts_no_photos(
    aws: Any, me: Any, mine: Client, what: str, said: str, form: dict[str, str]
) -> None:
    photo = ready(aws, me, favourite=what == "favourite")
    if what == "download":
        trash.throw_away(owner=me, photo_ids=[photo.pk])
    page = do(mine, what, [photo], **form)
    assert said in page
    assert "0 photos" not in page


def test_what_goes_to_the_trash_can_be_had_back_at_once(aws: Any, me: Any, mine: Client) -> None:
    photos = [ready(aws, me), ready(aws, me)]
    page = do(mine, "trash", photos)
    assert "2 photos are in the trash." in page
    assert "Undo" in page
    assert not Photo.objects.for_gallery(me).exists()
    assert "2 photos are back in your gallery." in undo(mine, page)
    assert Photo.objects.for_gallery(me).count() == 2
    assert "back already, or gone" in undo(mine, page)


def test_each_of_two_windows_undoes_what_it_has_done(aws: Any, me: Any, mine: Client) -> None:
    first, second = ready(aws, me), ready(aws, me)
    pages = [do(mine, "trash", [photo]) for photo in (first, second)]
    undo(mine, pages[0])
    assert list(Photo.objects.for_gallery(me)) == [first]
    undo(mine, pages[1])
    assert Photo.objects.for_gallery(me).count() == 2


def test_an_undo_that_was_forgotten_says_so(aws: Any, me: Any, mine: Client) -> None:
    photos = [ready(aws, me) for _ in range(6)]
    pages = [do(mine, "trash", [photo]) for photo in photos]
    assert "back already, or gone" in undo(mine, pages[0])
    assert "1 photo is back" in undo(mine, pages[1])
    for form in ({}, {"key": "x"}):
        assert "back already, or gone" in text_of(mine.post("/trash/undo/", form, follow=True))


def test_sent_twice_by_a_double_click_it_can_still_be_had_back(aws: Any, me: Any, mine: Client) -> None:
    photo = ready(aws, me)
    page = do(mine, "trash", [photo])
    assert "in the trash already" in do(mine, "trash", [photo])
    undo(mine, page)
    assert list(Photo.objects.for_gallery(me)) == [photo]


def test_no_album_is_made_of_photos_that_are_gone(aws: Any, me: Any, mine: Client) -> None:
    photo = ready(aws, me)
    do(mine, "trash", [photo])
    assert "in the trash, or gone" in do(mine, "album", [photo], new_album="Harz")
    assert not Album.objects.exists()


def test_one_photo_goes_to_the_trash_from_its_page(aws: Any, me: Any, mine: Client) -> None:
    photo = ready(aws, me, file_name="cat.jpg")
    page = text_of(mine.post(f"/photos/{photo.pk}/trash/", follow=True))
    assert "cat.jpg is in the trash." in page
    assert "Undo" in page
    assert list(Photo.objects.in_trash(me)) == [photo]


def test_what_is_deleted_for_good_is_asked_about_first_and_only_from_the_trash(aws: Any, me: Any, mine: Client) -> None:
    kept, gone = ready(aws, me), ready(aws, me)
    do(mine, "trash", [gone])
    page = do(mine, "delete", [kept, gone])
    assert "Delete this photo for good?" in page
    assert str(gone.pk) in page
    assert str(kept.pk) not in page
    assert Photo.objects.in_trash(me).count() == 1

    assert "1 photo was deleted." in do(mine, "delete", [kept, gone], sure="yes")
    assert list(Photo.objects.kept()) == [kept]


def test_a_label_is_given_to_all_that_are_ready(aws: Any, me: Any, mine: Client) -> None:
    cat, dog = ready(aws, me, "Cat"), ready(aws, me, "Dog")
    waiting = make_photo(me)
    put_record(aws.table, waiting, status="processing")
    page = do(mine, "label", [cat, dog, waiting], label=" Holiday ")
    assert "2 photos show Holiday now." in page
    assert "1 was left as it is" in page
    assert (labels_of(cat), labels_of(dog)) == (["Holiday", "Cat"], ["Holiday", "Dog"])
    assert dict(LabelCount.objects.top(me))["Holiday"] == 2


def test_a_label_is_written_as_the_owner_has_it(aws: Any, me: Any, mine: Client) -> None:
    ready(aws, me, "Cat")
    other = ready(aws, me, "Dog")
    do(mine, "label", [other], label="cat")
    assert labels_of(other) == ["Cat", "Dog"]


@pytest.mark.parametrize(("label", "said"), [("", "Type a label first"), ("x" * 61, "Type a shorter one")])
def test_a_label_that_is_none_says_so(aws: Any, me: Any, mine: Client, label: str, said: str) -> None:
    assert said in do(mine, "label", [ready(aws, me)], label=label)


def test_labels_saved_before_dynamodb_stopped_to_answer_are_in_the_index(
    aws: Any, me: Any, mine: Client, breaks: Any
) -> None:
    photos = [ready(aws, me), ready(aws, me)]
    writes = iter([False])
    breaks("dynamodb", "UpdateItem", when=lambda _params: next(writes, True))
    assert "Not all of this could be saved." in do(mine, "label", photos, label="Holiday")
    assert dict(LabelCount.objects.top(me))["Holiday"] == 1


@pytest.mark.parametrize(
    ("form", "said"),
    [({"do": "trash"}, "Select some photos first."), ({"do": "nonsense", "photo": "x"}, "Choose what to do"),
     ({}, "Choose what to do"), ({"do": "download"}, "Select some photos first."),
     ({"do": "delete"}, "Select some photos first."),
     ({"do": "trash", "photo": ["not-an-id"]}, "Select some photos first."),
     ({"do": "trash", "photo": ["x"] * 501}, "Select 500 photos at most.")],
)  # fmt: skip
def test_a_form_that_makes_no_sense_says_what_to_do(aws: Any, mine: Client, form: dict[str, Any], said: str) -> None:
    assert said in text_of(mine.post("/photos/bulk/", form, follow=True))


@pytest.mark.parametrize(
    ("next_page", "goes_to"),
    [("/gallery/?label=Cat", "/gallery/?label=Cat"), ("https://evil.example/", "/gallery/"),
     ("//evil.example", "/gallery/"), ("javascript:alert(1)", "/gallery/"), ("", "/gallery/")],
)  # fmt: skip
def test_it_goes_back_to_where_the_photos_were_selected_and_nowhere_else(
    aws: Any, me: Any, mine: Client, next_page: str, goes_to: str
) -> None:
    response = mine.post("/photos/bulk/", {"do": "favourite", "photo": str(ready(aws, me).pk), "next": next_page})
    assert response.headers["Location"] == goes_to


@pytest.mark.parametrize(
    ("form", "said"), [({"label": "Snow"}, "1 photo shows Snow now."), ({"new_album": "Ice"}, "is now in “Ice”.")]
)
def test_enter_in_a_field_which_presses_no_button_does_what_the_field_is_for(
    aws: Any, me: Any, mine: Client, form: dict[str, Any], said: str
) -> None:
    assert said in do(mine, "", [ready(aws, me)], **form)
    assert not Photo.objects.get().favourite


def test_photos_go_into_an_album_that_is_there_or_a_new_one(aws: Any, me: Any, mine: Client) -> None:
    first, second = ready(aws, me), ready(aws, me)
    assert "1 photo is now in “Harz”." in do(mine, "album", [first], new_album=" Harz ")
    album = Album.objects.get()
    assert "1 photo is now in “Harz”." in do(mine, "album", [first, second], album=str(album.pk))
    assert set(album.entries.values_list("photo", flat=True)) == {first.pk, second.pk}


def test_a_double_press_makes_one_album_and_a_form_of_later_another(aws: Any, me: Any, mine: Client) -> None:
    photo = ready(aws, me)
    for _ in range(2):
        do(mine, "album", [photo], new_album="Harz")
    assert Album.objects.get().entries.count() == 1
    Album.objects.create(owner=make_user(), name="Alps")
    do(mine, "album", [photo], new_album="Alps")
    assert Album.objects.filter(owner=me).count() == 2
    Album.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    do(mine, "album", [photo], new_album="Harz")
    assert Album.objects.filter(owner=me, name="Harz").count() == 2


@pytest.mark.parametrize("form", [{}, {"album": "nonsense"}, {"album": str(uuid.uuid4())}, {"new_album": "x" * 200}])
def test_no_album_is_made_of_what_names_none(aws: Any, me: Any, mine: Client, form: dict[str, str]) -> None:
    page = do(mine, "album", [ready(aws, me)], **form)
    assert 'class="notice notice-warning"' in page
    assert not Album.objects.exists()


# --- Download ---


def unpack(response: Any) -> zipfile.ZipFile:
    assert response.headers["Content-Type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    assert archive.testzip() is None
    return archive


def download(client: Client, photos: Iterable[Photo]) -> Any:
    return client.post("/photos/bulk/", {"do": "download", "photo": [str(photo.pk) for photo in photos]})


def keep(aws: Any, photo: Photo, data: bytes) -> Photo:
    aws.s3.put_object(Bucket=settings.ORIGINALS_BUCKET, Key=photo.key, Body=data)
    return photo


def test_originals_come_byte_for_byte_under_their_own_names(aws: Any, me: Any, mine: Client) -> None:
    large = bytes(range(256)) * 4096
    keep(aws, ready(aws, me, file_name="b.jpg"), b"two")
    keep(aws, ready(aws, me, file_name="a.JPG"), large)
    response = download(mine, Photo.objects.all())
    assert response.headers["Cache-Control"] == "private, no-store"
    archive = unpack(response)
    assert {name: archive.read(name) for name in archive.namelist()} == {"a.JPG": large, "b.jpg": b"two"}
    assert archive.getinfo("a.JPG").date_time == (2024, 5, 12, 14, 3, 10)


def test_names_never_meet_and_never_lead_out_of_the_folder(aws: Any, me: Any, mine: Client) -> None:
    names = ["a.jpg", "A.jpg", "../../etc/passwd", "..", "a\u202e\x07.jpg", "C:\\a.jpg"]
    photos = [keep(aws, ready(aws, me, file_name=name), name.encode()) for name in names]
    archive = unpack(download(mine, photos))
    shown = archive.namelist()
    assert len({name.casefold() for name in shown}) == len(names)
    assert not any("/" in name or "\\" in name or name.startswith(".") for name in shown)
    assert {"a.jpg", "A (2).jpg"} <= set(shown) or {"A.jpg", "a (2).jpg"} <= set(shown)


def test_what_cannot_be_read_is_listed_and_the_rest_comes(aws: Any, me: Any, mine: Client) -> None:
    photos = [keep(aws, ready(aws, me, file_name="here.jpg"), b"here"), ready(aws, me, file_name="lost.jpg")]
    archive = unpack(download(mine, photos))
    assert set(archive.namelist()) == {"here.jpg", "NOT INCLUDED.txt"}
    assert "lost.jpg" in archive.read("NOT INCLUDED.txt").decode()


@pytest.mark.django_db(transaction=True)  # at the end of a request Django may close its connection to the database
def test_a_person_is_sent_two_zips_at_a_time_and_a_third_once_one_has_ended(aws: Any, me: Any, mine: Client) -> None:
    photo = keep(aws, ready(aws, me), b"photo")
    first, second = download(mine, [photo]), download(mine, [photo])
    third = mine.post("/photos/bulk/", {"do": "download", "photo": str(photo.pk), "next": "/gallery/?label=Cat"})
    assert third.status_code == 429
    assert "Wait until one of them has ended" in third.content.decode()
    assert 'href="/gallery/?label=Cat"' in third.content.decode()

    unpack(first)
    first.close()
    third = download(mine, [photo])
    assert third.streaming
    assert download(mine, [photo]).status_code == 429
    next(iter(second))
    second.close()  # as the server does when the connection breaks
    third.close()  # before anything was read
    assert [download(mine, [photo]).status_code for _ in range(3)] == [200, 200, 429]


def test_the_zips_of_one_person_take_no_place_of_another(aws: Any, me: Any, mine: Client) -> None:
    other = make_user()
    theirs = Client()
    theirs.force_login(other)
    sent = [download(mine, [make_photo(me)]), download(mine, [make_photo(me)])]
    assert download(theirs, [keep(aws, ready(aws, other), b"photo")]).streaming
    assert all(each.streaming for each in sent)


def test_a_place_that_was_lost_to_a_later_zip_is_not_given_back_twice(me: Any) -> None:
    lost, kept = zip_places.take(me), zip_places.take(me)
    cache.delete(lost.key)  # as it expires, when the process that had it was killed
    later = zip_places.take(me)
    lost.leave()
    lost.keep()
    with pytest.raises(zip_places.NoPlace):
        zip_places.take(me)
    later.leave()
    kept.leave()
    assert zip_places.take(me).key == later.key


def test_a_place_is_kept_as_long_as_pieces_are_sent_and_no_longer(me: Any) -> None:
    with time_machine.travel(datetime(2026, 5, 1, tzinfo=UTC), tick=False) as now:
        zip_places.take(me)
        pieces = iter(zip_places.Held((piece for piece in (b"a", b"b")), zip_places.take(me)))
        for _ in pieces:
            now.shift(zip_places.KEPT - 1)
        zip_places.take(me)  # of the first one nothing was heard
        with pytest.raises(zip_places.NoPlace):
            zip_places.take(me)
        now.shift(zip_places.KEPT + 1)
        zip_places.take(me)


# --- The trash ---


def test_an_empty_trash_says_what_it_is_for(mine: Client) -> None:
    assert "The trash is empty" in text_of(mine.get("/trash/"))


def test_the_trash_shows_mine_alone_and_how_long(aws: Any, me: Any, mine: Client) -> None:
    gone, kept, theirs = ready(aws, me), ready(aws, me), ready(aws, make_user())
    do(mine, "trash", [gone])
    Photo.objects.filter(pk=theirs.pk).update(trashed_at=theirs.uploaded_at, cleared=False)
    page = text_of(mine.get("/trash/"))
    assert f"tile-{gone.pk}" in page
    assert str(kept.pk) not in page
    assert str(theirs.pk) not in page
    assert "30 days" in page


def test_emptying_the_trash_asks_once_and_leaves_the_gallery_alone(aws: Any, me: Any, mine: Client) -> None:
    gone, kept = ready(aws, me), ready(aws, me)
    do(mine, "trash", [gone])
    assert "The photo in it is deleted for good" in text_of(mine.get("/trash/empty/"))
    assert "1 photo was deleted." in text_of(mine.post("/trash/empty/", follow=True))
    assert list(Photo.objects.kept()) == [kept]
