"""What a link shows, to whom, for how long, and what it never says."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_user
from tests.webapp.photos.pages import ready, text_of
from webapp.albums import contents, shares
from webapp.albums.forms import ShareForm
from webapp.albums.models import ShareLink
from webapp.albums.renditions import open_rendition
from webapp.photos import catalog, deletion, trash
from webapp.photos.models import PAGE_SIZE, Photo

from .shelf import PICTURE, entry_of, keep_renditions, make_album, make_link, pictures_of, row

pytestmark = pytest.mark.django_db
PASSWORD = "three violets"


def shared(aws: Any, owner: Any, **overrides: Any) -> tuple[ShareLink, Photo]:
    """A link to an album with one photo whose renditions are in S3."""
    photo = ready(aws, owner, "Secret")
    keep_renditions(aws, photo)
    return make_link(make_album(owner, [photo], name="Rome"), **overrides), photo


def statuses(client: Client, link: ShareLink, photo: Photo) -> list[int]:
    """Of the album, the photo's page, and its two pictures."""
    return [client.get(path).status_code for path in [link.get_absolute_url(), *pictures_of(link, photo)]]


# --- What it shows ---


def test_somebody_with_the_link_sees_name_and_pictures(aws: Any, me: Any, client: Client) -> None:
    link, photo = shared(aws, me)
    page = text_of(client.get(link.get_absolute_url()))
    assert re.search(r"<title>\s*Rome\s*· Shoebox\s*</title>", page)
    assert "1 photo" in page
    _page, thumb, display = pictures_of(link, photo)
    assert f'src="{thumb}"' in page
    assert f'src="{display}"' in text_of(client.get(pictures_of(link, photo)[0]))
    for address in (thumb, display):
        assert client.head(address).headers["Content-Length"] == str(len(PICTURE))
        picture = client.get(address)
        assert b"".join(picture.streaming_content) == PICTURE
        assert picture.headers["Content-Type"] == "image/webp"
        assert picture.headers["Content-Length"] == str(len(PICTURE))


def test_of_a_tile_and_its_thumbnail_no_more_is_read_than_is_shown(
    aws: Any, me: Any, client: Client, breaks: Any
) -> None:
    link, photo = shared(aws, me)
    read: list[str] = []

    def note(params: dict[str, Any]) -> bool:
        (asked,) = params["RequestItems"].values()
        read.append(asked.get("ProjectionExpression", "everything"))
        return False

    breaks("dynamodb", "BatchGetItem", when=note)
    _page, thumb, _display = pictures_of(link, photo)
    client.get(link.get_absolute_url())
    assert client.get(thumb).status_code == 200
    assert len(read) == 2
    assert "everything" not in read


def test_neither_page_nor_header_says_anything_of_the_owner_or_the_photo(aws: Any, client: Client) -> None:
    owner = make_user(email="ana.tomic@example.org")
    photo = ready(aws, owner, "Passport", file_name="IMG_at_home.jpg")
    other = ready(aws, owner, "Passport")
    for each in (photo, other):
        keep_renditions(aws, each)
    album = make_album(owner, [photo, other], name="Rome")
    link, locked = make_link(album), make_link(album, password=PASSWORD)
    buckets = {"originals-test", "renditions-test"}
    paths = [link.get_absolute_url(), *pictures_of(link, photo), locked.get_absolute_url(), "/s/nothing/"]
    answers = [client.get(path) for path in paths]
    unlock = client.post(locked.get_absolute_url(), {"password": "wrong one"})
    record_run = Photo.objects.get(pk=photo.pk).run_id
    secrets = {
        str(owner.pk), owner.pk.hex, "ana", "tomic", str(photo.pk), photo.pk.hex, str(other.pk), str(album.pk),
        "IMG_at_home", other.file_name, "Passport", "iPhone", "2024", record_run, *buckets, "amazonaws", "X-Amz",
        photo.key, "renditions/", str(photo.batch_id or "no batch"),
    }  # fmt: skip
    for answer in [*answers, unlock]:
        said = f"{answer.headers}" + ("" if answer.streaming else answer.content.decode())
        assert [secret for secret in secrets if secret in said] == [], answer.request["PATH_INFO"]
    assert "Rome" not in answers[4].content.decode(), "nothing at all before the password"


def test_every_answer_is_kept_by_nobody_found_by_nobody_and_passes_on_no_address(
    aws: Any, me: Any, client: Client
) -> None:
    link, photo = shared(aws, me)
    locked = make_link(link.album, password=PASSWORD)
    paths = [link.get_absolute_url(), *pictures_of(link, photo), "/s/nothing/", *pictures_of(locked, photo)]
    for path in [*paths, locked.get_absolute_url()]:
        headers = client.get(path).headers
        assert headers["Cache-Control"] == "private, no-store"
        assert headers["X-Robots-Tag"] == "noindex"
        # A form that is sent without a referrer names no origin, and is refused.
        expected = "same-origin" if path == locked.get_absolute_url() else "no-referrer"
        assert headers["Referrer-Policy"] == expected, path
        assert "http" not in headers["Content-Security-Policy"]


