from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from pipeline_lambdas.photo_pipeline import contract
from tests import photo_files
from tests.factories import make_photo, put_record
from webapp.photos import catalog, deletion
from webapp.photos.intake import Accepted, Refused, examine
from webapp.photos.models import Batch, Photo
from webapp.photos.storage import Original, OriginalsStorage

pytestmark = pytest.mark.django_db(transaction=True)
UPLOAD = "/upload/"
GOOD = photo_files.encode(photo_files.photo().resize((320, 240)), "JPEG")

BAD = {
    "text.jpg": (photo_files.text_named_jpg, "This is not a photo we can read."),
    "empty.jpg": (bytes, "This file is empty."),
    "drawing.svg": (photo_files.svg, "This is not a photo we can read."),
    "bomb.png": (lambda: photo_files.png(20_000, 20_000), "Too many pixels: 20000 × 20000 is 400 megapixels"),
    "huge.jpg": (photo_files.too_large, "Too large: 60.0 MB, the most is 50 MB."),
    "icon.png": (lambda: photo_files.png(64, 200), "Too small: 64 × 200 pixels"),
    "stump.png": (lambda: photo_files.png(300, 300)[:20], "This file is damaged or incomplete."),
}


def upload_of(name: str, data: bytes, content_type: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type)


def send(client: Client, *files: SimpleUploadedFile, **extra: Any) -> Any:
    return client.post(UPLOAD, {"photos": list(files)}, **extra)


# --- What a file is ---


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_its_sentence(name: str) -> None:
    make, sentence = BAD[name]
    refused = examine(upload_of(name, make()))
    assert isinstance(refused, Refused)
    assert refused.text.startswith(sentence)


@pytest.mark.parametrize(
    ("make", "format", "size"),
    [
        (lambda: GOOD, "JPEG", (320, 240)),
        (photo_files.phone_jpeg, "JPEG", (451, 300)),
        (photo_files.heic, "HEIF", (600, 400)),
        (photo_files.webp, "WEBP", (512, 512)),
        (lambda: photo_files.encode(photo_files.photo(), "AVIF"), "AVIF", (451, 300)),
        (lambda: photo_files.encode(photo_files.photo(), "TIFF"), "TIFF", (451, 300)),
        (lambda: photo_files.encode(photo_files.photo(), "BMP"), "BMP", (451, 300)),
        (lambda: photo_files.encode(photo_files.photo(), "GIF"), "GIF", (451, 300)),
    ],
)
def test_a_photo_is_known_by_its_content(make: Callable[[], bytes], format: str, size: tuple[int, int]) -> None:
    data = make()
    accepted = examine(upload_of("notes.txt", data, "text/plain"))
    assert isinstance(accepted, Accepted)
    assert (accepted.format.name, (accepted.width, accepted.height)) == (format, size)
    assert accepted.sha256 == hashlib.sha256(data).hexdigest()


def test_a_truncated_photo_passes_the_form(aws: Any) -> None:
    # Whether the picture is whole is for ResizeImage to say: the header is.
    assert isinstance(examine(upload_of("half.jpg", photo_files.truncated_jpeg())), Accepted)


# --- Sending ---


def test_photos_of_a_form_get_rows_records_and_bytes_as_one_batch(aws: Any, me: Any, mine: Client) -> None:
    heic = photo_files.heic()
    response = send(mine, upload_of("a.jpg", GOOD, "text/plain"), upload_of("b.heic", heic))

    assert response.headers["Location"] == reverse("photos:gallery")
    batch = Batch.objects.get()
    first, second = Photo.objects.order_by("pk")
    assert (batch.owner, batch.expected, first.batch, second.batch) == (me, 2, batch, batch)
    assert catalog.get_batches([batch])[batch.pk].expected == 2
    record = catalog.get(first)
    assert (record.status, record.batch_id, record.attempt) == ("uploading", str(batch.pk), 1)
    assert first.key == f"originals/{me.pk}/{first.pk}.jpg"
    assert second.key.endswith(".heic")
    stored = aws.s3.get_object(Bucket=settings.ORIGINALS_BUCKET, Key=first.key)
    assert (stored["Body"].read(), stored["ContentType"]) == (GOOD, "image/jpeg")
    stored = aws.s3.get_object(Bucket=settings.ORIGINALS_BUCKET, Key=second.key)
    assert (stored["Body"].read(), stored["ContentType"]) == (heic, "image/heic")
    assert first.sha256 == hashlib.sha256(GOOD).hexdigest()
    assert "2 photos received." in mine.get(response.headers["Location"]).content.decode()


