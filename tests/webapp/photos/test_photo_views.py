from __future__ import annotations

import html
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from tests.factories import make_label, make_photo, make_renditions, make_user, put_record
from webapp.photos import catalog
from webapp.photos.models import LabelCount, Photo, Status
from webapp.photos.trash import throw_away

from .pages import ready, text_of

pytestmark = pytest.mark.django_db
NOT_ALLOWED = {
    ("", "post"),
    ("favourite/", "get"),
    ("original/", "post"),
    ("retry/", "get"),
    ("labels/deny/", "get"),
    ("labels/undo/", "get"),
}
HTMX = {"HX-Request": "true"}


def test_the_photo_page_shows_all_there_is_to_know(aws: Any, me: Any, mine: Client) -> None:
    photo = make_photo(me, file_name="cat.jpg")
    exif = contract.Exif(camera="Apple iPhone 12", lens="back", exposure=0.008, aperture=1.8, focal_length=4.25, iso=64)
    put_record(aws.table, photo, labels=[make_label("Cat", 91.6)], exif=exif)
    page = text_of(mine.get(photo.get_absolute_url()))
    shown = ("cat.jpg", "display.webp", "Cat", "92 %", "4000 × 3000", "2.4 MB", "Apple iPhone 12", "1/125 s", "f/1.8",
             "4.25 mm", "64", "Previews made", "0.42 s")  # fmt: skip
    assert [word for word in shown if word not in page] == []
    assert "hx-trigger" not in page


def test_the_history_of_a_refused_photo_claims_no_previews(aws: Any, me: Any, mine: Client) -> None:
    photo = make_photo(me, bytes=14_000)
    refused = contract.Step("ResizeImage", "2026-11-23T10:00:00.000+00:00", ms=240, attempt=1, outcome="rejected")
    put_record(aws.table, photo, status="rejected", reason=contract.reason(contract.Refusal.DAMAGED), steps=[refused])
    page = text_of(mine.get(photo.get_absolute_url()))
    assert "Previews made" not in page
    assert "File checked and refused" in page
    assert "history-bad" in page
    assert "under 0.1 MB" in page


@pytest.mark.parametrize("has_picture", [False, True])
def test_why_a_photo_failed_is_said_once_and_of_earlier_attempts_as_well(
    aws: Any, me: Any, mine: Client, has_picture: bool
) -> None:
    photo, labels = make_photo(me), contract.reason(contract.Failure.LABELS)
    steps = [
        contract.Step("RekognitionLabels", f"2026-11-23T10:0{attempt}:00.000+00:00", ms=240, attempt=attempt,
                      outcome="failed", reason=why)
        for attempt, why in ((1, contract.reason(contract.Failure.STORE)), (2, labels))
    ]  # fmt: skip
    shown = {"renditions": make_renditions(photo, "run")} if has_picture else {}
    put_record(aws.table, photo, status="failed", attempt=2, reason=labels, steps=steps, **shown)
    page = text_of(mine.get(photo.get_absolute_url()))
    assert page.count("while finding labels") == 1
    assert page.count("while saving the result") == 1

    put_record(aws.table, photo, status="failed", attempt=2, reason=labels, steps=steps, requested_run="next", **shown)
    page = text_of(mine.get(photo.get_absolute_url()))
    assert page.count("while finding labels") == 1, "of the attempt that ended, since the photo is tried again"


def test_a_photo_that_is_processed_updates_by_itself(aws: Any, me: Any, mine: Client) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo, status="processing")
    assert 'hx-trigger="every 2s"' in text_of(mine.get(photo.get_absolute_url()))
    again = {"headers": {"HX-Request": "true"}}
    assert mine.get(photo.get_absolute_url(), **again).status_code == 204
    put_record(aws.table, photo)
    assert 'id="photo"' in text_of(mine.get(photo.get_absolute_url(), **again))


def test_an_open_page_is_drawn_anew_with_every_step_of_a_try_again(aws: Any, me: Any, mine: Client) -> None:
    photo, run = make_photo(me, status="processing"), "run-2"
    put_record(aws.table, photo, status="failed", attempt=2, requested_run=run)
    page = text_of(mine.get(photo.get_absolute_url(), {"in": "label=Cat"}))
    assert "Waiting to begin" in page
    assert "in=label%3DCat" in poll_of(page)
    assert mine.get(poll_of(page), headers=HTMX).status_code == 204

    put_record(aws.table, photo, status="processing", attempt=2, run_id=run)
    page = text_of(mine.get(poll_of(page), headers=HTMX))
    assert "Under way" in page
    assert mine.get(poll_of(page), headers=HTMX).status_code == 204

    put_record(aws.table, photo, attempt=2, run_id=run)
    page = text_of(mine.get(poll_of(page), headers=HTMX))
    assert "hx-trigger" not in page
    assert "display.webp" in page