def test_a_form_with_the_password_is_taken_from_this_site_alone(aws: Any, me: Any) -> None:
    link, _photo = shared(aws, me, password=PASSWORD)
    client = Client(enforce_csrf_checks=True)
    page = text_of(client.get(link.get_absolute_url()))
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    form = {"password": PASSWORD, "csrfmiddlewaretoken": token[1]}
    assert client.post(link.get_absolute_url(), form, headers={"Origin": "null"}).status_code == 403
    assert client.post(link.get_absolute_url(), form, headers={"Origin": "http://testserver"}).status_code == 302


def test_addresses_tell_two_photos_of_the_same_moment_apart_by_chance_alone(aws: Any, me: Any) -> None:
    link, photo = shared(aws, me)
    again = entry_of(link.album, photo).pk
    contents.remove(album=link.album, photos=[photo])
    contents.add(album=link.album, photos=[photo])
    assert entry_of(link.album, photo).pk != again
    assert len(again) == 12


def test_a_big_album_comes_a_page_at_a_time_in_few_queries_and_one_call(
    aws: Any, me: Any, client: Client, calls: Counter[str]
) -> None:
    photos = [ready(aws, me) for _ in range(PAGE_SIZE + 1)]
    link = make_link(make_album(me, photos))
    calls.clear()
    with CaptureQueriesContext(connection) as queries:
        first = client.get(link.get_absolute_url())
    reads = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    assert len(reads) <= 5, reads
    assert calls == {"BatchGetItem": 1}
    second = client.get(f"{link.get_absolute_url()}{first.context['more']}")
    numbers = [number for page in (first, second) for number, _entry, _tile in page.context["tiles"]]
    assert numbers == list(range(1, PAGE_SIZE + 2))
    assert second.context["more"] == ""


def test_photos_are_turned_over_in_the_order_of_the_album(aws: Any, me: Any, client: Client) -> None:
    photos = [row(me, days) for days in range(3)]
    link = make_link(make_album(me, photos))
    seen, path = [], pictures_of(link, photos[0])[0]
    while path:
        page = client.get(path)
        seen.append((page.context["number"], path))
        path = page.context["next"]
    assert [number for number, _path in seen] == [1, 2, 3]
    assert page.context["previous"] == seen[1][1]


# --- What it does not show ---


def _uncleared(photo: Photo) -> None:
    Photo.objects.filter(pk=photo.pk).update(cleared=False)


def _thrown_away(photo: Photo) -> None:
    trash.throw_away(owner=photo.owner, photo_ids=[photo.pk])


@pytest.mark.parametrize("vanish", [_uncleared, _thrown_away, deletion.mark])
def test_a_photo_that_may_not_be_seen_vanishes_at_once_from_every_address(
    aws: Any, me: Any, client: Client, vanish: Any
) -> None:
    link, photo = shared(aws, me)
    assert statuses(client, link, photo) == [200, 200, 200, 200]
    vanish(photo)
    assert statuses(client, link, photo) == [200, 404, 404, 404]
    page = client.get(link.get_absolute_url())
    assert page.context["count"] == 0
    assert "No photos here yet" in text_of(page)


def test_a_photo_that_is_taken_out_of_the_album_is_out_of_its_links(aws: Any, me: Any, client: Client) -> None:
    link, photo = shared(aws, me)
    paths = pictures_of(link, photo)
    contents.remove(album=link.album, photos=[photo])
    assert [client.get(path).status_code for path in paths] == [404, 404, 404]


def test_a_link_opens_no_photo_of_another_album(aws: Any, me: Any, client: Client) -> None:
    link, _photo = shared(aws, me)
    other, photo = shared(aws, me)
    strange = [path.replace(other.token, link.token) for path in pictures_of(other, photo)]
    assert [client.get(path).status_code for path in strange] == [404, 404, 404]


def test_no_other_rendition_and_no_original_has_an_address(aws: Any, me: Any, client: Client) -> None:
    link, photo = shared(aws, me)
    page, *_ = pictures_of(link, photo)
    for name in (f"{contract.ANALYSIS}.jpg", f"{contract.ANALYSIS}.webp", "original", "thumb", photo.file_name):
        assert client.get(f"{page}{name}").status_code == 404


# --- How long ---


def _revoked(link: ShareLink) -> None:
    shares.revoke(link=link)


