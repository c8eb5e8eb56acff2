"""The pages of reviewers: one photo at a time, and the log. Every form works without the script that reads keys."""

from __future__ import annotations

import logging
import re
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from webapp.accounts.roles import Role, for_role
from webapp.photos.errors import AWS_ERRORS
from webapp.review import decisions, page
from webapp.review import log as entries
from webapp.review import queue as leases
from webapp.review.forms import RejectForm
from webapp.review.models import Case

logger = logging.getLogger(__name__)
NOT_THEIRS = "That photo was not yours to decide any more: somebody else has it, or it is gone. Nothing was changed."
NOTHING_TO_UNDO = "There is nothing to undo: a decision can be taken back for one minute."
NO_ANSWER = "The pictures cannot be read right now. Nothing is lost; try again in a minute."


@never_cache
@for_role(Role.REVIEWER)
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """The next photo, or the one that `?at=` names if the reviewer holds it."""
    return _page(request, _held(request, request.GET.get("at", "")), RejectForm())


def _held(request: HttpRequest, first: str) -> list[Case]:
    held = leases.hold(reviewer=request.user)
    return sorted(held, key=lambda case: str(case.pk) != first)


def _page(request: HttpRequest, held: list[Case], form: RejectForm) -> HttpResponse:
    try:
        about, status = page.context(held, request.user), 422 if form.is_bound else 200
    except AWS_ERRORS:
        logger.exception("a reviewer is shown no picture")
        about, status = {"no_answer": NO_ANSWER}, 503
    last = decisions.last_of(request.user)
    standing = leases.standing(request.user)
    return _answer(request, "queue", {**about, "form": form, "last": last, "standing": standing}, status=status)


def _answer(request: HttpRequest, name: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    title = {"queue": "Review", "log": "Log of reviews"}[name]
    whole = {**admin.site.each_context(request), "title": title, **context}
    return TemplateResponse(request, f"review/{name}.html", whole, status=status)


@never_cache
@for_role(Role.REVIEWER)
@require_POST
def decide(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """As `verdict` says: approve, reject (with a reason) or later. With what is wrong with the reason, the same photo
    is shown again."""
    verdict = request.POST.get("verdict", "")
    if verdict == "reject":
        return _reject(request, case_id)
    verbs = {"approve": decisions.approve, "later": decisions.put_off}
    done = verdict in verbs and verbs[verdict](reviewer=request.user, case_id=case_id)
    return _go_on(request, done=done)


def _reject(request: HttpRequest, case_id: UUID) -> HttpResponse:
    form = RejectForm(request.POST)
    if not form.is_valid():
        held = _held(request, str(case_id))
        return _page(request, held, form) if held and held[0].pk == case_id else _go_on(request, done=False)
    reason, words = form.cleaned_data["reason"], form.cleaned_data["words"]
    return _go_on(request, done=decisions.reject(reviewer=request.user, case_id=case_id, reason=reason, words=words))


def _go_on(request: HttpRequest, *, done: bool) -> HttpResponse:
    if not done:
        messages.warning(request, NOT_THEIRS)
    return redirect("review:queue")


@never_cache
@for_role(Role.REVIEWER)
@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    case = decisions.undo(reviewer=request.user)
    if case is None:
        messages.warning(request, NOTHING_TO_UNDO)
        return redirect("review:queue")
    return redirect(f"{reverse('review:queue')}?at={case.pk}")


@never_cache
@for_role(Role.REVIEWER)
@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """Leave what is on the reviewer's screen to others."""
    leases.let_go(reviewer=request.user)
    return redirect("admin:index")


@never_cache
@for_role(Role.REVIEWER)
@require_safe
def log(request: HttpRequest) -> HttpResponse:
    before = request.GET.get("before", "")
    lines, more = entries.page(before=int(before) if re.fullmatch("[0-9]{1,18}", before) else None)
    return _answer(request, "log", {"lines": lines, "more": more, "is_first": not before})