def poll_of(page: str) -> str:
    """Where an open page asks for more."""
    return html.unescape(page.split('hx-get="')[1].split('"')[0])


@pytest.mark.parametrize("has_record", [False, True])
def test_a_photo_whose_file_is_not_known_to_be_there_is_not_said_to_be_processed(
    aws: Any, me: Any, mine: Client, has_record: bool
) -> None:
    photo = make_photo(me)
    if has_record:
        put_record(aws.table, photo, status="uploading")
    for address in (photo.get_absolute_url(), "/gallery/"):
        page = text_of(mine.get(address))
        assert "Waiting to begin" in page
        assert "Processing" not in page
    page = text_of(mine.get(photo.get_absolute_url()))
    assert "If the window that sends it is closed, upload the photo again." in page
    assert "resized" not in page


def test_without_a_script_a_photo_is_thrown_away_from_its_page_and_deleted_from_the_trash_alone(
    aws: Any, me: Any, mine: Client, states: Any, django_capture_on_commit_callbacks: Any
) -> None:
    photo = ready(aws, me, file_name="cat.jpg")
    assert f'action="/photos/{photo.pk}/trash/"' in text_of(mine.get(photo.get_absolute_url()))
    assert mine.post(f"/photos/{photo.pk}/delete/").status_code == 404
    sure = {"do": "delete", "photo": str(photo.pk), "sure": "yes"}
    mine.post("/photos/bulk/", sure)
    assert Photo.objects.for_gallery(me).exists()
    mine.post(f"/photos/{photo.pk}/trash/")
    mine.post("/photos/bulk/", sure)
    assert mine.get(photo.get_absolute_url()).status_code == 404
    assert not LabelCount.objects.exists()


def test_a_failed_photo_can_be_tried_again(
    aws: Any, me: Any, mine: Client, states: SimpleNamespace, keep_original: Any
) -> None:
    photo = make_photo(me)
    keep_original(photo)
    put_record(aws.table, photo, status="failed")
    assert "Try again" in text_of(mine.get(photo.get_absolute_url()))

    page = text_of(mine.post(f"/photos/{photo.pk}/retry/", follow=True))

    assert "It is being processed again." in page
    assert len(states.names()) == 1


def test_a_photo_that_never_arrived_is_not_offered_another_try(aws: Any, me: Any, mine: Client) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo, status="failed", reason=contract.reason(contract.Failure.DID_NOT_ARRIVE))
    page = text_of(mine.get(photo.get_absolute_url()))
    assert "Upload it again." in page
    assert "Try again" not in page


@pytest.mark.parametrize("status", ["ready", "rejected", "processing"])
def test_only_a_failed_photo_can_be_tried_again(
    aws: Any, me: Any, mine: Client, states: SimpleNamespace, keep_original: Any, status: str
) -> None:
    photo = make_photo(me)
    keep_original(photo)
    put_record(aws.table, photo, status=status)
    assert "Try again" not in text_of(mine.get(photo.get_absolute_url()))
    said = "It is being processed already." if status == "processing" else "Only a failed photo can be tried again."
    assert said in text_of(mine.post(f"/photos/{photo.pk}/retry/", follow=True))
    assert states.names() == []


@pytest.mark.parametrize(
    "path", ["", "delete/", "favourite/", "original/", "retry/", "labels/add/", "labels/deny/", "labels/undo/"]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_the_photo_of_another_does_not_exist(aws: Any, mine: Client, path: str, method: str) -> None:
    theirs = ready(aws, make_user())
    status = getattr(mine, method)(f"/photos/{theirs.pk}/{path}").status_code
    assert status == 404 or (status == 405 and (path, method) in NOT_ALLOWED)
    assert catalog.get(theirs).status == "ready"


def test_the_page_says_how_much_smaller_what_is_shown_is(aws: Any, me: Any, mine: Client) -> None:
    photo, small = make_photo(me, bytes=2_000_000), make_photo(me, bytes=20_000)
    for each in (photo, small):
        put_record(aws.table, each)
    assert "under 0.1 MB, 99 % less than the original" in text_of(mine.get(photo.get_absolute_url()))
    assert "than the original" not in text_of(mine.get(small.get_absolute_url())), "nothing was saved"


def test_a_file_whose_end_is_missing_is_said_to_be(aws: Any, me: Any, mine: Client) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo, original=contract.Original(bytes=9, width=400, height=300, incomplete=True))
    for path in (photo.get_absolute_url(), "/gallery/"):
        assert "The end of this file is missing." in text_of(mine.get(path))