def _expired(link: ShareLink) -> None:
    ShareLink.objects.filter(pk=link.pk).update(expires_at=timezone.now())


def _closed(link: ShareLink) -> None:
    link.album.owner.is_active = False
    link.album.owner.save()


def _deleted(link: ShareLink) -> None:
    link.album.delete()


@pytest.mark.parametrize("end", [_revoked, _expired, _closed, _deleted])
@pytest.mark.parametrize("password", ["", PASSWORD])
def test_a_link_that_has_ended_is_the_same_page_as_one_that_never_was(
    aws: Any, me: Any, client: Client, end: Any, password: str
) -> None:
    link, photo = shared(aws, me, password=password)
    client.post(link.get_absolute_url(), {"password": password})
    paths = [link.get_absolute_url(), *pictures_of(link, photo)]
    assert [client.get(path).status_code for path in paths] == [200, 200, 200, 200]
    end(link)
    never = client.get("/s/never/")
    assert never.status_code == 404
    assert "leads nowhere" in never.content.decode()
    for path in paths:
        gone = client.get(path)
        assert (gone.status_code, gone.content) == (404, never.content)
    assert client.post(link.get_absolute_url(), {"password": password}).content == never.content


def test_a_link_works_until_the_moment_it_ends(aws: Any, me: Any, client: Client) -> None:
    link, _photo = shared(aws, me, expires_at=timezone.now() + timedelta(hours=1))
    assert client.get(link.get_absolute_url()).status_code == 200


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"ends": "day"}, timedelta(days=1)),
        ({"ends": "week"}, timedelta(days=7)),
        ({"ends": "month"}, timedelta(days=30)),
        ({"ends": "week", "until": "2099-01-01"}, timedelta(days=7)),
        ({"ends": "never"}, None),
    ],
)
def test_a_link_ends_as_its_maker_chose(form: dict[str, str], expected: timedelta | None) -> None:
    before = timezone.now()
    made = ShareForm(form)
    assert made.is_valid(), made.errors
    ends = made.expires_at()
    assert (ends is None) is (expected is None)
    assert ends is None or expected is None or before + expected <= ends <= timezone.now() + expected


def test_a_link_until_a_day_lasts_to_the_end_of_it() -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    made = ShareForm({"ends": "date", "until": tomorrow.isoformat()})
    assert made.is_valid()
    assert made.expires_at() == datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=UTC) + timedelta(days=1)


def test_a_token_cannot_be_guessed_or_found_by_its_case(aws: Any, me: Any, client: Client) -> None:
    link, _photo = shared(aws, me, token="A" * 43)
    assert client.get(link.get_absolute_url().lower()).status_code == 404
    assert len({make_link(link.album).token for _ in range(20)}) == 20
    assert all(len(other.token) == 43 for other in ShareLink.objects.all())


# --- Password ---


def test_nothing_is_shown_before_the_password_and_everything_after(aws: Any, me: Any, client: Client) -> None:
    link, photo = shared(aws, me, password=PASSWORD)
    assert statuses(client, link, photo) == [200, 302, 404, 404]
    wrong = client.post(link.get_absolute_url(), {"password": "two violets"})
    assert wrong.status_code == 422
    assert "This is not the password" in wrong.content.decode()
    assert statuses(client, link, photo) == [200, 302, 404, 404]
    right = client.post(link.get_absolute_url(), {"password": f" {PASSWORD} "}, follow=True)
    assert "Rome" in text_of(right)
    assert statuses(client, link, photo) == [200, 200, 200, 200]
    assert statuses(Client(), link, photo) == [200, 302, 404, 404]


def test_a_password_opens_its_own_link_alone_and_only_while_it_is_the_password(
    aws: Any, me: Any, client: Client
) -> None:
    link, photo = shared(aws, me, password=PASSWORD)
    other = make_link(link.album, password=PASSWORD)
    client.post(link.get_absolute_url(), {"password": PASSWORD})
    assert statuses(client, other, photo) == [200, 302, 404, 404]
    ShareLink.objects.filter(pk=link.pk).update(password=make_password("four violets"))
    assert statuses(client, link, photo) == [200, 302, 404, 404]


def test_whoever_guesses_too_often_is_held_off_even_with_the_right_one_and_others_are_not(
    aws: Any, me: Any, client: Client
) -> None:
    link, photo = shared(aws, me, password=PASSWORD)
    other = make_link(link.album, password=PASSWORD)
    tries = [client.post(link.get_absolute_url(), {"password": f"guess {n}"}).status_code for n in range(10)]
    assert tries == [422] * 10
    held = client.post(link.get_absolute_url(), {"password": PASSWORD})
    assert held.status_code == 429
    assert "Wait a few minutes" in held.content.decode()
    assert statuses(client, link, photo) == [200, 302, 404, 404]
    assert client.post(other.get_absolute_url(), {"password": PASSWORD}).status_code == 302
    from_elsewhere = {"password": PASSWORD}
    assert Client(REMOTE_ADDR="203.0.113.9").post(link.get_absolute_url(), from_elsewhere).status_code == 302


