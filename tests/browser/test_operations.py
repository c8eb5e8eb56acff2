"""What operators look at, and a campaign from its plan to its end and back, as it stands on its page."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from infra.local.stack import STAFF_EMAIL
from tests import photo_files
from tests.stack.running import RunningStack
from tests.stack.site import Site

from .accessibility import complaints
from .conftest import Browse
from .person import DESKTOP, PHONE, Person, assert_fits

PAGES = (
    "/admin/pipeline/",
    "/admin/pipeline/failures/",
    "/admin/pipeline/labels/",
    "/admin/pipeline/campaigns/",
    "/admin/cost/",
)
TORN = "torn for operators.jpg"


def all_complaints(page: Page, addresses: tuple[str, ...]) -> list[str]:
    said = []
    for address in addresses:
        page.goto(address)
        assert_fits(page)
        said += complaints(page)
    return said


def test_an_operator_relabels_somebodys_photos_and_takes_it_back(browse: Browse, stack: RunningStack) -> None:
    ana = Site(stack).sign_up()
    ana.upload({**photo_files.many(3), TORN: photo_files.cut_off(0.1)})
    ana.wait_until_processed()
    before = ana.label_counts()
    staff = Person(browse(viewport=PHONE, color_scheme="dark"), STAFF_EMAIL, stack.started.staff_password)
    staff.log_in()
    staff.see("Gallery")
    page = staff.page

    page.goto("/admin/pipeline/")
    staff.follow("Campaigns")
    page.get_by_label("Name").fill("Lower")
    page.get_by_label("Threshold").fill("30")
    page.get_by_label("Ask the model anew").check()
    page.get_by_label("Only photos of").fill(ana.email)
    staff.press("Estimate")
    expect(page.get_by_role("heading", level=2, name="Not started")).to_be_visible()
    expect(page.get_by_text("3 photos,")).to_be_visible()
    path = page.url
    said = complaints(page)
    staff.press("Start")
    expect(page.get_by_role("heading", level=2, name="Finished")).to_be_visible()  # which nobody loads anew
    expect(page.get_by_role("heading", level=3, name="After")).to_have_count(len(page.locator(".samples > li").all()))
    expect(page.locator(".samples ins").first).to_be_visible()
    assert_fits(page)
    said += complaints(page)
    assert ana.label_counts() != before

    staff.press("Roll back")
    expect(page.get_by_role("heading", level=2, name="Rolled back", exact=True)).to_be_visible()
    assert ana.label_counts() == before
    said += all_complaints(page, PAGES)

    desk = browse(viewport=DESKTOP)
    desk.context.add_cookies(page.context.cookies())
    said += all_complaints(desk, (*PAGES, path))
    desk.goto("/admin/pipeline/")
    desk.get_by_role("link", name="damaged", exact=True).click()
    desk.get_by_label(TORN).check()
    desk.get_by_role("button", name="Try the ticked again").click()
    expect(desk.get_by_text(re.compile("1 × It is being processed again"))).to_be_visible()
    assert said == []
