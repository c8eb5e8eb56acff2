"""What a person does with their albums."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import make_photo, make_staff, make_user, put_record
from tests.webapp.photos.pages import ready, text_of
from webapp.albums.models import Album, AlbumPhoto, ShareLink
from webapp.albums.views import ALBUMS_A_PAGE
from webapp.photos.models import PAGE_SIZE

from .shelf import entry_of, make_album, make_link, names_in, row

pytestmark = pytest.mark.django_db


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_the_first_pictures_of_an_album_are_asked_for_at_once(aws: Any, me: Any, mine: Client) -> None:
    album = make_album(me, [ready(aws, me) for _ in range(8)])
    pictures = re.findall(r'<img [^>]*alt="Photo[^>]*>', text_of(mine.get(album.get_absolute_url())))
    shared = re.findall(r'<img [^>]*alt="Photo[^>]*>', text_of(mine.get(make_link(album).get_absolute_url())))
    for page in (pictures, shared):
        assert ["lazy" in picture for picture in page] == [False] * 6 + [True] * 2


def test_pages_of_pictures_are_sent_compressed_and_said_to_differ_by_that(aws: Any, me: Any, mine: Client) -> None:
    photo = ready(aws, me)
    album = make_album(me, [photo])
    shared = make_link(album).get_absolute_url()
    pages = ["/gallery/", f"/gallery/tiles/?ids={photo.pk}", "/trash/", "/albums/"]
    for path in [*pages, photo.get_absolute_url(), album.get_absolute_url(), shared]:
        page = mine.get(path, headers={"Accept-Encoding": "gzip"})
        assert page.headers.get("Content-Encoding") == "gzip", path
        assert "Accept-Encoding" in page.headers["Vary"], path
        assert b"</" in gzip.decompress(page.content), path


# --- All albums ---


def test_no_albums_yet_says_what_they_are_for(aws: Any, mine: Client) -> None:
    page = text_of(mine.get("/albums/"))
    assert "You have no albums yet" in page
    assert "Create album" in page


def test_a_new_album_is_opened_and_listed_with_cover_and_count(aws: Any, me: Any, mine: Client) -> None:
    opened = mine.post("/albums/", {"name": "  Rome\u00a02024 "}, follow=True)
    album = Album.objects.get()
    assert opened.redirect_chain == [(album.get_absolute_url(), 302)]
    assert album.name == "Rome 2024"
    assert "This album is empty" in text_of(opened)
    photo = ready(aws, me)
    AlbumPhoto.objects.create(album=album, photo=photo, position=1)
    make_album(make_user(), name="Elsewhere")
    page = text_of(mine.get("/albums/"))
    assert "Rome 2024" in page
    assert "1 photo" in page
    assert f"{photo.pk}/" in page
    assert "Elsewhere" not in page


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "Type a name"),
        (" \u00a0 ", "Type a name"),
        ("x" * 101, "has 101 characters, the most is 100"),
        ("a\u200bb", "cannot be seen"),
        ("a\nb", "cannot be seen"),
    ],
)
def test_a_name_that_will_not_do_is_kept_in_the_form_with_the_reason(
    aws: Any, mine: Client, name: str, why: str
) -> None:
    response = mine.post("/albums/", {"name": name})
    assert response.status_code == 422
    assert why in response.content.decode()
    assert not Album.objects.exists()


def test_a_list_of_albums_takes_the_same_few_queries_and_one_call_however_many_there_are(
    aws: Any, me: Any, mine: Client, calls: Counter[str]
) -> None:
    for number in range(ALBUMS_A_PAGE + 2):
        make_album(me, [ready(aws, me)] if number % 10 == 0 else [], name=f"Number {number}")
    calls.clear()
    with CaptureQueriesContext(connection) as queries:
        first = mine.get("/albums/")
    assert len(queries) <= 5, [query["sql"][:120] for query in queries]
    assert calls == {"BatchGetItem": 1}
    second = mine.get(f"/albums/{first.context['more']}")
    names = [album.name for page in (first, second) for album, _tile in page.context["albums"]]
    assert names == [f"Number {number}" for number in reversed(range(ALBUMS_A_PAGE + 2))]


def test_no_cover_is_looked_for_among_the_photos_of_everybody(me: Any) -> None:
    plan = Album.objects.of(me).described().explain()
    assert "album" in plan
    assert "photo_waiting" not in plan
    assert "photo_by_status" not in plan


def test_a_form_about_chosen_photos_asks_for_ones_own_albums_when_it_is_opened(
    aws: Any, me: Any, mine: Client, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        fields = render_to_string("photos/_album_choice.html")
    assert 'hx-get="/albums/choice/"' in fields
    assert 'name="new_album"' in fields
    assert "<select" not in text_of(mine.get("/albums/choice/"))
    album = make_album(me, name="Rome & more")
    make_album(make_user(), name="Elsewhere")
    offered = text_of(mine.get("/albums/choice/"))
    assert f'<option value="{album.pk}">Rome &amp; more</option>' in offered
    assert "Elsewhere" not in offered
    without_script = {"photo": row(me).pk, "new_album": "", "do": "choose"}
    assert "Rome &amp; more" in text_of(mine.post("/albums/add/", without_script))


def test_albums_are_there_without_pictures_when_the_table_does_not_answer(
    aws: Any, me: Any, mine: Client, breaks: Any
) -> None:
    album = make_album(me, [ready(aws, me)])
    breaks("dynamodb", "BatchGetItem")
    for path in ("/albums/", album.get_absolute_url(), f"{album.get_absolute_url()}arrange/"):
        response = mine.get(path)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "60")
        assert "Weekend" in response.content.decode()
        assert "pictures cannot be shown right now" in response.content.decode()
    step = {"do": "later", "entry": album.entries.get().pk}
    assert "It is the last photo." in text_of(
        mine.post(f"{album.get_absolute_url()}arrange/", step, headers={"HX-Request": "true"})
    )


# --- One album ---


def test_an_album_shows_its_photos_a_page_at_a_time(aws: Any, me: Any, mine: Client, calls: Counter[str]) -> None:
    photos = [ready(aws, me) for _ in range(PAGE_SIZE + 1)]
    album = make_album(me, photos)
    calls.clear()
    with CaptureQueriesContext(connection) as queries:
        first = mine.get(album.get_absolute_url())
    assert len(queries) <= 6, [query["sql"][:120] for query in queries]
    assert calls == {"BatchGetItem": 1}
    second = mine.get(f"{album.get_absolute_url()}{first.context['more']}")
    shown = [tile.photo.pk for page in (first, second) for tile in page.context["tiles"]]
    assert shown == [photo.pk for photo in photos]
    assert f"{PAGE_SIZE + 1} photos" in text_of(first)


def test_open_tiles_of_an_album_are_asked_about_and_settle_on_its_own_terms(aws: Any, me: Any, mine: Client) -> None:
    going = [make_photo(me) for _ in range(2)]
    for photo in going:
        put_record(aws.table, photo, status="processing")
    album = make_album(me, going)
    page = mine.get(album.get_absolute_url())
    assert "2 photos being processed" in text_of(page)
    assert mine.get(page.context["poll"]).status_code == 204

    put_record(aws.table, going[0])
    answer = mine.get(page.context["poll"])
    tile = f'href="{going[0].get_absolute_url()}?in=album%3D{album.pk}"'
    assert tile in text_of(answer)
    assert str(album.pk) in answer.context["poll"]
    for of_the_gallery in ('id="labels"', 'id="failures"'):
        assert of_the_gallery not in text_of(answer), "the album has no place for it"
    put_record(aws.table, going[1])
    assert "hx-get" not in text_of(mine.get(answer.context["poll"]))


def test_an_album_is_renamed_and_deleted_after_asking(aws: Any, me: Any, mine: Client) -> None:
    photo = ready(aws, me)
    album = make_album(me, [photo])
    assert 'value="Weekend"' in text_of(mine.get(f"{album.get_absolute_url()}rename/"))
    mine.post(f"{album.get_absolute_url()}rename/", {"name": "Sunday"})
    assert "“Sunday”" in text_of(mine.get(f"{album.get_absolute_url()}delete/"))
    gone = mine.post(f"{album.get_absolute_url()}delete/", follow=True)
    assert said(gone) == ["The album “Sunday” is gone. Its photos are in your gallery."]
    assert str(photo.pk) in text_of(mine.get("/gallery/"))


# --- Photos in and out ---


def test_a_photo_is_added_to_an_album_that_is_chosen(aws: Any, me: Any, mine: Client) -> None:
    photo, album = row(me), make_album(me, name="Rome")
    page = text_of(mine.get("/albums/add/", {"photo": photo.pk}))
    assert "Add 1 photo to an album" in page
    assert f'<option value="{album.pk}">Rome</option>' in page
    answer = mine.post("/albums/add/", {"photo": photo.pk, "album": album.pk, "new_album": ""}, follow=True)
    assert answer.redirect_chain == [(album.get_absolute_url(), 302)]
    assert said(answer) == ["1 photo is now in “Rome”."]
    again = mine.post("/albums/add/", {"photo": photo.pk, "album": album.pk, "new_album": ""}, follow=True)
    assert said(again) == ["It was in “Rome” already."]


def test_chosen_photos_are_asked_about_and_go_into_a_new_album(aws: Any, me: Any, mine: Client) -> None:
    photos = [row(me).pk, row(me).pk, make_photo(make_user(), status="ready").pk, "nonsense"]
    assert "Add 2 photos to an album" in text_of(mine.post("/albums/add/", {"photo": photos}))
    chosen = {"photo": photos, "new_album": "Rome", "next": "/gallery/?label=Cat"}
    answer = mine.post("/albums/add/", chosen, follow=True)
    assert answer.redirect_chain == [("/gallery/?label=Cat", 302)]
    assert said(answer) == ["2 photos are now in “Rome”."]
    assert Album.objects.get().entries.count() == 2


def test_no_album_or_another_persons_is_said_and_nothing_is_lost(aws: Any, me: Any, mine: Client) -> None:
    photo, foreign = row(me), make_album(make_user())
    for album, why in (("", "Choose an album, or type"), (foreign.pk, "This album is gone")):
        response = mine.post("/albums/add/", {"photo": photo.pk, "album": album, "new_album": ""})
        assert response.status_code == 422
        assert why in response.content.decode()
        assert str(photo.pk) in response.content.decode()
    assert not AlbumPhoto.objects.exists()


def test_nothing_chosen_is_said_and_anothers_photo_is_not_there(aws: Any, me: Any, mine: Client) -> None:
    assert said(mine.post("/albums/add/", follow=True)) == ["Choose at least one photo first."]
    assert mine.get("/albums/add/", {"photo": make_photo(make_user(), status="ready").pk}).status_code == 404


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_the_way_back_never_leaves_this_site(aws: Any, me: Any, mine: Client, to: str) -> None:
    answer = mine.post("/albums/add/", {"photo": row(me).pk, "new_album": "Rome", "next": to})
    assert answer.headers["Location"] == Album.objects.get().get_absolute_url()


def test_chosen_photos_are_taken_out(aws: Any, me: Any, mine: Client) -> None:
    photos = [row(me, file_name=name) for name in "abc"]
    album = make_album(me, photos)
    answer = mine.post(f"{album.get_absolute_url()}remove/", {"photo": [photos[0].pk, photos[1].pk]}, follow=True)
    assert said(answer) == ["2 photos are out of this album. They stay in your gallery."]
    assert names_in(album) == ["c"]


def test_with_photos_of_an_album_can_be_done_what_can_be_done_in_the_gallery(aws: Any, me: Any, mine: Client) -> None:
    photo = ready(aws, me)
    album = make_album(me, [photo])
    path = f"{album.get_absolute_url()}?after="
    page = text_of(mine.get(path))
    for do in ("favourite", "unfavourite", "label", "album", "download", "trash", "remove"):
        assert f'name="do"\n            value="{do}"' in page or f'name="do" value="{do}"' in page, do
    assert f'formaction="{album.get_absolute_url()}remove/"' in page
    assert f'name="next" value="{path}"' in page
    chosen = {"photo": photo.pk, "next": path}
    assert mine.post("/photos/bulk/", {"do": "trash", **chosen}).headers["Location"] == path
    assert not album.shown().exists()


# --- Order ---


def test_a_photo_is_described_where_it_is_put_in_order(aws: Any, me: Any, mine: Client) -> None:
    album = make_album(me, [ready(aws, me, "Dog", "Beach")])
    assert 'alt="Photo: dog, beach. 12 May 2024"' in text_of(mine.get(f"{album.get_absolute_url()}arrange/"))


def test_buttons_move_a_photo_and_say_where_it_is(aws: Any, me: Any, mine: Client) -> None:
    photos = [row(me, days, file_name=name) for days, name in enumerate("abc")]
    album = make_album(me, photos)
    path = f"{album.get_absolute_url()}arrange/"
    entry = entry_of(album, photos[0])
    answer = mine.post(path, {"do": "later", "entry": entry.pk}, follow=True)
    assert said(answer) == ["It is photo 2 of 3 now."]
    assert names_in(album) == ["b", "a", "c"]
    mine.post(path, {"do": "behind", "entry": entry.pk, "other": entry_of(album, photos[2]).pk})
    assert names_in(album) == ["b", "c", "a"]
    answer = mine.post(path, {"do": "later", "entry": entry.pk}, follow=True)
    assert said(answer) == ["It is photo 3 of 3 now.", "It is the last photo."]
    mine.post(path, {"do": "cover", "entry": entry.pk})
    assert Album.objects.get().cover_id == entry.pk
    mine.post(path, {"do": "remove", "entry": entry.pk})
    mine.post(path, {"do": "day"})
    assert names_in(album) == ["b", "c"]


def test_a_script_gets_the_page_at_once_with_the_words_to_say(aws: Any, me: Any, mine: Client) -> None:
    photos = [row(me, days) for days in range(2)]
    album = make_album(me, photos)
    step = {"do": "earlier", "entry": entry_of(album, photos[0]).pk}
    page = text_of(mine.post(f"{album.get_absolute_url()}arrange/", step, headers={"HX-Request": "true"}))
    assert "It is the first photo." in page


@pytest.mark.parametrize(
    ("step", "status"),
    [
        ({"do": "sideways"}, 400),
        ({}, 400),
        ({"do": "later", "entry": "nobody"}, 404),
        ({"do": "before", "entry": "{mine}"}, 404),
        ({"do": "before", "entry": "{mine}", "other": "{foreign}"}, 404),
        ({"do": "later", "entry": "{foreign}"}, 404),
    ],
)
def test_a_step_that_makes_no_sense_does_nothing(
    aws: Any, me: Any, mine: Client, step: dict[str, str], status: int
) -> None:
    photo, foreign = row(me), make_user()
    album, elsewhere = make_album(me, [photo]), make_album(foreign, [row(foreign)])
    ids = {"mine": entry_of(album, photo).pk, "foreign": elsewhere.entries.get().pk}
    sent = {name: value.format(**ids) for name, value in step.items()}
    assert mine.post(f"{album.get_absolute_url()}arrange/", sent).status_code == status


# --- Links ---


def test_a_link_is_made_listed_and_turned_off(aws: Any, me: Any, mine: Client) -> None:
    album = make_album(me)
    form = {"ends": "never", "until": "", "password": "violets"}
    page = text_of(mine.post(f"{album.get_absolute_url()}links/", form, follow=True))
    link = ShareLink.objects.get()
    assert f"http://testserver{link.get_absolute_url()}" in page
    assert "asks for a password" in page
    assert "violets" not in page
    assert "violets" not in link.password
    page = text_of(mine.post(f"{album.get_absolute_url()}links/{link.pk}/revoke/", follow=True))
    assert link.token not in page
    assert "Turned off on" in page


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"ends": "date"}, "Choose the last day"),
        ({"ends": "date", "until": "2001-01-01"}, "This day is over"),
        ({"ends": "date", "until": "9999-12-31"}, "within ten years"),
        ({"ends": "date", "until": "soon"}, "not a day of the calendar"),
        ({"ends": "never", "password": "12345"}, "has 5 characters. Type at least 6"),
        ({"ends": "sometime"}, "Select a valid choice"),
    ],
)
def test_a_link_that_will_not_do_is_not_made_and_the_album_says_why(
    aws: Any, me: Any, mine: Client, form: dict[str, str], why: str
) -> None:
    album = make_album(me)
    response = mine.post(f"{album.get_absolute_url()}links/", form)
    assert response.status_code == 422
    assert why in response.content.decode()
    assert not ShareLink.objects.exists()


def test_a_link_of_another_album_cannot_be_turned_off(aws: Any, me: Any, mine: Client) -> None:
    album, foreign = make_album(me), make_link()
    assert mine.post(f"{album.get_absolute_url()}links/{foreign.pk}/revoke/").status_code == 404
    foreign.refresh_from_db()
    assert foreign.revoked_at is None


def test_a_photo_is_shared_through_an_album_of_its_own_whose_name_says_what_it_shows(
    aws: Any, me: Any, mine: Client
) -> None:
    photo = ready(aws, me, "Dog", "Beach", file_name="secret.jpg")
    other = make_album(me, [photo, ready(aws, me)], name="Both")
    assert f'action="/photos/{photo.pk}/share/"' in text_of(mine.get(photo.get_absolute_url()))
    led = mine.post(f"/photos/{photo.pk}/share/", follow=True)
    album = Album.objects.exclude(pk=other.pk).get()
    assert album.name == "Dog, Beach"
    assert led.redirect_chain == [(f"{album.get_absolute_url()}?share=1", 302)]
    assert "Make a link" in text_of(led)
    mine.post(f"/photos/{photo.pk}/share/")
    assert Album.objects.count() == 2
    assert [entry.photo for entry in album.shown()] == [photo]


def test_two_photos_that_show_the_same_are_shared_apart(aws: Any, me: Any, mine: Client) -> None:
    photos = [ready(aws, me, "Dog"), ready(aws, me, "Dog")]
    for photo in photos:
        mine.post(f"/photos/{photo.pk}/share/")
    assert sorted(len(album.shown()) for album in Album.objects.all()) == [1, 1]


@pytest.mark.parametrize("overrides", [{"status": "failed"}, {"trashed_at": "2024-05-01T00:00Z", "cleared": False}])
def test_what_is_not_ready_or_in_the_trash_is_not_shared(
    aws: Any, me: Any, mine: Client, overrides: dict[str, Any]
) -> None:
    photo = row(me, **overrides)
    put_record(aws.table, photo, status=photo.status)
    assert "/share/" not in text_of(mine.get(photo.get_absolute_url()))
    assert mine.post(f"/photos/{photo.pk}/share/").status_code == 404
    assert not Album.objects.exists()


def test_a_photo_without_labels_is_shared_as_a_photo(aws: Any, me: Any, mine: Client) -> None:
    mine.post(f"/photos/{row(me).pk}/share/")
    assert Album.objects.get().name == "A photo"


# --- Staff ---


def test_staff_see_albums_and_links_but_no_key_to_them(aws: Any, client: Client) -> None:
    link = make_link(make_album(photos=[], name="Rome"), password="violets")
    client.force_login(make_staff())
    for path in ("album/", f"album/{link.album_id}/change/", "sharelink/", f"sharelink/{link.pk}/change/"):
        page = text_of(client.get(f"/admin/albums/{path}"))
        assert "Rome" in page
        assert link.token not in page
        assert link.password not in page