@override_settings(ACCOUNT_RATE_LIMITS={"share_password": "2/5m/key", "share_password_of_all": "4/1h/key"})
def test_guessing_from_many_addresses_is_held_off_as_well(aws: Any, me: Any) -> None:
    link, _photo = shared(aws, me, password=PASSWORD)
    addresses = [f"203.0.113.{number}" for number in range(5)]
    tries = [
        Client(REMOTE_ADDR=each).post(link.get_absolute_url(), {"password": "guess"}).status_code for each in addresses
    ]
    assert tries == [422, 422, 422, 422, 429]


# --- Counting ---


def test_a_visit_is_counted_once_however_much_is_looked_at(aws: Any, me: Any) -> None:
    link, photo = shared(aws, me)
    for visitor in (Client(), Client()):
        for path in (link.get_absolute_url(), *pictures_of(link, photo), link.get_absolute_url()):
            visitor.get(path)
    link.refresh_from_db()
    assert link.views == 2
    assert link.last_viewed_at is not None


def test_what_shows_nothing_is_no_visit_and_neither_is_its_owners(aws: Any, me: Any, mine: Client) -> None:
    link, photo = shared(aws, me, password=PASSWORD)
    visitor = Client()
    visitor.get(link.get_absolute_url())
    visitor.get(pictures_of(link, photo)[1])
    mine.post(link.get_absolute_url(), {"password": PASSWORD})
    mine.get(link.get_absolute_url())
    Client().head(link.get_absolute_url())
    link.refresh_from_db()
    assert (link.views, link.last_viewed_at) == (0, None)


# --- When AWS does not answer, or has nothing ---


def test_a_picture_that_cannot_be_read_says_when_to_try_again(aws: Any, me: Any, client: Client, breaks: Any) -> None:
    link, photo = shared(aws, me)
    breaks("s3", "GetObject")
    picture = client.get(pictures_of(link, photo)[1])
    assert (picture.status_code, picture.headers["Retry-After"]) == (503, "60")
    assert picture.headers["Cache-Control"] == "private, no-store"


def test_an_album_is_there_without_pictures_when_the_table_does_not_answer(
    aws: Any, me: Any, client: Client, breaks: Any
) -> None:
    link, photo = shared(aws, me)
    breaks("dynamodb", "BatchGetItem")
    assert "Photo 1 of 1" in text_of(client.get(link.get_absolute_url()))
    assert "cannot be shown right now" in text_of(client.get(pictures_of(link, photo)[0]))
    assert client.get(pictures_of(link, photo)[1]).status_code == 503


def test_a_picture_whose_object_is_gone_is_gone(aws: Any, me: Any, client: Client) -> None:
    photo = ready(aws, me)
    link = make_link(make_album(me, [photo]))
    assert statuses(client, link, photo) == [200, 200, 404, 404]


def test_a_picture_that_nobody_reads_to_its_end_is_let_go_of(aws: Any, me: Any) -> None:
    _link, photo = shared(aws, me)
    record = catalog.get(photo)
    assert record is not None
    found = open_rendition(record.renditions[contract.THUMB].key)
    assert found is not None
    found.close()
    with pytest.raises((ValueError, OSError)):
        next(iter(found))


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/s/%00/", "/s/a%00b/x/", "/s/%C3%BC/", "/s/" + "x" * 70 + "/"])
def test_what_can_be_no_token_is_as_good_as_a_wrong_one(aws: Any, client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_one_comes_back_from_a_photo_to_the_page_of_the_album_that_it_is_on(aws: Any, me: Any, client: Client) -> None:
    photos = [row(me, days=at) for at in range(PAGE_SIZE + 1)]
    link = make_link(make_album(me, photos))
    first, last = entry_of(link.album, photos[0]), entry_of(link.album, photos[-1])
    for entry, shown in ((first, first), (last, last)):
        back = client.get(f"{link.get_absolute_url()}{entry.pk}/").context["back"]
        assert back == f"{link.get_absolute_url()}?at={entry.pk}#photo-{entry.pk}"
        page = client.get(back)
        assert page.context["tiles"][0][1] == shown
        assert f'id="photo-{entry.pk}"' in page.content.decode()
    hidden = entry_of(make_album(me, photos[:1]), photos[0])
    for strange in (hidden.pk, "x", "\0", "ä"):
        assert client.get(link.get_absolute_url(), {"at": strange}).context["tiles"][0][1] == first