@pytest.mark.parametrize(
    ("taken_at", "words"),
    [
        ("2024-05-12T14:03:11", "12 May 2024, 14:03"),
        ("2024-05-12T14:03:11+02:00", "12 May 2024, 14:03 UTC+02:00"),
        ("2024-05-12T14:03:11-09:30", "12 May 2024, 14:03 UTC-09:30"),
        ("2024-05-12T14:03:11+00:00", "12 May 2024, 14:03 UTC"),
    ],
)
def test_the_camera_s_clock_is_shown_with_its_zone_if_it_knew_one(
    aws: Any, me: Any, mine: Client, taken_at: str, words: str
) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo, exif=contract.Exif(taken_at=taken_at))
    assert dict(mine.get(photo.get_absolute_url()).context["facts"])["Taken"] == words


def test_labels_come_with_what_they_belong_to_and_who_found_them(aws: Any, me: Any, mine: Client) -> None:
    photo = make_photo(me)
    dog = contract.Label("Dog", 91.5, parents=["Animal", "Pet"], categories=["Animals and Pets"])
    put_record(aws.table, photo, labels=[dog], label_model="3.0", moderation_model="7.0")
    page = text_of(mine.get(photo.get_absolute_url()))
    assert "Animal, Pet · Animals and Pets" in page
    assert "Label model 3.0 · Moderation model 7.0" in page


@pytest.mark.parametrize("placeholder", ["", "#7a8899"])
def test_a_photo_without_a_placeholder_is_shown_all_the_same(aws: Any, me: Any, mine: Client, placeholder: str) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo, placeholder=placeholder)
    for path in (photo.get_absolute_url(), "/gallery/"):
        page = text_of(mine.get(path))
        assert ".webp?" in page
        assert 'class="placeholder"' not in page


def test_a_photo_whose_labels_were_refused_says_so_and_can_be_tried_again(aws: Any, me: Any, mine: Client) -> None:
    photo = make_photo(me)
    refused = contract.Step("RekognitionLabels", "2026-11-23T10:00:00.000+00:00", ms=240, attempt=1, outcome="failed")
    put_record(
        aws.table, photo, status="failed", steps=[refused], reason=contract.reason(contract.Failure.LABELS_REFUSED)
    )
    page = text_of(mine.get(photo.get_absolute_url()))
    for words in ("The service that finds labels did not take this photo.", "Labels could not be found", "Try again"):
        assert words in page


def test_without_dynamodb_the_page_shows_what_the_row_knows(aws: Any, me: Any, mine: Client, breaks: Any) -> None:
    photo = ready(aws, me, file_name="cat.jpg")
    breaks("dynamodb", "BatchGetItem")
    response = mine.get(photo.get_absolute_url())
    page = response.content.decode()
    assert (response.status_code, response.headers["Retry-After"]) == (503, "60")
    assert "Your photo is safe; its picture and labels cannot be shown right now." in page
    assert "2.4 MB" in page
    assert mine.get(photo.get_absolute_url(), headers={"HX-Request": "true"}).status_code == 503


# --- The picture, and where in it something was found ---

BOXES = [contract.Instance(contract.Box(0.1, 0.25, 0.5, 0.125), 99.0), contract.Instance(contract.Box(0, 0, 1, 1), 80)]


def test_labels_and_faces_show_where_they_were_found(aws: Any, me: Any, mine: Client, settings: Any) -> None:
    settings.LANGUAGE_CODE = "de"  # in which a fraction is written with a comma, though not to a browser
    photo, dog = make_photo(me), replace(make_label("Dog"), instances=BOXES)
    put_record(aws.table, photo, labels=[dog, make_label("Snow")], faces=BOXES[:1], denied_labels={"Dog"})
    page = text_of(mine.get(photo.get_absolute_url()))
    assert '<rect x="0.1000" y="0.2500" width="0.5000" height="0.1250" />' in page
    assert page.count("<rect") == 3
    assert page.count('class="say where"') == 1, "what is denied shows nothing"
    page = text_of(correct(mine, photo, "undo", "Dog", follow=True))
    assert page.count('class="say where"') == 2


@pytest.mark.parametrize(("count", "words"), [(0, ""), (1, "1 face"), (2, "2 faces")])
def test_faces_are_counted_where_there_are_any(aws: Any, me: Any, mine: Client, count: int, words: str) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo, faces=BOXES[:count])
    page = text_of(mine.get(photo.get_absolute_url()))
    assert ('class="faces"' in page) == bool(words)
    assert words in page


