"""Photos that a browser sends to S3 by itself: what it is told, whose it is, and how its batch ends."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from tests import photo_files
from tests.factories import make_batch, make_photo, make_user, put_batch, put_record
from webapp.photos import batches, catalog, conf, direct, trash
from webapp.photos.index import index
from webapp.photos.intake import Facts, examine_announced
from webapp.photos.models import Batch, Photo
from webapp.photos.sweep import sweep

pytestmark = pytest.mark.django_db(transaction=True)
HEAD = photo_files.phone_jpeg()[: contract.SNIFF_BYTES]


def announce(name: str = "IMG_0001.JPG", **overrides: Any) -> dict[str, Any]:
    """A file as the script speaks of it; its content is its name, unless told."""
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    said = {"name": name, "size": 2_400_000, "head": HEAD, "sha256": sha256, "width": 4000, "height": 3000, **overrides}
    return {**said, "head": base64.b64encode(said["head"]).decode()}


def facts(name: str = "IMG_0001.JPG", **overrides: Any) -> Facts:
    said = announce(name, **overrides)
    found = examine_announced({**said, "head": base64.b64decode(said["head"])})
    assert isinstance(found, Facts)
    return found


def post(client: Client, what: str, body: Any) -> Any:
    return client.post(f"/upload/{what}/", json.dumps(body), content_type="application/json")


def ask(client: Client, batch: Batch, *files: dict[str, Any]) -> list[dict[str, Any]]:
    response = post(client, "addresses", {"batch": str(batch.pk), "files": files})
    assert response.status_code == 200, response.content
    return response.json()["files"]


def cancel(client: Client, batch: Batch, place: dict[str, Any]) -> None:
    assert post(client, "cancel", {"batch": str(batch.pk), "photos": [place["photo"]]}).status_code == 204


def arrive(aws: Any, photo: Photo) -> None:
    aws.s3.put_object(Bucket=settings.ORIGINALS_BUCKET, Key=photo.key, Body=b"bytes")


def end(aws: Any, photo: Photo, status: str = "ready") -> None:
    """The pipeline is done with a photo, and has counted it."""
    put_record(aws.table, photo, status=status)
    catalog.count_in_batch(photo.batch_id or "", photo.pk, status)
    index([photo.pk])


def record_of(batch: Batch) -> contract.Batch:
    return catalog.get_batches([batch])[batch.pk]


def hours_later(batch: Batch) -> None:
    past = timezone.now() - timedelta(hours=2)
    Batch.objects.filter(pk=batch.pk).update(created_at=past)
    Photo.objects.filter(batch=batch).update(waiting_since=past)


@pytest.fixture
def batch(me: Any) -> Batch:
    return batches.begin(owner=me)


# --- Addresses ---


def test_a_file_gets_a_row_a_record_and_an_address_for_its_key_alone(
    aws: Any, me: Any, mine: Client, batch: Batch
) -> None:
    (place,) = ask(mine, batch, announce())

    photo = Photo.objects.get()
    assert (photo.owner, photo.batch, photo.status, photo.file_name) == (me, batch, "uploading", "IMG_0001.JPG")
    assert (photo.bytes, photo.width, photo.height, photo.key) == (
        2_400_000, 4000, 3000, f"originals/{me.pk}/{photo.pk}.jpg"
    )  # fmt: skip
    record = catalog.get(photo)
    assert record is not None
    assert (record.status, record.batch_id, record.original.bytes) == ("uploading", str(batch.pk), 2_400_000)
    assert (place["photo"], place["headers"]) == (
        str(photo.pk), {"Content-Type": "image/jpeg", "If-None-Match": "*"}
    )  # fmt: skip
    address = urlsplit(place["url"])
    signed = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert address.path.endswith(f"/{photo.key}")
    assert signed["X-Amz-SignedHeaders"] == "content-length;content-type;host;if-none-match"
    assert int(signed["X-Amz-Expires"]) == conf.upload_seconds() <= 15 * 60


def test_rows_are_committed_and_records_put_before_there_is_an_address(
    aws: Any, mine: Client, batch: Batch, breaks: Any
) -> None:
    seen: list[tuple[int, bool]] = []
    breaks("dynamodb", "PutItem", when=lambda _params: bool(seen.append((Photo.objects.count(), batch_is_known()))))

    def batch_is_known() -> bool:
        return batch.pk in catalog.get_batches([batch])

    ask(mine, batch, announce())
    assert seen == [(1, False), (1, True)]


def test_what_is_refused_gets_a_sentence_and_no_row(aws: Any, mine: Client, batch: Batch) -> None:
    found = ask(
        mine,
        batch,
        announce("film.mp4", head=b"\0\0\0\x18ftypmp42\0\0\0\0"),
        announce("big.jpg", size=61_000_000),
        announce("wide.png", width=20_000, height=20_000),
        announce("good.jpg"),
    )
    assert [each.get("refused", "")[:32] for each in found] == [
        "This is not a photo we can read.",
        "Too large: 61.0 MB, the most is ",
        "Too many pixels: 20000 × 20000 i",
        "",
    ]
    assert Photo.objects.get().file_name == "good.jpg"


def test_asking_again_makes_no_second_row_and_a_new_address_for_the_same_key(
    aws: Any, mine: Client, batch: Batch
) -> None:
    first, second = (ask(mine, batch, announce())[0] for _ in range(2))
    assert first["photo"] == second["photo"]
    assert urlsplit(first["url"]).path == urlsplit(second["url"]).path
    assert (Photo.objects.count(), Batch.objects.get().expected) == (1, 1)


def test_asking_again_for_what_has_arrived_says_so(aws: Any, mine: Client, batch: Batch) -> None:
    ask(mine, batch, announce())
    arrive(aws, Photo.objects.get())
    (place,) = ask(mine, batch, announce())
    photo = Photo.objects.get()
    assert place == {"photo": str(photo.pk), "link": f"/photos/{photo.pk}/", "arrived": True}
    end(aws, Photo.objects.get())
    assert ask(mine, batch, announce()) == [place]


def test_an_upload_that_was_given_up_goes_on_in_its_old_row(aws: Any, me: Any, mine: Client, batch: Batch) -> None:
    ask(mine, batch, announce())
    hours_later(batch)
    (place,) = ask(mine, batches.begin(owner=me), announce())
    photo = Photo.objects.get()
    assert (place["photo"], photo.batch) == (str(photo.pk), batch)
    assert photo.waiting_since > timezone.now() - conf.abandoned_after(), "the sweep gives it its time again"


def test_an_upload_that_was_thrown_away_and_is_sent_again_arrives_in_the_gallery(
    aws: Any, me: Any, mine: Client, batch: Batch
) -> None:
    ask(mine, batch, announce())
    trash.throw_away(owner=me, photo_ids=[Photo.objects.get().pk])
    (place,) = ask(mine, batches.begin(owner=me), announce())
    assert "url" in place
    assert Photo.objects.for_gallery(me).exists()


def test_no_photo_is_changed_while_its_owner_is_locked_because_others_lock_them_the_other_way_round(
    aws: Any, mine: Client, batch: Batch
) -> None:
    ask(mine, batch, announce())
    with CaptureQueriesContext(connection) as queries:
        ask(mine, batch, announce())
    told = [query["sql"] for query in queries]
    update = next(at for at, sql in enumerate(told) if sql.startswith("UPDATE") and "waiting_since" in sql)
    begun = max((at for at, sql in enumerate(told[:update]) if sql == "COMMIT"), default=0)
    assert not any("accounts_user" in sql for sql in told[begun:update])


@pytest.mark.parametrize("is_in_trash", [False, True])
def test_a_photo_that_is_there_already_is_named_and_linked(
    aws: Any, me: Any, mine: Client, batch: Batch, is_in_trash: bool
) -> None:
    said = announce()
    photo = make_photo(me, status="ready", sha256=said["sha256"], bytes=said["size"], file_name="beach.jpg")
    if is_in_trash:
        trash.throw_away(owner=me, photo_ids=[photo.pk])
    assert ask(mine, batch, said) == [
        {
            "photo": str(photo.pk),
            "link": f"/photos/{photo.pk}/",
            "duplicate": True,
            "is_in_trash": is_in_trash,
            "why": "",
        }
    ]
    assert (Photo.objects.count(), Batch.objects.get().expected) == (1, 0)


@pytest.mark.parametrize(("status", "why"), [("failed", "previews"), ("rejected", "damaged")])
def test_of_a_photo_that_is_there_and_did_not_go_well_it_is_said_why(
    aws: Any, me: Any, mine: Client, batch: Batch, status: str, why: str
) -> None:
    said, text = announce(), f"Something of {why}. Try again."
    make_photo(me, status=status, reason_code="x", reason_text=text, sha256=said["sha256"], bytes=said["size"])
    (place,) = ask(mine, batch, said)
    assert (place["duplicate"], place["why"]) == (True, text)


@pytest.mark.parametrize("others", [("in the trash",), ("failed",), ("failed", "in the trash"), ("processing",)])
@pytest.mark.parametrize("is_oldest", [True, False])
def test_of_several_copies_the_one_that_can_be_looked_at_is_named(
    aws: Any, me: Any, mine: Client, batch: Batch, others: tuple[str, ...], is_oldest: bool
) -> None:
    said = announce()
    same = {"sha256": said["sha256"], "bytes": said["size"]}
    ways = [*others, "ready"] if not is_oldest else ["ready", *others]
    for way in ways:
        photo = make_photo(me, status="ready" if way == "in the trash" else way, **same)
        if way == "in the trash":
            trash.throw_away(owner=me, photo_ids=[photo.pk])
    (place,) = ask(mine, batch, said)
    assert place["photo"] == str(Photo.objects.get(status="ready", trashed_at=None).pk)
    assert not place["is_in_trash"]


def test_the_same_photo_of_somebody_else_is_no_duplicate(aws: Any, mine: Client, batch: Batch) -> None:
    said = announce()
    make_photo(make_user(), status="ready", sha256=said["sha256"], bytes=said["size"])
    assert "url" in ask(mine, batch, said)[0]


def test_a_photo_that_never_arrived_can_be_sent_anew(aws: Any, me: Any, mine: Client, batch: Batch) -> None:
    said = announce()
    make_photo(me, status="failed", reason_code="did_not_arrive", sha256=said["sha256"], bytes=said["size"])
    assert "url" in ask(mine, batch, said)[0]
    assert Photo.objects.count() == 2


@pytest.mark.parametrize("number", [0, 1])
def test_without_dynamodb_a_file_is_to_be_asked_for_again_and_then_gets_its_address(
    aws: Any, mine: Client, batch: Batch, breaks: Any, number: int
) -> None:
    calls = iter(range(10))
    breaks("dynamodb", "PutItem", when=lambda _params: next(calls) == number)
    assert ask(mine, batch, announce())[0]["later"]
    assert "url" in ask(mine, batch, announce())[0]
    assert record_of(batch).expected == contract.MAX_BATCH
    assert catalog.get(Photo.objects.get()) is not None


def test_a_group_of_eight_costs_a_call_of_aws_a_photo_and_one_for_the_batch(
    aws: Any, mine: Client, batch: Batch, calls: Counter[str]
) -> None:
    ask(mine, batch, *(announce(f"{n}.jpg") for n in range(8)))
    assert calls == {"PutItem": 9}


def test_a_batch_that_is_full_or_ended_takes_no_more(
    aws: Any, me: Any, mine: Client, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contract, "MAX_BATCH", 2)
    ask(mine, batch, announce("1.jpg"), announce("2.jpg"))
    response = post(mine, "addresses", {"batch": str(batch.pk), "files": [announce("3.jpg")]})
    assert (response.status_code, response.json()) == (409, {"error": "This upload has ended. Begin another one."})
    assert "url" in ask(mine, batch, announce("1.jpg"))[0], "what it has may be sent again"

    other = batches.begin(owner=me)
    assert post(mine, "finish", {"batch": str(other.pk)}).status_code == 204
    assert post(mine, "addresses", {"batch": str(other.pk), "files": [announce("3.jpg")]}).status_code == 409
    assert Photo.objects.count() == 2


@pytest.mark.parametrize(
    "files",
    [
        [],
        [announce(str(n)) for n in range(21)],
        {},
        ["a.jpg"],
        None,
    ],
)
def test_what_the_script_would_never_send_is_refused_whole(mine: Client, batch: Batch, files: Any) -> None:
    response = post(mine, "addresses", {"batch": str(batch.pk), "files": files})
    assert response.status_code == 400
    assert response.json()["error"].startswith("This request could not be read.")
    assert not Photo.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        announce(sha256="x"),
        announce(width=-1),
        announce(width=None),
        announce(height=float("nan")),
        {**announce(), "head": "?"},
        {"name": "a.jpg"},
        {},
    ],
)
def test_what_cannot_be_read_of_one_file_does_not_keep_the_others_from_being_sent(
    aws: Any, mine: Client, batch: Batch, wrong: Any
) -> None:
    refused, place = ask(mine, batch, wrong, announce("good.jpg"))
    assert refused == {"refused": "This file cannot be read. Choose it again."}
    assert "url" in place
    assert Photo.objects.get().file_name == "good.jpg"


@pytest.mark.parametrize("what", ["addresses", "cancel", "finish"])
@pytest.mark.parametrize("body", [[], "x", {}, {"batch": 5, "photos": [5], "files": []}, None])
def test_json_of_another_shape_is_refused(mine: Client, what: str, body: Any) -> None:
    assert post(mine, what, body).status_code == 400


@pytest.mark.parametrize("what", ["addresses", "cancel", "finish"])
def test_json_that_is_nested_without_end_is_refused(mine: Client, what: str) -> None:
    response = mine.post(f"/upload/{what}/", "[" * 200_000, content_type="application/json")
    assert response.status_code == 400


# --- Whose it is ---


def test_nobody_gets_at_the_batch_or_the_photos_of_another(aws: Any, mine: Client, batch: Batch) -> None:
    ask(mine, batch, announce())
    photo, stranger = Photo.objects.get(), Client()
    stranger.force_login(make_user())
    for number in (batch.pk, uuid4()):
        said = {"batch": str(number), "files": [announce("other.jpg")]}
        assert post(stranger, "addresses", said).status_code == 404
        assert post(stranger, "finish", {"batch": str(number)}).status_code == 404
    assert post(stranger, "cancel", {"batch": str(batch.pk), "photos": [str(photo.pk)]}).status_code == 204
    photo.refresh_from_db()
    assert (photo.status, Batch.objects.get().is_open) == ("uploading", True)
    own = batches.begin(owner=make_user())
    assert not Photo.objects.filter(batch=own).exists()


# --- How a batch ends: one notice, whatever happens ---


def test_a_batch_is_told_about_once_its_last_photo_ends_and_nothing_more_comes(
    aws: Any, mine: Client, batch: Batch, notices: list[str]
) -> None:
    ask(mine, batch, announce("1.jpg"), announce("2.jpg"))
    first, second = Photo.objects.order_by("pk")
    end(aws, first)
    end(aws, second)
    assert not record_of(batch).is_complete, "more may come"
    for _ in range(2):
        assert post(mine, "finish", {"batch": str(batch.pk)}).status_code == 204
    record = record_of(batch)
    assert (record.expected, record.is_due, set(notices)) == (2, True, {str(batch.pk)})


def test_a_batch_that_is_finished_before_its_photos_end_waits_for_them(
    aws: Any, mine: Client, batch: Batch, notices: list[str]
) -> None:
    ask(mine, batch, announce("1.jpg"), announce("2.jpg"))
    post(mine, "finish", {"batch": str(batch.pk)})
    assert (record_of(batch).expected, record_of(batch).is_due, notices) == (2, False, [])


def test_a_photo_that_is_cancelled_leaves_its_batch_and_is_deleted(
    aws: Any, mine: Client, batch: Batch, states: Any, notices: list[str]
) -> None:
    places = ask(mine, batch, announce("1.jpg"), announce("2.jpg"))
    cancel(mine, batch, places[0])
    kept = Photo.objects.get()
    assert kept.file_name == "2.jpg"
    end(aws, kept)
    post(mine, "finish", {"batch": str(batch.pk)})
    assert (record_of(batch).expected, notices) == (1, [str(batch.pk)])
    assert "url" in ask(mine, batches.begin(owner=batch.owner), announce("1.jpg"))[0], "it can be sent after all"


@pytest.mark.parametrize("ends", [False, True], ids=["on its way", "ready"])
def test_a_photo_that_another_window_sends_or_has_sent_is_not_cancelled_by_this_one(
    aws: Any, me: Any, mine: Client, batch: Batch, ends: bool
) -> None:
    ask(mine, batch, announce())
    other = batches.begin(owner=me)
    (place,) = ask(mine, other, announce())
    if ends:
        arrive(aws, Photo.objects.get())
        end(aws, Photo.objects.get())
        direct.finish(owner=me, batch_id=batch.pk)
    cancel(mine, other, place)
    assert Photo.objects.of(me).exists()


def test_what_two_windows_send_stays_until_both_have_taken_it_back(
    aws: Any, me: Any, mine: Client, batch: Batch
) -> None:
    ask(mine, batch, announce())
    other = batches.begin(owner=me)
    (place,) = ask(mine, other, announce())
    cancel(mine, batch, place)
    assert Photo.objects.of(me).exists(), "the other window still sends it"
    assert "url" in ask(mine, other, announce())[0]
    cancel(mine, other, place)
    assert not Photo.objects.of(me).exists()


def test_a_photo_that_another_window_asked_for_and_ended_goes_when_it_is_cancelled_unless_it_arrived(
    aws: Any, me: Any, mine: Client, batch: Batch
) -> None:
    other = batches.begin(owner=me)
    places = ask(mine, batch, announce("1.jpg"), announce("2.jpg"))
    ask(mine, other, announce("1.jpg"), announce("2.jpg"))
    arrive(aws, Photo.objects.get(file_name="1.jpg"))
    direct.finish(owner=me, batch_id=other.pk)
    for place in places:
        cancel(mine, batch, place)
    assert [photo.file_name for photo in Photo.objects.of(me)] == ["1.jpg"]


def test_a_photo_that_is_taken_back_while_another_window_asks_for_it_gets_no_address(
    aws: Any, me: Any, mine: Client, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place,) = ask(mine, batch, announce())
    other, wait_anew = batches.begin(owner=me), direct._wait_anew

    def cancel_first(*args: Any) -> Any:
        direct.cancel(owner=me, batch_id=batch.pk, photo_ids=[place["photo"]])
        return wait_anew(*args)

    monkeypatch.setattr(direct, "_wait_anew", cancel_first)
    assert ask(mine, other, announce())[0]["later"]
    monkeypatch.undo()
    assert "url" in ask(mine, other, announce())[0]
    assert Photo.objects.of(me).get().batch == other


@pytest.mark.parametrize(("arrives", "is_kept"), [(False, False), (True, True)])
def test_what_an_ended_batch_left_behind_is_taken_back_unless_its_bytes_are_there(
    aws: Any, me: Any, mine: Client, batch: Batch, arrives: bool, is_kept: bool
) -> None:
    ask(mine, batch, announce())
    direct.finish(owner=me, batch_id=batch.pk)
    other = batches.begin(owner=me)
    (place,) = ask(mine, other, announce())
    if arrives:
        arrive(aws, Photo.objects.get())
    cancel(mine, other, place)
    assert Photo.objects.exists() == is_kept


def test_what_may_have_arrived_from_an_ended_batch_is_kept_while_s3_does_not_answer(
    aws: Any, me: Any, mine: Client, batch: Batch, breaks: Any
) -> None:
    (place,) = ask(mine, batch, announce())
    direct.finish(owner=me, batch_id=batch.pk)
    breaks("s3", "HeadObject")
    cancel(mine, batches.begin(owner=me), place)
    assert Photo.objects.exists()


def test_a_photo_whose_last_bytes_arrive_while_it_is_cancelled_goes_all_the_same(
    aws: Any, mine: Client, batch: Batch
) -> None:
    (place,) = ask(mine, batch, announce())
    arrive(aws, Photo.objects.get())
    cancel(mine, batch, place)
    assert not Photo.objects.exists()


def test_a_batch_of_nothing_but_duplicates_and_refusals_is_told_to_nobody(
    aws: Any, me: Any, mine: Client, batch: Batch, notices: list[str]
) -> None:
    said = announce()
    make_photo(me, status="ready", sha256=said["sha256"], bytes=said["size"])
    ask(mine, batch, said, announce("empty.jpg", size=0))
    post(mine, "finish", {"batch": str(batch.pk)})
    hours_later(batch)
    for _ in range(3):
        sweep()
    assert (notices, Batch.objects.get().told) == ([], True)
    assert "No notices" in mine.get("/notices/").content.decode()


def test_a_page_that_is_closed_half_way_is_ended_by_the_sweep(
    aws: Any, mine: Client, batch: Batch, notices: list[str]
) -> None:
    ask(mine, batch, announce("1.jpg"), announce("2.jpg"))
    first, second = Photo.objects.order_by("pk")
    arrive(aws, first)
    end(aws, first)
    Batch.objects.update(created_at=timezone.now() - timedelta(hours=2))
    assert sweep()["batches still open"] == 1, "something was asked for a moment ago"
    hours_later(batch)
    done = sweep()
    assert (done["photos closed"], done["batches closed"]) == (1, 1)
    record = record_of(batch)
    assert (record.expected, len(record.ready), len(record.failed)) == (2, 1, 1)
    assert set(notices) == {str(batch.pk)}
    assert sweep()["notices asked for"] == 1
    second.refresh_from_db()
    assert second.reason_code == "did_not_arrive"


def test_a_finish_whose_record_cannot_be_written_is_made_good_by_the_sweep(
    aws: Any, mine: Client, batch: Batch, breaks: Any, notices: list[str]
) -> None:
    ask(mine, batch, announce())
    end(aws, Photo.objects.get())
    breaks("dynamodb", "UpdateItem", times=1)
    assert post(mine, "finish", {"batch": str(batch.pk)}).status_code == 204
    assert (Batch.objects.get().is_open, notices) == (False, [])
    hours_later(batch)
    sweep()
    assert notices == [str(batch.pk)]


def test_a_photo_that_leaves_while_its_batch_is_closed_is_not_waited_for(
    aws: Any, mine: Client, batch: Batch, breaks: Any, notices: list[str]
) -> None:
    ask(mine, batch, announce("1.jpg"), announce("2.jpg"))
    first, second = Photo.objects.order_by("pk")
    end(aws, first)
    leaves = iter([second])

    def let_one_leave(params: dict[str, Any]) -> bool:
        if "SET expected = :expected" in params["UpdateExpression"] and (photo := next(leaves, None)):
            batches.leave(photo)
        return False

    breaks("dynamodb", "UpdateItem", when=let_one_leave)
    direct.finish(owner=batch.owner, batch_id=batch.pk)
    assert (record_of(batch).expected, notices) == (1, [str(batch.pk)])


def test_an_open_batch_that_lost_its_record_gets_it_again_and_ends(
    aws: Any, mine: Client, batch: Batch, notices: list[str]
) -> None:
    ask(mine, batch, announce("1.jpg"))
    end(aws, Photo.objects.get())
    aws.table.delete_item(Key=contract.batch_item_key(str(batch.pk)))
    ask(mine, batch, announce("2.jpg"))
    assert record_of(batch).expected == contract.MAX_BATCH
    aws.table.delete_item(Key=contract.batch_item_key(str(batch.pk)))
    end(aws, Photo.objects.get(file_name="2.jpg"))
    direct.finish(owner=batch.owner, batch_id=batch.pk)
    assert (record_of(batch).expected, set(notices)) == (2, {str(batch.pk)})


def test_a_batch_of_a_form_is_closed_from_the_start(aws: Any, me: Any, mine: Client) -> None:
    form = make_batch(me)
    put_batch(aws.table, form)
    assert post(mine, "addresses", {"batch": str(form.pk), "files": [announce()]}).status_code == 409


def test_two_windows_that_announce_the_same_files_at_once_get_the_same_rows(aws: Any, me: Any, batch: Batch) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("one writer at a time")
    together, rounds = threading.Barrier(2), range(30)

    def announce_from(other: Batch) -> list[Any]:
        try:
            return [announce_one(other, f"{n}.jpg") for n in rounds]
        finally:
            connection.close()

    def announce_one(other: Batch, name: str) -> Any:
        together.wait()
        return direct.find_places(owner=me, batch_id=other.pk, files=[facts(name)])[0].photo.pk

    with ThreadPoolExecutor(2) as windows:
        one, other = windows.map(announce_from, [batch, batches.begin(owner=me)])
    assert one == other
    assert Photo.objects.count() == len(rounds)


# --- How often ---


def test_who_begins_uploads_without_end_is_told_to_wait(mine: Client, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "upload_begin": "2/1h/user"}
    assert [post(mine, "begin", {}).status_code for _ in range(3)] == [200, 200, 429]
    assert "Wait ten minutes" in post(mine, "begin", {}).json()["error"]
    other = Client()
    other.force_login(make_user())
    assert post(other, "begin", {}).status_code == 200
    assert Batch.objects.count() == 3
