"""A browser's complaints reach the tests: without this, none of them could fail for what it says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from .accessibility import complaints
from .person import PHONE, assert_fits
from .watch import Watch

ADDRESS = "http://shoebox.test/"


def show(context: BrowserContext, body: str) -> Page:
    """A page of `body` under a policy like the site's; whatever it asks for is not there."""

    def answer(route: Route) -> None:
        if route.request.url == ADDRESS:
            headers = {"Content-Security-Policy": "script-src 'unsafe-inline'; style-src 'self'"}
            route.fulfill(body=body, content_type="text/html", headers=headers)
        else:
            route.fulfill(status=404)

    context.route("**/*", answer)
    page = context.new_page()
    page.goto(ADDRESS)
    return page


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("<p style='color: red'>violates the policy</p>", "Content Security Policy"),
        ("<img src='/gone.webp' alt=''>", "404"),
        ("<script>throw new Error('broken')</script>", "exception: broken"),
        ("<script>console.error('it says')</script>", "it says"),
    ],
)
def test_complaint_of_a_page_is_noted(new_context: Callable[[], BrowserContext], body: str, complaint: str) -> None:
    context, watch = new_context(), Watch()
    watch.follow(context)
    show(context, body).wait_for_load_state("networkidle")
    assert any(complaint in line for line in watch.complaints), watch.log


def test_page_wider_than_its_window_does_not_fit(new_context: Callable[..., BrowserContext]) -> None:
    page = show(new_context(viewport=PHONE), "<table width=400><tr><td>wide</table>")
    with pytest.raises(AssertionError, match="408 pixels wide in a window of 390"):
        assert_fits(page)


def test_refusal_that_is_expected_is_no_complaint_and_any_other_is(new_context: Callable[[], BrowserContext]) -> None:
    for expected, count in (404, 0), (403, 2):
        context, watch = new_context(), Watch([expected])
        watch.follow(context)
        show(context, "<img src='/gone.webp' alt=''>").wait_for_load_state("networkidle")
        assert len(watch.complaints) == count, watch.log


def test_targets_too_small_and_too_near_are_objected_to(new_context: Callable[[], BrowserContext]) -> None:
    small = "for (const each of document.querySelectorAll('button')) each.style.cssText = 'display: block; height: 9px'"
    page = show(new_context(), f"Words <button>a</button><button>b</button><script>{small}</script>")
    assert sum("target-size" in complaint for complaint in complaints(page)) == 2