def test_the_picture_has_its_size_and_its_words_and_comes_first(aws: Any, me: Any, mine: Client) -> None:
    page = text_of(mine.get(ready(aws, me, "Dog", "Beach").get_absolute_url()))
    picture = page.split("display.webp")[1].split(">")[0]
    for words in ('width="2048"', 'height="1536"', 'alt="Photo: dog, beach. 12 May 2024"', 'fetchpriority="high"'):
        assert words in picture


# --- The photos before and behind ---


def test_a_page_leads_to_the_photos_around_it_in_the_selection_it_came_from(aws: Any, me: Any, mine: Client) -> None:
    newest, other, photo, oldest = (
        ready(aws, me, label, taken=f"2024-05-{day}T12:00:00")
        for day, label in ((4, "Cat"), (3, "Dog"), (2, "Cat"), (1, "Cat"))
    )
    context = mine.get(photo.get_absolute_url(), {"in": "label=Cat"}).context
    assert context["previous"].address == f"{newest.get_absolute_url()}?in=label%3DCat"
    assert context["following"].address == f"{oldest.get_absolute_url()}?in=label%3DCat"
    assert f"/{oldest.pk}/" in context["following"].picture
    assert context["back"] == f"/gallery/?label=Cat#tile-{photo.pk}"
    context = mine.get(photo.get_absolute_url()).context
    assert context["previous"].address == other.get_absolute_url()
    assert context["back"] == f"/gallery/#tile-{photo.pk}"


@pytest.mark.parametrize("nonsense", ["", "x", "label=", "label=%00", "in=in%3Dlabel", "cursor=1_2&status=none"])
def test_what_names_no_selection_is_everything(aws: Any, me: Any, mine: Client, nonsense: str) -> None:
    photo = ready(aws, me)
    context = mine.get(photo.get_absolute_url(), {"in": nonsense}).context
    assert context["back"] == f"/gallery/#tile-{photo.pk}"


def test_corrections_and_tries_stay_in_the_selection(aws: Any, me: Any, mine: Client) -> None:
    photo, within = ready(aws, me), "?in=label%3DCat"
    page = text_of(mine.get(photo.get_absolute_url() + within))
    for path in ("favourite/", "labels/add/", "labels/deny/", "retry/"):
        address = f"{photo.get_absolute_url()}{path}{within}"
        assert f'action="{address}"' in page or path == "retry/"
        answer = mine.post(address, {"name": "Cat"})
        assert answer.headers["Location"] == photo.get_absolute_url() + within


def test_it_takes_one_call_of_aws_and_few_queries_however_many_photos_there_are(
    aws: Any, me: Any, mine: Client, calls: Any, django_assert_max_num_queries: Any
) -> None:
    photos = [ready(aws, me, taken=f"2024-05-{day:02}T12:00:00") for day in range(1, 8)]
    calls.clear()
    with django_assert_max_num_queries(7):  # session, person, their wishes, photo, two neighbours, labels to offer
        text_of(mine.get(photos[3].get_absolute_url()))
    assert calls == {"BatchGetItem": 1}


def test_without_dynamodb_one_can_still_go_on(aws: Any, me: Any, mine: Client, breaks: Any) -> None:
    photo, older = ready(aws, me), ready(aws, me, taken="2023-01-01T12:00:00")
    breaks("dynamodb", "BatchGetItem")
    page = mine.get(photo.get_absolute_url()).content.decode()
    assert f'href="{older.get_absolute_url()}"' in page


# --- In the trash ---


def test_a_photo_in_the_trash_says_until_when_and_can_be_changed_no_more(aws: Any, me: Any, mine: Client) -> None:
    photo, other = ready(aws, me), ready(aws, me)
    throw_away(owner=me, photo_ids=[photo.pk])
    Photo.objects.filter(pk=photo.pk).update(trashed_at=datetime(2026, 1, 2, 12, tzinfo=UTC))
    page = text_of(mine.get(photo.get_absolute_url()))
    assert "In the trash since 2 January 2026. It is deleted on 1 February 2026." in page
    assert "display.webp" in page
    for gone in ("favourite", "labels/", "/albums/add/", "retry/", str(other.pk)):
        assert gone not in page


def test_a_failed_photo_in_the_trash_is_not_tried_again_there(aws: Any, me: Any, mine: Client) -> None:
    photo = make_photo(me, status="failed", trashed_at=timezone.now() - timedelta(days=1))
    put_record(aws.table, photo, status="failed")
    assert "Try again" not in text_of(mine.get(photo.get_absolute_url()))


