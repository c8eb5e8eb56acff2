"""The whole of the main job, as people do it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from infra.local.stack import STAFF_EMAIL
from tests import photo_files
from tests.stack.pipeline import until
from tests.stack.running import RunningStack
from tests.stack.site import Site
from tests.stack.test_main_job import losing_events

from .accessibility import complaints
from .conftest import Browse
from .person import DESKTOP, PHONE, Person, assert_fits, expect_picture


def test_person_signs_up_uploads_five_photos_finds_one_by_its_label_and_deletes_it(
    browse: Browse, tmp_path: Path
) -> None:
    page = browse(viewport=DESKTOP)
    ana = Person(page)

    ana.sign_up()
    ana.wait_for_message("Confirm")
    ana.messages("Confirm").get_by_role("link").click()
    page.get_by_role("link").filter(has_text="/accounts/confirm-email/").click()
    ana.see("Is this you?")
    ana.press("Yes, it is mine")
    ana.see("Gallery")
    expect(page.get_by_role("heading", name="Your gallery is empty")).to_be_visible()

    ana.choose(photo_files.five_photos(), tmp_path)
    expect(page.get_by_role("list", name="Chosen files").get_by_role("listitem")).to_have_count(5)
    assert_fits(page)
    ana.send(5)
    page.evaluate("window.neverReloaded = true")
    expect(ana.tiles()).to_have_count(5)
    expect(ana.thumbnails()).to_have_count(5)
    expect(page.get_by_text("being processed")).to_have_count(0)
    for thumbnail in ana.thumbnails().all():
        expect_picture(thumbnail)
    assert page.evaluate("window.neverReloaded")
    assert_fits(page)

    for label in ("Animal", "Cat"):
        chip = page.get_by_role("navigation", name="Labels").get_by_role("link", name=re.compile(rf"^{label}\b"))
        count = int(chip.locator(".count").inner_text())
        chip.click()
        expect(page).to_have_url(re.compile(rf"label={label}$"))
        expect(ana.tiles()).to_have_count(count)
        assert_fits(page)
        if label == "Animal":
            ana.follow("Animal: take this filter off")
            expect(ana.tiles()).to_have_count(5)

    ana.tiles().first.get_by_role("link").click()
    ana.see("IMG_0001.JPG")
    width, height = expect_picture(page.locator(".photo-frame img:not(.placeholder)"))
    assert width > height, "the phone's photo lies on its side"
    labels = page.get_by_role("region", name="Labels").get_by_role("listitem")
    expect(labels.filter(has_text=re.compile(r"Cat\s+\d+ %"))).to_have_count(1)
    facts = page.get_by_role("region", name="Facts")
    for words in ("Apple iPhone 12", "1/125 s", "f/1.8", "12 May 2024", "451 × 300"):
        expect(facts.get_by_text(words)).to_be_visible()
    history = page.get_by_role("region", name="History").get_by_role("listitem")
    expect(history).to_contain_text(["Uploaded", "Previews made", "Labels found", "Result saved"])
    address = page.url

    ana.wait_for_message("photos ready")
    expect(ana.messages("5 photos ready")).to_have_count(1)

    page.locator("summary", has_text="Account").click()
    ana.follow("Settings")
    ana.see("Notifications")
    page.get_by_label("By text message").check()
    ana.press("Save")
    expect(page.get_by_role("alert")).to_contain_text("Enter a phone number")
    assert_fits(page)
    page.get_by_label("Phone number").fill("+34 612 345 678")
    ana.press("Save")
    ana.is_told("Your choice is saved.")
    ana.confirm_phone("+34612345678")
    ana.choose({"cup.webp": photo_files.webp("coffee")}, tmp_path)
    ana.send(1)
    ana.wait_for_message("1 photo ready", to="+34612345678")
    expect(ana.messages(re.compile("photos? ready"))).to_have_count(1)

    page.goto(address)
    ana.press("Move to trash")
    ana.is_told("IMG_0001.JPG is in the trash.")
    page.goto("/trash/empty/")
    ana.press("Empty the trash")
    ana.is_told("1 photo was deleted.")
    page.goto("/gallery/")
    expect(ana.tiles()).to_have_count(5)
    assert page.request.get(address).status == 404
    assert page.request.get("/gallery/?label=Cat").text().count('id="tile-') == 0

    ana.log_out()
    ana.see("Put your photos in. Find them by what they show.")
    page.goto("/gallery/")
    ana.see("Log in")


def test_without_javascript_photos_are_uploaded_looked_at_and_deleted(
    browse: Browse, stack: RunningStack, tmp_path: Path
) -> None:
    page = browse(viewport=PHONE, java_script_enabled=False)
    ben = Person(page, email=Site(stack).sign_up().email)
    ben.log_in()
    ben.see("Gallery")
    ben.choose({"IMG_0001.JPG": photo_files.phone_jpeg(), "launch.png": photo_files.transparent_png()}, tmp_path)
    ben.press("Upload")
    ben.see("Gallery")
    ben.is_told("2 photos received.")
    until(lambda: ben.thumbnails().count() == 2 or not page.reload())
    for thumbnail in ben.thumbnails().all():
        expect_picture(thumbnail)
    ben.thumbnails().first.click()
    ben.see("launch.png")
    expect_picture(page.locator(".photo-frame img:not(.placeholder)"))
    ben.press("Move to trash")
    ben.is_told("launch.png is in the trash.")
    page.goto("/gallery/")
    expect(ben.tiles()).to_have_count(1)
    page.goto("/trash/")
    page.get_by_role("checkbox", name=re.compile("^Photo")).check()
    ben.press("Restore")
    ben.is_told("1 photo is back in your gallery.")
    page.goto("/gallery/")
    expect(ben.tiles()).to_have_count(2)


def bad_files() -> dict[str, bytes]:
    return {
        "diary.jpg": photo_files.text_named_jpg(),
        "empty.jpg": b"",
        "drawing.svg": photo_files.svg(),
        "huge.jpg": photo_files.too_large(),
        "bomb.png": photo_files.png(20_000, 20_000),
    }


SENTENCES = {
    "diary.jpg": "This is not a photo we can read.",
    "empty.jpg": "This file is empty.",
    "drawing.svg": "This is not a photo we can read.",
    "huge.jpg": "Too large: 60.0 MB, the most is 50 MB.",
    "bomb.png": "Too many pixels: 20000 × 20000",
}


@pytest.mark.parametrize(
    ("has_script", "viewport"), [(True, PHONE), (False, DESKTOP)], ids=["with script", "without script"]
)
def test_bad_files_are_refused_in_words_and_the_good_one_beside_them_is_ready(
    browse: Browse, stack: RunningStack, tmp_path: Path, has_script: bool, viewport: dict[str, int]
) -> None:
    page = browse(viewport=viewport, java_script_enabled=has_script)
    ana = Person(page, email=Site(stack).sign_up().email)
    ana.log_in()
    ana.see("Gallery")
    others = {"torn.jpg": photo_files.truncated_jpeg(), "good.jpg": photo_files.phone_jpeg()}
    ana.choose({**bad_files(), **others}, tmp_path)
    if not has_script:
        ana.press("Upload")
        ana.see("Upload photos")
    where = page.get_by_role("list", name="Chosen files") if has_script else page.get_by_role("alert")
    for name, sentence in SENTENCES.items():
        expect(where.get_by_role("listitem").filter(has_text=name)).to_contain_text(sentence)
    assert_fits(page)
    if has_script:
        ana.send(2)
    else:
        ana.follow("See the others in your gallery")
        ana.see("Gallery")
    expect(ana.tiles()).to_have_count(2)
    refused = ana.tile("torn.jpg").filter(has_text="Refused")
    until(lambda: (refused.count() and ana.thumbnails().count()) or not page.reload())
    expect(ana.tile("torn.jpg")).to_contain_text("This file is damaged or incomplete.")
    expect_picture(ana.thumbnails().first)
    ana.tile("torn.jpg").get_by_role("link").click()
    ana.see("torn.jpg")
    expect(page.get_by_role("figure").get_by_text("This file is damaged or incomplete.")).to_be_visible()


def test_processing_tile_becomes_a_thumbnail_while_the_person_watches(
    browse: Browse, stack: RunningStack, tmp_path: Path
) -> None:
    page = browse(viewport=PHONE)
    person = Site(stack).sign_up()
    ana = Person(page, email=person.email)
    ana.log_in()
    ana.see("Gallery")
    s3, bucket = stack.aws.client("s3"), stack.outputs["OriginalsBucketName"]
    with losing_events(stack):
        ana.choose({"IMG_0001.JPG": photo_files.phone_jpeg()}, tmp_path)
        ana.send(1)
    expect(ana.tiles()).to_contain_text(["Waiting to begin"])
    expect(page.get_by_text("1 photo being processed")).to_be_visible()
    assert_fits(page)
    assert complaints(page) == []
    page.evaluate("window.neverReloaded = true")

    (photo_id,) = person.photo_ids()
    found = s3.list_objects_v2(Bucket=bucket)["Contents"]
    (key,) = [each["Key"] for each in found if photo_id in each["Key"]]
    s3.put_object(Bucket=bucket, Key=key, Body=photo_files.phone_jpeg())  # the event comes after all

    expect_picture(ana.thumbnails().first)
    expect(page.get_by_text("being processed")).to_have_count(0)
    expect(page.get_by_role("navigation", name="Labels").get_by_role("link", name=re.compile("^Cat"))).to_be_visible()
    assert page.evaluate("window.neverReloaded")
    assert_fits(page)


def test_staff_find_a_photo_run_it_again_and_delete_it(browse: Browse, stack: RunningStack) -> None:
    owner = Site(stack).sign_up()
    owner.upload({"IMG_0001.JPG": photo_files.phone_jpeg()})
    owner.wait_until_processed()

    page = browse(viewport=DESKTOP)
    staff = Person(page, email=STAFF_EMAIL, password=stack.started.staff_password)
    staff.log_in()
    staff.see("Gallery")
    page.goto("/admin/photos/photo/")
    page.get_by_role("textbox", name="Search").fill(owner.email)
    page.get_by_role("button", name="Search").click()
    row = page.get_by_role("row").filter(has_text="IMG_0001.JPG")
    expect(row).to_have_count(1)
    expect_picture(row.locator("img"))
    for words in (owner.email, "Ready", "Cat"):
        expect(row).to_contain_text(words)
    assert_fits(page)

    def act(action: str) -> None:
        row.get_by_role("checkbox").check()
        page.get_by_label("Action:").select_option(action)
        page.get_by_role("button", name="Go").click()

    act("Run again")
    staff.is_told("1 × It is being processed again.")
    until(lambda: "Ready" in row.inner_text() or not page.reload())
    row.get_by_role("link").first.click()
    expect(page.get_by_text(re.compile("^ready, attempt 2"))).to_be_visible()
    expect_picture(page.locator("img.photo-judged"))
    page.go_back()

    act("Delete")
    expect(page.get_by_role("heading", level=1, name="Delete photos")).to_be_visible()
    assert_fits(page)
    page.get_by_role("button", name="Delete").click()
    staff.is_told("1 photo is being deleted.")
    until(lambda: row.count() == 0 or not page.reload())
    assert owner.photo_ids() == []
