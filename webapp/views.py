"""The front door, and probes for whatever keeps the site running."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.core.exceptions import TooManyFilesSent
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos import catalog

from . import aws

logger = logging.getLogger(__name__)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What Shoebox is; for those who are signed in, their gallery."""
    if request.user.is_authenticated:
        return redirect("photos:gallery")
    return render(request, "home.html")


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """200 while the process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> JsonResponse:
    """200 when every part answers, else 503; the body says which part does not: {"database": true, "table": false}."""
    parts = {"database": _answers(_ask_database), "table": _answers(_ask_table)}
    return JsonResponse(parts, status=200 if all(parts.values()) else 503)


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:
    """What Django refuses to read, said in words; like the page of a 500 it needs nothing of the request."""
    context = {"too_many_files": isinstance(exception, TooManyFilesSent), "most_files": contract.MAX_BATCH}
    return HttpResponse(render_to_string("400.html", context), status=400)


def _answers(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except (DatabaseError, *aws.ERRORS) as error:
        logger.warning("not ready: %s", error)
        return False
    return True


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_table() -> None:
    catalog.probe()
