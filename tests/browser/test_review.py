"""A reviewer at work: fifty photos by the keyboard alone, and what the pages look like."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from infra.local.stack import ROOT, STAFF_EMAIL, clean_env
from tests import photo_files
from tests.stack.running import RunningStack
from tests.stack.site import Site

from .accessibility import complaints
from .conftest import Browse
from .person import DESKTOP, PHONE, Person, assert_fits, expect_picture

FLAGGED = 50

# Fifty photos as the pipeline leaves them, of one that it has drawn: to have it draw them all would take minutes.
MAKE = """
import dataclasses, sys
from django.db.models import Max
from django.utils import timezone
from pipeline_lambdas.photo_pipeline import contract
from webapp import aws
from webapp.photos import catalog
from webapp.photos.ids import new_photo_id
from webapp.photos.index import index
from webapp.photos.models import Photo
photo = Photo.objects.get(pk=sys.argv[1])
record = catalog.get(photo)
made = []
for number in range(int(sys.argv[2])):
    photo.pk, photo.batch, photo.sha256 = new_photo_id(), None, ""
    photo.key = contract.original_key(str(photo.owner_id), str(photo.pk), "jpg")
    photo.uploaded_at = photo.waiting_since = timezone.now()
    photo.save(force_insert=True)
    found = [contract.ModerationLabel("Explicit", 61 + number / 2), contract.ModerationLabel("Nudity", 60, "Explicit")]
    # Of another file each: what is decided of one is decided of its copies.
    original = dataclasses.replace(record.original, sha256=f"{number:064x}")
    aws.table().put_item(Item=contract.to_item(dataclasses.replace(
        record, original=original, photo_id=str(photo.pk), key=photo.key, batch_id="", moderation=found)))
    made.append(photo.pk)
index(made)
print(Photo.objects.filter(pk__in=made, review="flagged").count())
"""
COUNT = "from webapp.review.models import Entry; print(*Entry.objects.order_by('pk').values_list('action', flat=True))"


def in_shell(stack: RunningStack, script: str, *arguments: str) -> str:
    """What a script of the site's own prints."""
    started = f"import sys; sys.argv = {['-', *arguments]!r}\n{script}"
    answer = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", started],
        cwd=ROOT, env=clean_env(stack.parts), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


@pytest.fixture(scope="module")
def flagged(stack: RunningStack) -> Site:
    owner = Site(stack).sign_up()
    owner.upload({"IMG_0001.JPG": photo_files.phone_jpeg()})
    owner.wait_until_processed()
    (photo,) = owner.photo_ids()
    assert in_shell(stack, MAKE, photo, str(FLAGGED)) == str(FLAGGED)
    return owner


def log_in(page: Page, stack: RunningStack) -> None:
    staff = Person(page, email=STAFF_EMAIL, password=stack.started.staff_password)
    staff.log_in()
    staff.see("Gallery")
    page.goto("/admin/review/")


def shown(page: Page) -> str:
    """The case that is on the screen."""
    return str(page.locator("[data-case]").get_attribute("data-case"))


def press(page: Page, key: str, *, after: str) -> None:
    """Press a key, and wait for another photo."""
    page.keyboard.press(key)
    expect(page.locator(f'[data-case="{after}"]')).to_have_count(0)
    page.wait_for_load_state()


@pytest.mark.parametrize(("theme", "viewport"), [("dark", PHONE), ("light", DESKTOP)], ids=["phone", "desktop"])
def test_the_pages_of_reviewers_fit_and_can_be_used_by_everybody(
    browse: Browse, flagged: Site, stack: RunningStack, theme: Any, viewport: Any
) -> None:
    page = browse(viewport=viewport, color_scheme=theme)
    log_in(page, stack)
    picture = page.get_by_role("img", name="The photo to decide on")
    expect_picture(picture)
    expect(picture).to_have_css("filter", re.compile("blur"))
    assert_fits(page)
    assert complaints(page) == []
    page.keyboard.press("v")
    expect(picture).to_have_css("filter", "none")
    page.route("**/display*", lambda route: route.fulfill(content_type="image/webp", body="cut off"))
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("did not load")
    page.get_by_role("link", name="Log").click()
    expect(page.get_by_role("table")).to_be_visible()
    assert_fits(page)
    assert complaints(page) == []


def test_a_reviewer_clears_fifty_flagged_photos_by_the_keyboard_alone(
    browse: Browse, flagged: Site, stack: RunningStack
) -> None:
    page = browse(viewport=DESKTOP)
    log_in(page, stack)
    seen = []
    for number in range(FLAGGED):
        case = shown(page)
        seen.append(case)
        if number == 3:
            page.keyboard.press("r")
            press(page, "2", after=case)
        elif number == 5:
            page.keyboard.press("w")
            page.keyboard.type("a photo of a screen")
            press(page, "Enter", after=case)
        else:
            press(page, "a", after=case)
        if number == 7:
            following = shown(page)
            press(page, "u", after=following)
            assert shown(page) == case, "what was undone is decided anew"
            press(page, "a", after=case)
    expect(page.get_by_role("heading", name="No photo waits for you")).to_be_visible()
    assert complaints(page) == []
    assert len(set(seen)) == FLAGGED
    done = in_shell(stack, COUNT).split()
    assert [done.count(action) for action in ("flagged", "approved", "rejected", "undone")] == [50, 49, 2, 1]
