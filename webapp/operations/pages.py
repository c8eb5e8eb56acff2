"""What every page for operators has in common."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers


def page(request: HttpRequest, template: str, *, title: str, status: int = 200, **found: Any) -> HttpResponse:
    """A page of the admin that nobody keeps a copy of."""
    context = {**admin.site.each_context(request), "title": title, **found}
    response = TemplateResponse(request, f"operations/{template}.html", context, status=status)
    add_never_cache_headers(response)
    return response