# --- Corrections ---


def correct(client: Client, photo: Photo, verb: str, name: str, **options: Any) -> Any:
    return client.post(f"/photos/{photo.pk}/labels/{verb}/", {"name": name}, **options)


def test_a_label_is_denied_struck_through_and_brought_back(aws: Any, me: Any, mine: Client) -> None:
    photo = ready(aws, me, "Cat", "Animal")

    page = text_of(correct(mine, photo, "deny", "Cat", follow=True))
    assert "<s>Cat</s>" in page
    assert 'alt="Photo: animal. 12 May 2024"' in page
    assert "Cat" not in text_of(mine.get("/gallery/"))

    page = text_of(correct(mine, photo, "undo", "Cat", follow=True))
    assert "<s>" not in page
    assert 'alt="Photo: cat, animal. 12 May 2024"' in page
    assert "Cat" in text_of(mine.get("/gallery/"))


def test_a_label_is_added_offered_elsewhere_and_removed(aws: Any, me: Any, mine: Client) -> None:
    photo, other = ready(aws, me), ready(aws, me)

    page = text_of(correct(mine, photo, "add", "  Aunt  Ida ", follow=True))
    assert "added by you" in page
    assert '<option value="Aunt Ida">' not in page
    assert '<option value="Aunt Ida">' in text_of(mine.get(other.get_absolute_url()))
    assert str(photo.pk) in text_of(mine.get("/gallery/", {"label": "Aunt Ida"}))

    correct(mine, photo, "undo", "Aunt Ida")
    assert "Aunt Ida" not in text_of(mine.get(photo.get_absolute_url()))


@pytest.mark.parametrize("name", ["", "x" * 61, "a\x00b"])
def test_what_is_no_label_is_refused_beside_the_field_and_nothing_typed_is_lost(
    aws: Any, me: Any, mine: Client, name: str
) -> None:
    photo = ready(aws, me)
    response = correct(mine, photo, "add", name)
    page = text_of(response)
    assert 'id="id_name_error"' in page
    assert "autofocus" in page
    assert response.context["form"]["name"].value() == name
    assert catalog.get(photo).added_labels == set()
    assert mine.get(f"/photos/{photo.pk}/labels/add/").headers["Location"] == photo.get_absolute_url()


def test_a_label_may_hold_anything_and_runs_nowhere(aws: Any, me: Any, mine: Client) -> None:
    photo = ready(aws, me)
    page = text_of(correct(mine, photo, "add", "\"><script>&'", follow=True))
    assert "<script>&" not in page
    assert "&quot;&gt;&lt;script&gt;&amp;&#x27;" in page
    assert '"><script>' not in text_of(mine.get("/gallery/"))


def test_too_many_labels_are_refused_in_a_sentence(aws: Any, me: Any, mine: Client) -> None:
    photo = make_photo(me)
    put_record(aws.table, photo, added_labels={f"Label {number}" for number in range(50)})
    assert "50 labels of yours already" in text_of(correct(mine, photo, "add", "One more", follow=True))


@pytest.mark.parametrize("verb", ["add", "deny", "undo"])
def test_a_correction_that_dynamodb_does_not_take_is_said(
    aws: Any, me: Any, mine: Client, breaks: Any, verb: str
) -> None:
    photo = ready(aws, me)
    breaks("dynamodb", "UpdateItem")
    assert "nothing was changed. Try again in a minute." in text_of(correct(mine, photo, verb, "Cat", follow=True))
    by_htmx = correct(mine, photo, verb, "Cat", headers={"HX-Request": "true"})
    assert by_htmx.headers["HX-Redirect"] == photo.get_absolute_url()


def test_a_correction_without_any_dynamodb_ends_on_a_page_that_says_so(
    aws: Any, me: Any, mine: Client, breaks: Any
) -> None:
    photo = ready(aws, me)
    breaks("dynamodb", "BatchGetItem")
    response = correct(mine, photo, "deny", "Cat", follow=True)
    assert response.status_code == 503
    assert "nothing was changed. Try again in a minute." in response.content.decode()


def test_a_photo_on_its_way_out_is_not_corrected(aws: Any, me: Any, mine: Client) -> None:
    photo = ready(aws, me)
    Photo.objects.filter(pk=photo.pk).update(status=Status.DELETING, cleared=False)
    for verb in ("add", "deny", "undo"):
        assert correct(mine, photo, verb, "Cat").status_code == 404
