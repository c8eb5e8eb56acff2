"""One photo's page: correcting its labels, and what is there before its picture is."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from pipeline_lambdas.photo_pipeline import contract
from tests import photo_files
from tests.stack.pipeline import until
from tests.stack.running import RunningStack
from tests.stack.site import Site

from .accessibility import complaints
from .conftest import Browse
from .person import DESKTOP, PHONE, assert_fits, expect_picture, swipe
from .test_accessibility import enter

IS_ABOVE = """image => {
  const box = image.getBoundingClientRect();
  const there = document.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const placeholder = there.indexOf(image.previousElementSibling);
  return placeholder >= 0 && there.indexOf(image) < placeholder;
}"""


def somebody(stack: RunningStack, **files: bytes) -> Site:
    person = Site(stack).sign_up()
    person.upload({name.replace("_", "."): content for name, content in files.items()})
    person.wait_until_processed()
    return person


def rows(page: Page) -> Locator:
    return page.get_by_role("region", name="Labels").get_by_role("listitem")


def chip(page: Page, name: str) -> Locator:
    return page.get_by_role("navigation", name="Labels").get_by_role("link", name=re.compile(rf"^{name}\b"))


@pytest.mark.parametrize(
    ("has_script", "viewport", "theme"),
    [(True, DESKTOP, "light"), (True, PHONE, "dark"), (False, PHONE, "dark")],
    ids=["on a desktop", "on a phone", "without script"],
)
def test_person_says_what_a_photo_does_not_show_and_what_it_shows_as_well(
    browse: Browse, stack: RunningStack, has_script: bool, viewport: dict[str, int], theme: str
) -> None:
    ana = somebody(stack, cat_jpg=photo_files.phone_jpeg(), cup_heic=photo_files.heic())
    _, cat = ana.photo_ids()
    page = browse(viewport=viewport, java_script_enabled=has_script, color_scheme=theme)
    enter(page, ana)
    page.goto(f"/photos/{cat}/")
    if has_script:
        page.evaluate("window.neverReloaded = true")
    count = rows(page).count()

    page.get_by_role("button", name="Not this Cat", exact=True).click()
    undo = page.get_by_role("button", name="Undo Cat", exact=True)
    expect(undo).to_be_visible()
    expect(page.locator("s", has_text="Cat")).to_be_visible()
    expect(rows(page)).to_have_count(count)

    page.get_by_label("Also this").fill("coFFee")  # as the other photo has it, but for its case
    page.get_by_role("button", name="Add", exact=True).click()
    expect(rows(page).filter(has_text="added by you")).to_contain_text(["Coffee"])
    page.get_by_label("Also this").fill("")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Type a label first")).to_be_visible()
    expect(page.get_by_label("Also this")).to_be_focused()
    assert_fits(page)
    if has_script:
        assert page.evaluate("window.neverReloaded")
        assert complaints(page) == []

    page.goto("/gallery/")
    expect(chip(page, "Cat")).to_have_count(0)
    expect(chip(page, "Coffee").locator(".count")).to_have_text("2")

    page.goto(f"/photos/{cat}/")
    undo.click()
    page.get_by_role("button", name="Remove Coffee", exact=True).click()
    expect(rows(page).filter(has_text="added by you")).to_have_count(0)
    expect(page.locator("s")).to_have_count(0)
    page.goto("/gallery/")
    expect(chip(page, "Cat").locator(".count")).to_have_text("1")
    expect(chip(page, "Coffee").locator(".count")).to_have_text("1")


def test_keyboard_stays_where_it_was_and_quick_hands_lose_nothing(browse: Browse, stack: RunningStack) -> None:
    ana = somebody(stack, cat_jpg=photo_files.phone_jpeg())
    page = browse(viewport=DESKTOP)
    enter(page, ana)
    page.goto(f"/photos/{ana.photo_ids()[0]}/")
    names = [each.inner_text() for each in rows(page).get_by_role("link").all()]
    assert len(names) > 2

    page.get_by_role("button", name=f"Not this {names[0]}", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=f"Undo {names[0]}", exact=True)).to_be_focused()

    page.evaluate("for (const button of document.querySelectorAll('.confidences .say')) button.click()")
    for name in names[1:]:
        expect(page.get_by_role("button", name=f"Undo {name}", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name=f"Not this {names[0]}", exact=True)).to_be_visible()


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_placeholder_is_there_at_once_and_nothing_moves_when_the_photo_comes(
    browse: Browse, stack: RunningStack, viewport: dict[str, int]
) -> None:
    ana = somebody(stack, cat_jpg=photo_files.phone_jpeg(), launch_png=photo_files.transparent_png())
    _, cat = ana.photo_ids()
    page = browse(viewport=viewport)
    enter(page, ana)
    held: list[Route] = []
    is_over = False

    def hold(route: Route) -> None:
        if is_over:
            route.continue_()
        else:
            held.append(route)

    page.route("**/*.webp?*", hold)

    for path, where in (("/gallery/", ".tile"), (f"/photos/{cat}/", ".photo-picture")):
        is_over = False
        page.goto(path, wait_until="domcontentloaded")
        placeholder = page.locator(f"{where} .placeholder")
        expect(placeholder).to_have_count(1)  # what is transparent has none: it would shine through
        expect_picture(placeholder)
        image = page.locator(f"{where} .placeholder + img")
        before = image.bounding_box()
        assert before is not None
        assert before["width"] > 100
        assert not image.evaluate("image => image.complete")
        is_over = True  # what is asked for from here on comes at once
        while held:
            held.pop().continue_()
        expect_picture(image)
        assert image.bounding_box() == before
        assert image.evaluate(IS_ABOVE), "the photo covers its placeholder"


def test_history_of_many_attempts_is_folded_and_a_further_one_is_told_when_it_ends(
    browse: Browse, stack: RunningStack
) -> None:
    ana = somebody(stack, cat_jpg=photo_files.phone_jpeg())
    (cat,) = ana.photo_ids()
    fail_twelve_times(stack, cat)
    page = browse(viewport=PHONE, color_scheme="dark")
    enter(page, ana)
    page.goto(f"/photos/{cat}/")
    region = page.get_by_role("region", name="History")
    expect(region.get_by_role("heading", name="Attempt")).to_have_count(3)
    region.get_by_text("9 earlier attempts").click()
    expect(region.get_by_role("heading", name="Attempt")).to_have_count(12)
    assert_fits(page)
    assert complaints(page) == []

    page.get_by_role("button", name="Try again", exact=True).click()
    expect(page.get_by_text("It is being processed again.")).to_be_visible()
    expect(region.get_by_role("heading", name="Attempt 13")).to_contain_text("Done")
    expect(region.get_by_text("7 earlier attempts")).to_be_visible()


def fail_twelve_times(stack: RunningStack, photo_id: str) -> None:
    """Write the record that a photo has whose owner tried again in vain."""
    table = stack.aws.table(stack.outputs["PhotoTableName"])
    (item,) = [item for item in table.scan(ConsistentRead=True)["Items"] if item["sk"] == f"PHOTO#{photo_id}"]
    why = contract.reason(contract.Failure.STOPPED)
    steps = [
        contract.Step(contract.WHOLE_RUN, "2026-01-01T10:00:00+00:00", 0, number, "stopped") for number in range(1, 13)
    ]
    failed = {"status": "failed", "attempt": 12, "steps": contract.to_attribute(steps)}
    table.put_item(Item={**item, **failed, "reason": contract.to_attribute(why)})


def test_choice_to_keep_places_is_the_pipelines(browse: Browse, stack: RunningStack) -> None:
    ana = Site(stack).sign_up()
    page = browse(viewport=PHONE)
    enter(page, ana)
    page.goto("/settings/notifications/")
    page.get_by_role("link", name="Photos", exact=True).click()
    box = page.get_by_label("Keep where my photos were taken")
    expect(box).not_to_be_checked()
    box.check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Your choice is saved.", exact=True)).to_be_visible()
    expect(box).to_be_checked()
    assert_fits(page)
    box.uncheck()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Places kept so far are being forgotten.")).to_be_visible()
    expect(box).not_to_be_checked()


# --- Looking through photos ---


@pytest.fixture(scope="module")
def cleo(stack: RunningStack) -> Site:
    """Somebody whose photos show, newest first: a cat, an astronaut, coffee."""
    names = ("coffee", "astronaut", "chelsea")
    return somebody(stack, **{f"{name}_jpg": (photo_files.PHOTOS / f"{name}.jpg").read_bytes() for name in names})


def name_is(page: Page, name: str) -> None:
    """Be at the photo of this name, and its script with it: keys and fingers reach nothing before."""
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    page.wait_for_load_state()


def boxes(page: Page) -> Locator:
    return page.locator(".photo-boxes .shown rect")


def test_photos_are_looked_through_by_keyboard(browse: Browse, cleo: Site) -> None:
    cat, astronaut, _ = cleo.photo_ids()
    page = browse(viewport=DESKTOP)
    enter(page, cleo)
    page.goto(f"/photos/{cat}/")
    expect(page.get_by_role("link", name="Previous photo")).to_have_count(0)
    page.keyboard.press("ArrowRight")
    name_is(page, "astronaut.jpg")

    page.get_by_role("link", name="Face", exact=True).focus()
    expect(boxes(page)).to_have_count(1)
    shown, picture = boxes(page).bounding_box(), page.locator(".photo-picture").bounding_box()
    assert shown is not None
    assert picture is not None
    across = (shown["x"] + shown["width"] / 2 - picture["x"]) / picture["width"]
    assert 0.35 < across < 0.55, "her face is a little to the left"
    page.get_by_label("Also this").focus()
    expect(boxes(page)).to_have_count(0)

    page.keyboard.type("fz?")
    expect(page.get_by_label("Also this")).to_have_value("fz?")
    page.keyboard.press("ArrowLeft")
    name_is(page, "astronaut.jpg")
    page.locator("h1").click()

    heart = page.get_by_role("button", name="Favourite")
    for pressed in ("true", "false"):
        page.keyboard.press("f")
        expect(heart).to_have_attribute("aria-pressed", pressed)

    size = picture["width"]
    page.keyboard.press("z")
    expect(page.get_by_role("button", name="Full size")).to_have_attribute("aria-pressed", "true")
    assert page.locator(".photo-picture").evaluate("picture => picture.offsetWidth") >= 2 * size - 1
    assert_fits(page)
    assert complaints(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Full size")).to_have_attribute("aria-pressed", "false")
    until(lambda: page.locator(".photo-picture").bounding_box() == picture)

    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    assert complaints(page) == []
    page.get_by_label("Use the keys Z, F and ?").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    for key in "z?f":
        page.keyboard.press(key)
    expect(page.get_by_role("button", name="Full size")).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_label("Use the keys Z, F and ?").check()
    page.get_by_role("button", name="Close", exact=True).click()

    page.keyboard.press("ArrowRight")
    name_is(page, "coffee.jpg")
    page.keyboard.press("ArrowLeft")
    name_is(page, "astronaut.jpg")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(rf"/gallery/\S*#tile-{astronaut}$"))


def test_photos_are_looked_through_by_finger(browse: Browse, cleo: Site) -> None:
    cat, _, _ = cleo.photo_ids()
    page = browse(viewport=PHONE, has_touch=True, color_scheme="dark")
    enter(page, cleo)
    page.goto(f"/photos/{cat}/?in=status%3Dnonsense")
    swipe(page, 40)
    swipe(page, -120)
    name_is(page, "astronaut.jpg")

    where = page.get_by_role("button", name="Show where: Face")
    where.tap()
    expect(boxes(page)).to_have_count(1)
    expect(where).to_have_attribute("aria-pressed", "true")
    assert_fits(page)
    assert complaints(page) == []
    where.tap()
    expect(boxes(page)).to_have_count(0)
    where.tap()
    page.get_by_role("button", name="Not this Face").tap()
    expect(page.locator("s", has_text="Face")).to_be_visible()
    expect(boxes(page)).to_have_count(0)
    page.get_by_role("button", name="Undo Face").tap()
    expect(where).to_have_attribute("aria-pressed", "false")
    faces = page.locator(".faces")
    expect(faces).to_contain_text("1 face")
    faces.tap(position={"x": 10, "y": 10})
    expect(boxes(page)).to_have_count(1)

    page.evaluate("scrollTo(0, 0)")
    page.locator(".photo-picture").tap(position={"x": 200, "y": 60})
    expect(page.get_by_role("button", name="Full size")).to_have_attribute("aria-pressed", "true")
    swipe(page, -120)
    page.get_by_role("button", name="Full size").tap()
    name_is(page, "astronaut.jpg")
    swipe(page, 120)
    name_is(page, "chelsea.jpg")


@pytest.mark.parametrize("has_script", [True, False], ids=["with script", "without script"])
def test_a_photo_is_kept_as_a_favourite_and_as_a_file(browse: Browse, cleo: Site, has_script: bool) -> None:
    cat, _, coffee = cleo.photo_ids()
    page = browse(viewport=PHONE, java_script_enabled=has_script)
    enter(page, cleo)
    page.goto(f"/photos/{cat}/")
    heart = page.get_by_role("button", name="Favourite")
    for pressed in ("true", "false"):
        heart.click()
        expect(heart).to_have_attribute("aria-pressed", pressed)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "chelsea.jpg"
    assert download.value.path().read_bytes() == (photo_files.PHOTOS / "chelsea.jpg").read_bytes()
    for name in ("astronaut.jpg", "coffee.jpg"):
        page.get_by_role("link", name="Next photo").click()
        name_is(page, name)
        expect_picture(page.locator(".photo-frame img:not(.placeholder)"))
    page.get_by_role("link", name="Gallery", exact=True).last.click()
    expect(page).to_have_url(re.compile(rf"/gallery/\S*#tile-{coffee}$"))


def test_the_next_picture_is_there_before_it_is_asked_for(browse: Browse, cleo: Site) -> None:
    cat, astronaut, _ = cleo.photo_ids()
    page = browse(viewport=DESKTOP)
    enter(page, cleo)
    with page.expect_request(lambda request: f"/{astronaut}/" in request.url and "display.webp" in request.url):
        page.goto(f"/photos/{cat}/")
