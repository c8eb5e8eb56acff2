"""The page of dead letters, among the photos of the admin: for staff who may change photos."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from webapp.photos import dead_letters
from webapp.photos.dead_letters import Outcome
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.letters import Letter
from webapp.photos.models import Photo

ADDRESS = "admin:photos_photo_dead_letters"
NO_ANSWER = "The queue of dead letters did not answer. Nothing is lost: letters are kept for 14 days. Try again later."
GOOD = (Outcome.RUNNING, Outcome.ENDED, Outcome.GONE, Outcome.DISCARDED)


@never_cache
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """List letters, or act on them; `context` is what every page of the admin needs."""
    if not request.user.has_perm("photos.change_photo"):
        raise PermissionDenied
    return _act(request) if request.method == "POST" else _show(request, context)


def _show(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    try:
        queue = dead_letters.look()
    except AWS_ERRORS:
        found: dict[str, Any] = {"no_answer": NO_ANSWER}
    else:
        found = {"letters": with_photos(queue.letters), "count": queue.count}
    return TemplateResponse(request, "admin/photos/photo/dead_letters.html", {**context, **found})


def with_photos(letters: list[Letter]) -> list[tuple[Letter, list[tuple[str, Photo | None]]]]:
    """Each letter with the keys that it names and the photos behind them, where there are some."""
    ids = {original.photo_id for letter in letters for original in letter.originals}
    photos = {photo.key: photo for photo in Photo.objects.filter(pk__in=ids).select_related("owner")}
    return [(letter, [(key, photos.get(key)) for key in letter.keys]) for letter in letters]


def _act(request: HttpRequest) -> HttpResponse:
    act = ACTS.get(request.POST.get("action", ""))
    try:
        for text, good in act(request.POST.get("letter", "")) if act else ():
            messages.add_message(request, messages.SUCCESS if good else messages.WARNING, text)
    except AWS_ERRORS:
        messages.error(request, NO_ANSWER)
    return redirect(ADDRESS)


Said = Iterator[tuple[str, bool]]


def _replay(message_id: str) -> Said:
    outcome = dead_letters.replay(message_id)
    yield outcome.value, outcome in GOOD


def _discard(message_id: str) -> Said:
    outcome = dead_letters.discard(message_id)
    yield outcome.value, outcome in GOOD


def _replay_all(_message_id: str) -> Said:
    outcomes = dead_letters.replay_all() or {Outcome.AWAY: 1}
    for outcome, count in outcomes.items():
        yield f"{count} × {outcome.value}", outcome in GOOD


ACTS: dict[str, Callable[[str], Said]] = {"replay": _replay, "discard": _discard, "replay_all": _replay_all}