def test_bad_files_never_join_the_batch_and_the_good_one_goes_through(aws: Any, me: Any, mine: Client) -> None:
    files = [upload_of(name, make()) for name, (make, _) in BAD.items()]
    response = send(mine, *files, upload_of("good.jpg", GOOD))

    assert response.headers["Location"] == UPLOAD
    page = mine.get(UPLOAD).content.decode()
    assert f"1 photo received, {len(BAD)} refused." in page
    for name, (_, sentence) in BAD.items():
        assert name in page
        assert sentence in page
    assert [photo.file_name for photo in Photo.objects.all()] == ["good.jpg"]
    assert Batch.objects.get().expected == 1
    assert catalog.get_batches([Batch.objects.get()])[Batch.objects.get().pk].expected == 1
    assert "good.jpg" not in mine.get(UPLOAD).content.decode(), "a report is shown once"


def test_a_form_of_bad_files_makes_no_batch(aws: Any, mine: Client) -> None:
    send(mine, upload_of("text.jpg", photo_files.text_named_jpg()))
    assert not Batch.objects.exists()
    assert "0 photos received, 1 refused." in mine.get(UPLOAD).content.decode()


def test_an_empty_form_says_what_to_do(aws: Any, mine: Client) -> None:
    response = mine.post(UPLOAD)
    assert response.status_code == 422
    assert "Choose at least one photo." in response.content.decode()


def test_more_files_than_a_batch_holds_are_refused_together(aws: Any, mine: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(contract, "MAX_BATCH", 2)
    response = send(mine, *(upload_of(f"{n}.jpg", GOOD) for n in range(3)))
    assert response.status_code == 422
    assert "3 files at once are too many. Choose 2 at most" in response.content.decode()
    assert not Photo.objects.exists()


def test_a_whole_batch_and_more_reaches_the_form() -> None:
    assert settings.DATA_UPLOAD_MAX_NUMBER_FILES > contract.MAX_BATCH


def test_a_script_is_told_where_to_go(aws: Any, mine: Client) -> None:
    response = send(mine, upload_of("a.jpg", GOOD), headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Redirect"]) == (200, "/gallery/")


def test_more_files_than_django_counts_get_a_sentence_too(aws: Any, me: Any, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 3
    browser = Client(enforce_csrf_checks=True)  # which looks into the form before the view can
    browser.force_login(me)
    browser.get(UPLOAD)
    response = send(browser, *(upload_of(f"{n}.jpg", GOOD) for n in range(4)))
    assert response.status_code == 400
    assert "Choose 500 photos at most, and send the others after." in response.content.decode()


def test_another_bad_request_says_nothing_of_photos(client: Client, db: None) -> None:
    response = client.get("/", headers={"host": "elsewhere.example"})
    assert response.status_code == 400
    page = response.content.decode()
    assert "could not be read" in page
    assert "photos at most" not in page


def test_a_file_beyond_the_limit_is_counted_and_not_kept(
    aws: Any, mine: Client, monkeypatch: pytest.MonkeyPatch, rf: Any
) -> None:
    for reader in (contract, contract.reasons):
        monkeypatch.setattr(reader, "MAX_BYTES", 3_000_000)
    request = rf.post(UPLOAD, {"photos": [upload_of("film.jpg", GOOD + bytes(9_000_000)), upload_of("a.jpg", GOOD)]})
    film, photo = request.FILES.getlist("photos")
    assert film.size == len(GOOD) + 9_000_000
    assert len(film.read()) <= 3_100_000
    refused = examine(film)
    assert isinstance(refused, Refused)
    assert refused.text.startswith("Too large: 9.0 MB")
    assert photo.read() == GOOD
    assert isinstance(examine(photo), Accepted)


# --- What can break in between ---


def test_rows_are_committed_and_records_put_before_the_bytes_are_sent(aws: Any, mine: Client, breaks: Any) -> None:
    seen: list[tuple[int, bool]] = []

    def look(params: dict[str, Any]) -> bool:
        photos = list(Photo.objects.all())
        seen.append((len(photos), all(catalog.get(photo) for photo in photos)))
        return False

    breaks("s3", "PutObject", when=look)
    send(mine, upload_of("a.jpg", GOOD))
    assert seen == [(1, True)]


def test_a_photo_whose_bytes_do_not_arrive_leaves_its_batch_and_is_closed(
    aws: Any, me: Any, mine: Client, breaks: Any
) -> None:
    breaks("s3", "PutObject", when=lambda params: Photo.objects.get(key=params["Key"]).file_name == "lost.jpg")

    response = send(mine, upload_of("a.jpg", GOOD), upload_of("lost.jpg", GOOD))

    assert response.headers["Location"] == UPLOAD
    page = mine.get(UPLOAD).content.decode()
    assert "1 photo received, 1 refused." in page
    assert "This photo did not arrive. Upload it again." in page
    lost = Photo.objects.get(file_name="lost.jpg")
    assert (lost.status, lost.reason_code, lost.batch) == ("failed", "did_not_arrive", None)
    assert catalog.get(lost).status == "failed"
    assert catalog.get_batches([Batch.objects.get()])[Batch.objects.get().pk].expected == 1


@pytest.mark.parametrize(("service", "operation"), [("dynamodb", "PutItem"), ("s3", "PutObject")])
def test_a_photo_that_is_deleted_while_it_is_sent_leaves_nothing(
    aws: Any, me: Any, mine: Client, breaks: Any, states: Any, service: str, operation: str
) -> None:
    def delete(params: dict[str, Any]) -> bool:
        if params.get("Item", {}).get("sk", "PHOTO#").startswith("PHOTO#"):
            deletion.begin(Photo.objects.filter(file_name="gone.jpg"))
        return False

    breaks(service, operation, when=delete)
    send(mine, upload_of("gone.jpg", GOOD), upload_of("stays.jpg", GOOD))

    kept = Photo.objects.get()
    assert kept.file_name == "stays.jpg"
    assert [each["Key"] for each in aws.s3.list_objects_v2(Bucket=settings.ORIGINALS_BUCKET)["Contents"]] == [kept.key]
    items = aws.table.scan()["Items"]
    assert [item["photo_id"] for item in items if item["sk"].startswith("PHOTO#")] == [str(kept.pk)]
    assert catalog.get_batches([Batch.objects.get()])[Batch.objects.get().pk].expected == 1
    assert "1 photo received." in mine.get("/gallery/").content.decode(), "nobody asks for what they deleted"


def test_a_photo_that_arrived_though_the_answer_was_lost_is_received(
    aws: Any, me: Any, mine: Client, breaks: Any
) -> None:
    def keep(params: dict[str, Any]) -> bool:
        aws.s3.put_object(Bucket=params["Bucket"], Key=params["Key"], Body=GOOD)
        return True

    breaks("s3", "PutObject", when=keep)

    assert send(mine, upload_of("a.jpg", GOOD)).headers["Location"] == "/gallery/"

    photo = Photo.objects.get()
    assert (photo.status, photo.batch, catalog.get(photo).status) == ("uploading", Batch.objects.get(), "uploading")


def test_a_photo_that_is_being_processed_is_never_closed_as_lost(aws: Any, me: Any, mine: Client, breaks: Any) -> None:
    def claim(params: dict[str, Any]) -> bool:
        put_record(aws.table, Photo.objects.get(), status="processing")
        return True

    breaks("s3", "PutObject", when=claim)
    assert send(mine, upload_of("a.jpg", GOOD)).headers["Location"] == "/gallery/"
    assert catalog.get(Photo.objects.get()).status == "processing"


def test_what_nobody_can_look_up_stays_open_for_the_sweep(aws: Any, me: Any, mine: Client, breaks: Any) -> None:
    breaks("s3", "PutObject")
    breaks("s3", "HeadObject")
    send(mine, upload_of("a.jpg", GOOD))
    photo = Photo.objects.get()
    assert (photo.status, photo.batch, catalog.get(photo).status) == ("uploading", Batch.objects.get(), "uploading")


def test_without_dynamodb_the_row_stays_open_for_the_sweep(aws: Any, mine: Client, breaks: Any) -> None:
    breaks("dynamodb", "PutItem")
    send(mine, upload_of("a.jpg", GOOD))
    photo = Photo.objects.get()
    assert photo.status == "uploading"
    assert "This photo did not arrive" in mine.get(UPLOAD).content.decode()


def test_an_original_is_written_once(aws: Any, me: Any) -> None:
    photo = make_photo(me)
    storage = OriginalsStorage()
    for data in (b"first", b"second"):
        storage.save(photo.key, Original(upload_of("a.jpg", data), media_type="image/jpeg"))
    stored = aws.s3.get_object(Bucket=settings.ORIGINALS_BUCKET, Key=photo.key)["Body"].read()
    assert stored == b"first"
